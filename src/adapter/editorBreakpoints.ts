/**
 * Breakpoints ⇄ probes. An editor sends all breakpoints of a file whenever one changes: unchanged ones keep their
 * probe, so they stay armed and keep counting; only the others are removed and added.
 */
import { basename } from 'node:path';
import { type DebugProtocol } from '@vscode/debugprotocol';
import { SidestepError } from '../base/errors';
import { printable } from '../base/printable';
import { relocating } from '../language/expression/diagnostics';
import { parseHitCondition } from '../language/probes/hitCondition';
import { parseLocation } from '../language/probes/location';
import { parseProbe } from '../language/probes/parse';
import { type ProbeSpec } from '../language/probes/spec';
import { type Probe } from '../session/probes/userProbe';
import { Sequence } from '../session/processes/sequence';
import { type Session } from '../session/session';
import { type Client } from './protocol/connection';
import { fullText } from './protocol/errors';
import { type Lines } from './protocol/lineNumbering';
import { toSource } from './protocol/sources';

/** What the user asked for, the same for line and function breakpoints. */
interface Wanted {
  /** Equal for breakpoints that are the same. */
  readonly key: string;
  readonly text: string;
  /** Throws what is wrong with how it was written. */
  readonly probe: () => Pick<ProbeSpec, 'location' | 'message' | 'condition'>;
  readonly source: DebugProtocol.Source | undefined;
  readonly line: number | undefined;
  readonly hitCondition: string | undefined;
}

interface Placed {
  readonly id: number;
  readonly wanted: Wanted;
  /** The probe, or why there is none. */
  readonly probe: Probe | SidestepError;
}

/** The group of function breakpoints; files have their paths. */
const FUNCTIONS = '';

export class EditorBreakpoints {
  readonly #session: Session;
  readonly #client: Client;
  readonly #lines: Lines;
  readonly #groups = new Map<string, readonly Placed[]>();
  readonly #sequence = new Sequence();
  readonly #warned = new Set<string>();
  readonly #onRemoved: (probe: Probe) => void;
  #lastId = 0;

