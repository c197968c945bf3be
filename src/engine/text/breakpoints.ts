/**
 * Breakpoints: one address of one address space where INT3 stands, or stood. Arming and disarming write one byte and
 * stop no thread.
 *
 * A breakpoint is never forgotten while its memory lives. A thread can have executed the INT3 whose trap is reported
 * only after the byte is gone; what tells that trap from the program's own is that a breakpoint was there.
 */
import { hex } from '../../base/address';
import { SidestepError } from '../../base/errors';
import { type Mapping } from '../../contract/messages';
import { type Ledger } from '../tracing/ledger';
import { isArmedText } from './armedText';
import { addressesOf } from '../tracees/probeOrigin';
import { byteOfFile } from './fileText';
import { INT3, PAGE_BYTES } from '../../base/x86';
import { mappingAt } from '../linux/mappingAt';
import { errnoText } from '../linux/errno';
import { readMappings } from '../linux/proc';
import { type Events } from '../client/events';
import { type Site } from '../tracees/tracees';
import { AddressSpace, Breakpoint, WITNESS_BYTES, type Process } from '../tracees/tracees';
import { type TextWriter } from './textWriter';

/** In the place of an errno: INT3 does not stand there. */
const ABSENT = -1;

/**
 * How often a byte in the wrong text is repaired while the program keeps mapping other text there. Each round follows
 * the program's own mmap; a program that still maps after these is reported instead.
 */
const UNDO_ROUNDS = 100;

/** A forked child's breakpoint, and the one of its parent that it is a copy of. */
export interface Inherited {
  readonly own: Breakpoint;
  readonly parents: Breakpoint;
}

export class Breakpoints {
  readonly #writer: TextWriter;
  readonly #ledger: Ledger;
  readonly #events: Events;

