/** What can be said about a message or a condition before any program is there: whether its syntax is right. */
import { parseExpression } from '../expression/parser';
import { parseTemplate } from './template';

/** Throws `syntax`, with the range in the message. */
export function checkMessage(message: string): void {
  parseTemplate(message, { isOpen: true });
}

/** Throws `syntax`, with the range in the text. */
export function checkCondition(text: string): void {
  parseExpression(text, { isOpen: true });
}