  /** `onRemoved` gets each removed probe. */
  constructor(session: Session, client: Client, lines: Lines, onRemoved: (probe: Probe) => void) {
    this.#session = session;
    this.#client = client;
    this.#lines = lines;
    this.#onRemoved = onRemoved;
    session.onProbeChanged((probe) => this.#announce(probe));
  }

  /** All breakpoints of one file. */
  setInSource({
    source,
    breakpoints = [],
  }: DebugProtocol.SetBreakpointsArguments): Promise<DebugProtocol.Breakpoint[]> {
    const { path } = source;
    if (path === undefined) {
      throw new SidestepError('unknown-file', 'a breakpoint needs a source file with a path');
    }
    const wanted = breakpoints.map((breakpoint): Wanted => {
      const line = this.#lines.fromClient(breakpoint.line);
      const { logMessage, condition, hitCondition } = breakpoint;
      return {
        key: JSON.stringify([line, breakpoint.column, logMessage, condition, hitCondition]),
        text: `${basename(path)}:${line}`,
        probe: () => {
          if (line < 1) throw new SidestepError('no-code', `there is no line ${breakpoint.line}`);
          const of = { kind: 'line', file: path, line } as const;
          const texts = {
            ...(isGiven(logMessage) && { message: logMessage }),
            ...(isGiven(condition) && { condition }),
          };
          return { location: isAboutReturns(texts) ? { kind: 'return', of } : of, ...texts };
        },
        source: toSource(path),
        line,
        hitCondition,
      };
    });
    return this.#set(path, wanted);
  }

  /** All function breakpoints. A name may be anything that can follow `log` in a `.probes` file. */
  setOnFunctions({ breakpoints }: DebugProtocol.SetFunctionBreakpointsArguments): Promise<DebugProtocol.Breakpoint[]> {
    const wanted = breakpoints.map(({ name, condition, hitCondition }): Wanted => ({
      key: JSON.stringify([name, condition, hitCondition]),
      text: name,
      probe: () => ({ ...readName(name), ...(isGiven(condition) && { condition }) }),
      source: undefined,
      line: undefined,
      hitCondition,
    }));
    return this.#set(FUNCTIONS, wanted);
  }

  #set(group: string, wanted: readonly Wanted[]): Promise<DebugProtocol.Breakpoint[]> {
    return this.#sequence.run(async () => {
      const old = [...(this.#groups.get(group) ?? [])];
      const kept = wanted.map((one) => {
        const at = old.findIndex((placed) => placed.wanted.key === one.key);
        return at < 0 ? undefined : old.splice(at, 1)[0];
      });
      for (const { probe } of old) if (!(probe instanceof SidestepError)) await this.#remove(probe);
      const placed: Placed[] = [];
      for (const [index, one] of wanted.entries()) placed.push(kept[index] ?? (await this.#place(one)));
      this.#groups.set(group, placed);
      return placed.map((one) => this.#toBreakpoint(one));
    });
  }

  async #place(wanted: Wanted): Promise<Placed> {
    const id = ++this.#lastId;
    const spec = readSpec(wanted);
    if (spec instanceof SidestepError) return { id, wanted, probe: spec };
    const probe = await this.#session.addProbe(spec);
    this.#warn(probe);
    return { id, wanted, probe };
  }

  async #remove(probe: Probe): Promise<void> {
    await this.#session.removeProbe(probe);
    this.#onRemoved(probe);
  }

  #announce(probe: Probe): void {
    for (const placed of [...this.#groups.values()].flat()) {
      if (placed.probe !== probe) continue;
      this.#warn(probe);
      this.#client.emit('breakpoint', { reason: 'changed', breakpoint: this.#toBreakpoint(placed) });
    }
  }

  /** Each thing is said once, however many breakpoints it is about. */
  #warn(probe: Probe): void {
    for (const warning of probe.warnings) {
      if (this.#warned.has(warning)) continue;
      this.#warned.add(warning);
      this.#client.emit('output', { category: 'console', output: `${printable(warning)}\n` });
    }
  }

  /**
   * What is missing may be in code that is still to come; and a source file may have another name where the program was
   * built.
   */
  #explain({ state }: Probe, error: SidestepError): string {
    const text = fullText(error);
    if (error.advice !== undefined) return text;
    const hints = [
      ...(state === 'pending' && this.#session.mayLoadCode ? ['A library that is loaded later may have it.'] : []),
      ...(error.code === 'unknown-file' ? ['If the program was built elsewhere, set sourceMap.'] : []),
    ];
    return hints.length === 0 ? text : `${text}. ${hints.join(' ')}`;
  }

  #toBreakpoint({ id, wanted, probe }: Placed): DebugProtocol.Breakpoint {
    if (probe instanceof SidestepError) return { id, verified: false, reason: 'failed', message: fullText(probe) };
    const verified = probe.state === 'armed';
    const said = probe.isPattern ? [placesText(probe), ...probe.warnings] : probe.warnings;
    const message = verified ? printable(said.join('. ')) : probe.error && this.#explain(probe, probe.error);
    // None of many is the one.
    const site = probe.isPattern ? undefined : probe.sites[0];
    const source = wanted.source ?? (site?.location.file === undefined ? undefined : toSource(site.location.file));
    const line = probe.line ?? wanted.line ?? site?.location.line;
    return {
      id,
      verified,
      ...(!verified && { reason: probe.state === 'pending' ? ('pending' as const) : ('failed' as const) }),
      ...(message && { message }),
      ...(source && { source }),
      ...(line !== undefined && { line: this.#lines.toClient(line) }),
    };
  }
}

function placesText({ sites }: Probe): string {
  return `${sites.length} ${sites.length === 1 ? 'site' : 'sites'}`;
}

/** The probe that a breakpoint means, or what is wrong with how it was written. */
function readSpec({ probe, text, hitCondition }: Wanted): ProbeSpec | SidestepError {
  try {
    return {
      kind: 'log',
      text,
      ...probe(),
      ...(isGiven(hitCondition) && { hits: parseHitCondition(hitCondition) }),
    };
  } catch (error) {
    if (error instanceof SidestepError) return error;
    throw error;
  }
}

/** A location, or one with the message to log there: editors have no field for the message of a function breakpoint. */
function readName(name: string): Pick<ProbeSpec, 'location' | 'message'> {
  if (!/\S\s+".*"\s*$/.test(name)) return { location: parseLocation(name) };
  const { location, message } = relocating(
    ({ start, end }) => ({ range: { start: start - LOG.length, end: end - LOG.length } }),
    () => parseProbe(LOG + name),
  );
  return { location, ...(message !== undefined && { message }) };
}

const LOG = 'log ';

/** Whether a logpoint asks for what is known only where its function returns. */
function isAboutReturns({ message = '', condition = '' }: Pick<ProbeSpec, 'message' | 'condition'>): boolean {
  return /\{[^{}]*\$(?:return|duration)\b/.test(`${message} {${condition}}`);
}

/** Editors send empty texts for fields that were cleared. */
function isGiven(text: string | undefined): text is string {
  return text !== undefined && text.trim() !== '';
}
