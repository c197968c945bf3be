/** An error as it crosses the pipe: what the engine could not do, and why. */
import { type ErrorCode, type ErrorPlace, SidestepError } from '../base/errors';

export interface EngineFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly advice?: string;
  readonly place?: ErrorPlace;
}

export function toFailure({ code, message, advice, place }: SidestepError): EngineFailure {
  return { code, message, ...(advice !== undefined && { advice }), ...(place && { place }) };
}

export function toError({ code, message, ...details }: EngineFailure): SidestepError {
  return new SidestepError(code, message, details);
}