  constructor(writer: TextWriter, ledger: Ledger, events: Events) {
    this.#writer = writer;
    this.#ledger = ledger;
    this.#events = events;
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

  /**
   * Adds a site, and writes the INT3 if it is the first at its address. Throws `memory-unreachable`, and `text-differs`
   * if memory is not what it was a moment ago: the program may map something else there at any time. Memory whose
   * process has ended is no error.
   */
  add(space: AddressSpace, site: Site): void {
    const { breakpoint } = site;
    if (!breakpoint.armed && breakpoint.asides === 0) {
      if (this.#differs(space, breakpoint, breakpoint.original)) throw changing(breakpoint);
      // Known before it is armed: a thread that runs into an INT3 in other text is rewound.
      space.breakpoints.set(breakpoint.address, breakpoint);
      this.#note(space, breakpoint);
      const failure = this.#writer.write(space, breakpoint.address, INT3);
      if (failure !== 0) {
        breakpoint.record?.disarm();
        throw unwritable(breakpoint.address, failure);
      }
      if (this.#differs(space, breakpoint, INT3)) {
        this.#undo(site.process, breakpoint.address, INT3);
        breakpoint.record?.disarm();
        throw changing(breakpoint);
      }
    }
    space.breakpoints.set(breakpoint.address, breakpoint);
    breakpoint.sites.push(site);
    this.#isDone(space, breakpoint);
  }

  /**
   * Removes a site, and restores the byte if it was the last one at its address. `mappings`: the current memory map,
   * for a byte that has moved.
   */
  remove(space: AddressSpace, site: Site, mappings: () => readonly Mapping[]): void {
    const { breakpoint } = site;
    const at = breakpoint.sites.indexOf(site);
    if (at < 0) return;
    breakpoint.sites.splice(at, 1);
    if (breakpoint.armed || breakpoint.asides > 0) return;
    const failure = this.#restore(space, breakpoint);
    if (failure === ABSENT) this.restoreMoved(site, mappings());
    else if (failure !== 0) this.#leave(site, breakpoint.address, failure);
    else if (!this.#untouched(space, breakpoint, breakpoint.original)) {
      this.#undo(site.process, breakpoint.address, breakpoint.original);
    }
    if (!breakpoint.stuck) breakpoint.record?.disarm();
  }

  /** Takes all sites of a breakpoint away that stands no more, and says why. */
  abandon(breakpoint: Breakpoint, reason: string): void {
    for (const { id } of breakpoint.sites.splice(0)) this.#events.say({ event: 'siteGone', site: id, reason });
    if (!breakpoint.armed) breakpoint.record?.disarm();
  }

  /** Retries the INT3s that could not be removed. False: some of them remain. */
  restoreLeftovers(space: AddressSpace): boolean {
    for (const [where, breakpoint] of space.leftovers) {
      const failure = this.#restore(space, breakpoint, undefined, where);
      if (failure === 0 || failure === ABSENT) this.#isDone(space, breakpoint, where);
    }
    return space.leftovers.size === 0;
  }

  /** Whether INT3 still stands in the same text; also true while a thread steps aside there. */
  stands(space: AddressSpace, breakpoint: Breakpoint): boolean {
    return breakpoint.asides > 0 || this.#untouched(space, breakpoint, INT3);
  }

  /** Puts the byte back where the program has moved it to (mremap(2)). */
  restoreMoved(site: Site, mappings: readonly Mapping[]): void {
    const { space, breakpoint } = site;
    for (const address of addressesOf(breakpoint.origin, mappings)) {
      if (space.breakpoints.get(address)?.armed) continue;
      const failure = this.#restore(space, breakpoint, undefined, address);
      if (failure !== 0 && failure !== ABSENT) this.#leave(site, address, failure);
    }
  }

  /**
   * Restores the byte in text that the program has moved or copied with an INT3 in it, where `tid` has arrived: page by
   * page, as text is moved into huge pages. False if that INT3 is not the engine's. If the byte can't be restored, the
   * thread arrives again.
   */
  restoreCopy(space: AddressSpace, address: number, tid: number): boolean {
    for (const breakpoint of space.breakpoints.values()) {
      if (breakpoint.address % PAGE_BYTES !== address % PAGE_BYTES) continue;
      if (this.#restore(space, breakpoint, tid, address) !== ABSENT) return true;
    }
    return false;
  }

  /**
   * Takes the byte out while one thread runs the instruction itself; `tid` is stopped. Returns 0 or an errno, and then
   * it was not.
   */
  withdraw(space: AddressSpace, breakpoint: Breakpoint, tid: number): number {
    if (breakpoint.asides === 0 && breakpoint.armed) {
      const failure = this.#restore(space, breakpoint, tid);
      if (failure !== 0 && failure !== ABSENT) return failure;
      if (breakpoint.stuck) this.#isDone(space, breakpoint);
    }
    breakpoint.asides++;
    return 0;
  }

  /** The end of {@link withdraw}. */
  reinsert(space: AddressSpace, breakpoint: Breakpoint, tid: number): void {
    if (--breakpoint.asides > 0 || !breakpoint.armed) return;
    const { address, original } = breakpoint;
    if (!this.#untouched(space, breakpoint, original)) return;
    const failure = this.#writer.write(space, address, INT3, tid);
    if (failure !== 0)
      this.abandon(breakpoint, `the probe could not be set again: ${unwritable(address, failure).message}`);
  }

  /**
   * Puts the original bytes into memory that a fork copied: `copy` has the parent's breakpoints and the child's memory.
   * Breakpoints that went after the fork still stand in it. `tid` is the stopped child. Throws `memory-unreachable`.
   */
  cleanCopy(copy: AddressSpace, tid: number): void {
    for (const breakpoint of copy.breakpoints.values()) {
      const failure = this.#restore(copy, breakpoint, tid);
      if (failure !== 0 && failure !== ABSENT) throw unwritable(breakpoint.address, failure);
    }
  }

  /**
   * Gives a forked copy the parent's breakpoints as they are now. Those removed after the fork are removed from the
   * copy; those added after it, or whose byte was out for a moment, are written. Where the copy has other code, because
   * the parent's was mapped since, there is none. Returns the armed ones with the parent's. `tid` is the stopped child.
   * Throws `memory-unreachable`: the child can't be followed.
   */
  inherit(parent: AddressSpace, child: AddressSpace, tid: number): readonly Inherited[] {
    const copy = new AddressSpace(child.memory, parent.breakpoints);
    const inherited: Inherited[] = [];
    for (const breakpoint of parent.breakpoints.values()) {
      const { address, text, displaced, origin, original } = breakpoint;
      const own = new Breakpoint(address, text, displaced, origin);
      child.breakpoints.set(address, own);
      if (breakpoint.sites.length === 0) {
        const failure = this.#restore(copy, breakpoint, tid);
        if (failure !== 0 && failure !== ABSENT) throw unwritable(address, failure);
        continue;
      }
      if (!this.#untouched(copy, breakpoint, INT3)) {
        if (!this.#untouched(copy, breakpoint, original)) continue;
        const failure = this.#writer.write(copy, address, INT3, tid);
        if (failure !== 0) throw unwritable(address, failure);
      }
      this.#note(child, own);
      inherited.push({ own, parents: breakpoint });
    }
    return inherited;
  }

  /**
   * The program has mapped other text over ours between a look at it and the writing of `byte`, which went into that
   * text: it gets there what its file has.
   */
  #undo(process: Process, address: number, byte: number): void {
    const { space } = process;
    const written = new Set([byte]);
    for (let round = 0; round < UNDO_ROUNDS; round++) {
      const mapping = mappingAt(process.ask(readMappings) ?? [], BigInt(address));
      const original = process.ask((tid) => byteOfFile(tid, mapping, address));
      const now = space.memory.read(address, 1)[0];
      if (original === undefined || now === undefined || now === original || !written.has(now)) return;
      if (this.#writer.write(space, address, original) === 0) written.add(original);
    }
  }

  /**
   * Writes the original byte, there or at `where`, but only where INT3 stands in the very text it was put into: the
   * mapping may be another by now. Returns 0, an errno, or {@link ABSENT}.
   */
  #restore(space: AddressSpace, breakpoint: Breakpoint, tid?: number, where = breakpoint.address): number {
    if (!this.#untouched(space, breakpoint, INT3, where)) return ABSENT;
    return this.#writer.write(space, where, breakpoint.original, tid);
  }

  /** An INT3 that could not be removed, without sites. */
  #leave({ process, space, breakpoint }: Site, where: number, failure: number): void {
    space.leftovers.set(where, breakpoint);
    if (where === breakpoint.address) breakpoint.stuck = true;
    const { message } = unwritable(where, failure);
    this.#events.warn(
      `a probe could not be removed: ${message}; threads pass it uncounted, and Sidestep keeps trying`,
      process,
    );
  }

  /** The opposite of {@link #leave}. */
  #isDone(space: AddressSpace, breakpoint: Breakpoint, where = breakpoint.address): void {
    space.leftovers.delete(where);
    if (where !== breakpoint.address) return;
    breakpoint.stuck = false;
    if (!breakpoint.armed) breakpoint.record?.disarm();
  }

  /** Memory that is gone with its process does not differ: nothing can be wrong in it any more. */
  #differs(space: AddressSpace, breakpoint: Breakpoint, first: number): boolean {
    return !this.#untouched(space, breakpoint, first) && !space.memory.ended;
  }

  /** INT3 is about to stand there: from now on the guardian can restore the byte. */
  #note({ memory }: AddressSpace, breakpoint: Breakpoint): void {
    const { address, text, displaced } = breakpoint;
    if (memory.descriptor < 0) return;
    breakpoint.record ??= this.#ledger.breakpoint(address, text, memory.descriptor, displaced.length);
    breakpoint.record?.arm();
  }

  /** Whether memory there, or at `where`, is the text that was armed, with `first` as its first byte. */
  #untouched(space: AddressSpace, breakpoint: Breakpoint, first: number, where = breakpoint.address): boolean {
    const { address, text } = breakpoint;
    const now = space.memory.read(where, text.length);
    // A forked copy may also contain breakpoints that are already removed here.
    return isArmedText(now, text, first, (distance) => space.breakpoints.get(address + distance) !== undefined);
  }
}

function changing({ address }: Breakpoint): SidestepError {
  return new SidestepError('text-differs', `the program is changing the code at ${hex(BigInt(address))}`, {
    advice: 'Set the probe again.',
  });
}

function unwritable(address: number, failure: number): SidestepError {
  return new SidestepError('memory-unreachable', `can't write to ${hex(BigInt(address))}: ${errnoText(failure)}`);
}
