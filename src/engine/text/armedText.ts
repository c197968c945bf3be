/**
 * Whether memory still holds the text that a breakpoint was put into, which the program may have replaced at any time.
 */
import { INT3 } from '../../base/x86';

/**
 * `now`: what is there; `text`: what was, without any INT3; `first`: the byte that is to be in the place of the text's
 * first one. The text that follows may hold breakpoints of its own: `standsAt` says whether one is, or was, so many
 * bytes further on.
 */
export function isArmedText(
  now: Uint8Array,
  text: Uint8Array,
  first: number,
  standsAt: (distance: number) => boolean,
): boolean {
  if (now.length !== text.length || now[0] !== first) return false;
  for (let at = 1; at < now.length; at++) {
    if (now[at] !== text[at] && !(now[at] === INT3 && standsAt(at))) return false;
  }
  return true;
}
