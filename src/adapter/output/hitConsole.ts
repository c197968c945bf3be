/**
 * Hits → Debug Console. A probe can be hit a hundred thousand times a second; a person reads ten lines. Hits are
 * collected for a moment and of each probe only the first few of that moment are rendered and shown, followed by how
 * many were not. Counts stay exact.
 */
import { type Disposable } from '../../base/lifetime';
import { printableName } from '../../base/printable';
import { type DebugProtocol } from '@vscode/debugprotocol';
import { type Hit } from '../../session/probes/hitStream';
import { type Probe, type SiteLocation } from '../../session/probes/userProbe';
import { type MessageValues } from './messageValues';
import { type Client } from '../protocol/connection';
import { type Lines } from '../protocol/lineNumbering';
import { toSource } from '../protocol/sources';

/** How long hits are collected. */
const BATCH_MS = 100;
/** How many hits of one probe are shown in that time. */
const SHOWN_PER_BATCH = 50;

/** What is shown of a hit. */
type ShownHit = Pick<Hit, 'probe' | 'location' | 'unfold' | 'child'>;

interface Shown {
  readonly output: string;
  readonly location: SiteLocation;
  /** To its values; undefined where nothing of them unfolds. */
  readonly reference: number | undefined;
}

interface Tally {
  /** In this batch. */
  shown: number;
  notShown: number;
  /** Since the probe was placed. */
  shownInAll: number;
  inAll: number;
  /** Of the last hit in this batch. */
  location: SiteLocation;
}

export class HitConsole implements Disposable {
  readonly #client: Client;
  readonly #lines: Lines;
  readonly #tallies = new Map<Probe, Tally>();
  readonly #values: MessageValues;
  readonly #batch: Shown[] = [];
  #batchStart = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: Client, lines: Lines, values: MessageValues) {
    this.#client = client;
    this.#lines = lines;
    this.#values = values;
  }

  take(hit: ShownHit): void {
    if (this.#timer === undefined) {
      this.#batchStart = performance.now();
      this.#timer = setTimeout(() => this.flush(), BATCH_MS);
    }
    const tally = this.#tallyOf(hit);
    tally.inAll++;
    tally.location = hit.location;
    if (tally.shown < SHOWN_PER_BATCH) {
      tally.shown++;
      tally.shownInAll++;
      const prefix = hit.child === undefined ? '' : `${printableName(hit.child)}: `;
      const message = hit.unfold();
      const reference = this.#values.keep(message);
      this.#batch.push({ output: `${prefix}${message.text}\n`, location: hit.location, reference });
    } else {
      tally.notShown++;
    }
  }

  /** How many hits of a probe were shown. */
  shown(probe: Probe): number {
    return this.#tallies.get(probe)?.shownInAll ?? 0;
  }

  forget(probe: Probe): void {
    this.#tallies.delete(probe);
  }

  /** Shows what was collected until now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { output, location, reference } of this.#batch) {
      this.#client.emit('output', {
        ...this.#output(output, location),
        ...(reference !== undefined && { variablesReference: reference }),
      });
    }
    this.#batch.length = 0;
    const seconds = Math.max(0.1, (performance.now() - this.#batchStart) / 1000).toFixed(1);
    for (const tally of this.#tallies.values()) {
      if (tally.notShown > 0) {
        const more = `… ${count(tally.notShown)} more hits of this logpoint in the last ${seconds} s not shown; ${count(tally.inAll)} in all\n`;
        this.#client.emit('output', this.#output(more, tally.location));
      }
      tally.shown = 0;
      tally.notShown = 0;
    }
  }

  dispose(): void {
    clearTimeout(this.#timer);
  }

  #tallyOf(hit: ShownHit): Tally {
    let tally = this.#tallies.get(hit.probe);
    if (!tally) {
      tally = { shown: 0, notShown: 0, shownInAll: 0, inAll: 0, location: hit.location };
      this.#tallies.set(hit.probe, tally);
    }
    return tally;
  }

  #output(output: string, { file, line }: SiteLocation): DebugProtocol.OutputEvent['body'] {
    return {
      category: 'console',
      output,
      ...(file !== undefined && { source: toSource(file) }),
      ...(line !== undefined && { line: this.#lines.toClient(line) }),
    };
  }
}

/** `60,000`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}
