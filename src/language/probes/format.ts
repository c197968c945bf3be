/** Probes as canonical `.probes` text: what {@link parseProbe} reads back as the same probe. */
import { formatHitCondition } from './hitCondition';
import { bareLocationEnd, formatLocation } from './location';
import { quote } from './quoted';
import { type ProbeLocation, type ProbeSpec } from './spec';

export function formatProbe(spec: Omit<ProbeSpec, 'text'>): string {
  const parts: string[] = [spec.kind, locationText(spec.location)];
  if (spec.message !== undefined) parts.push(quote(spec.message));
  if (spec.condition !== undefined) parts.push(`if ${spec.condition}`);
  if (spec.hits !== undefined) parts.push(`hits ${formatHitCondition(spec.hits)}`);
  return parts.join(' ');
}

function locationText(location: ProbeLocation): string {
  if (location.kind === 'return') return `return ${locationText(location.of)}`;
  const text = formatLocation(location);
  return isBare(text) ? text : quote(text);
}

/** Whether a line can hold the location without quotes: it reaches to the next space. */
function isBare(text: string): boolean {
  if (/^["#]/.test(text)) return false;
  try {
    return bareLocationEnd(text, 0) === text.length && bareLocationEnd(`${text} x`, 0) === text.length;
  } catch {
    return false;
  }
}
