/**
 * Breakpoints: one address of one address space where INT3 stands, or stood. Arming and disarming write one byte and stop no thread.
 *
 * A breakpoint is never forgotten while its memory lives. A thread can have executed the INT3 whose trap is reported only after the
 * byte is gone; what tells that trap from the program's own is that a breakpoint was there.
 */
import { type Prepared } from '../../emulator/emulator';
import { UserRegister } from '../../emulator/state';
import { type Site } from './probes';
import { type AddressSpace } from '../tasks/tasks';
import { type TextWriter } from './textWriter';

export const INT3 = 0xcc;

/** How many bytes around an instruction say whether memory still is what it was; more than the longest instruction. */
const WITNESS_BYTES = 16;

/** The instruction under a breakpoint: whatever is refused has none. */
export type Displaced = Exclude<Prepared, { readonly execution: 'refused' }>;

export class Breakpoint {
  /** In the order in which they were armed. Empty: the byte was put back. */
  readonly sites: Site[] = [];
  /** Threads that run the displaced instruction themselves; the byte is out while there are any. */
  asides = 0;
  /** Registers that emulating the displaced instruction may change, as offsets in user_regs_struct. */
  readonly changed: readonly number[];

  constructor(
    readonly address: number,
    /** The text from the address on, without any INT3: up to {@link WITNESS_BYTES}. */
    readonly text: Uint8Array,
    readonly displaced: Displaced,
  ) {
    this.changed = displaced.writes.map((name) => UserRegister[name]);
  }

  get armed(): boolean {
    return this.sites.length > 0;
  }

  /** The byte that INT3 displaces. */
  get original(): number {
    return this.text[0]!;
  }
}

export class Breakpoints {
  readonly #writer: TextWriter;

  constructor(writer: TextWriter) {
    this.#writer = writer;
  }

  /** Memory as the program's file has it: up to `length` bytes, with the displaced bytes in the place of every INT3. */
  originalText(space: AddressSpace, address: number, length = WITNESS_BYTES): Uint8Array {
    const text = space.memory.read(address, length);
    for (let at = 0; at < text.length; at++) {
      const breakpoint = space.breakpoints.get(address + at);
      if (text[at] === INT3 && breakpoint?.armed) text[at] = breakpoint.original;
    }
    return text;
  }

  /** Adds a site, and writes the INT3 if it is the first at its address. Throws `memory-unreachable`. */
  add(space: AddressSpace, site: Site): void {
    const { breakpoint } = site;
    if (!breakpoint.armed && breakpoint.asides === 0) this.#writer.write(space, breakpoint.address, INT3);
    space.breakpoints.set(breakpoint.address, breakpoint);
    breakpoint.sites.push(site);
  }

  /** Takes a site away, and puts the byte back if it was the last at its address. */
  remove(space: AddressSpace, site: Site): void {
    const { breakpoint } = site;
    const at = breakpoint.sites.indexOf(site);
    if (at < 0) return;
    breakpoint.sites.splice(at, 1);
    if (!breakpoint.armed && breakpoint.asides === 0) this.#restore(space, breakpoint);
  }

  /** Takes the byte out while one thread runs the instruction itself; `tid` is stopped. */
  lift(space: AddressSpace, breakpoint: Breakpoint, tid: number): void {
    if (breakpoint.asides++ === 0 && breakpoint.armed) this.#restore(space, breakpoint, tid);
  }

  /** The end of {@link lift}. */
  lower(space: AddressSpace, breakpoint: Breakpoint, tid: number): void {
    if (--breakpoint.asides === 0 && breakpoint.armed && this.#untouched(space, breakpoint, breakpoint.original)) {
      this.#writer.write(space, breakpoint.address, INT3, tid);
    }
  }

  /**
   * Puts the original bytes into memory that a fork copied: `copy` has the parent's breakpoints and the child's memory. Breakpoints
   * that went after the fork still stand in it. `tid` is the stopped child.
   */
  cleanCopy(copy: AddressSpace, tid: number): void {
    for (const breakpoint of copy.breakpoints.values()) this.#restore(copy, breakpoint, tid);
  }

  /** Writes the original byte, but only where INT3 stands in the very text it was put into: the mapping may be another by now. */
  #restore(space: AddressSpace, breakpoint: Breakpoint, tid?: number): void {
    if (this.#untouched(space, breakpoint, INT3)) {
      this.#writer.write(space, breakpoint.address, breakpoint.original, tid);
    }
  }

  /** Whether memory there is the text that was armed, with `first` as its first byte. */
  #untouched(space: AddressSpace, breakpoint: Breakpoint, first: number): boolean {
    const { address, text } = breakpoint;
    const now = space.memory.read(address, text.length);
    if (now.length !== text.length || now[0] !== first) return false;
    for (let at = 1; at < now.length; at++) {
      if (now[at] === text[at]) continue;
      // The text that follows may hold breakpoints of its own, in a copy also such that are gone.
      if (now[at] !== INT3 || space.breakpoints.get(address + at) === undefined) return false;
    }
    return true;
  }
}
