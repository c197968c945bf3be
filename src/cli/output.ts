/** Where Sidestep's own text goes, standard error or a file, and in which form: hits, warnings, the summary. */
import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';
import { messageOf, SidestepError } from '../base/errors';
import { type Disposable } from '../base/lifetime';
import { printable } from '../base/printable';
import { type ExportedSummary, HitLines, summaryLine, warningLine } from '../export/jsonLines';
import { type Hit } from '../session/probes/hitStream';
import { LineWriter } from './lineWriter';
import { TextFormat } from './textFormat';

const STANDARD_ERROR = 2;

export interface OutputOptions {
  readonly format: 'text' | 'json';
  /** A file, replaced; undefined: standard error. */
  readonly output: string | undefined;
  /** It can't be written any more; undefined: the reader is gone, which is not an error. */
  readonly onBroken: (error: SidestepError | undefined) => void;
}

export abstract class Output implements Disposable {
  protected readonly writer: LineWriter;

  constructor(
    readonly fd: number,
    { output, onBroken }: OutputOptions,
  ) {
    this.writer = new LineWriter(fd, (error) =>
      onBroken(error.code === 'EPIPE' ? undefined : unwritable(output ?? 'standard error', error)),
    );
  }

  /** Throws `file-unreadable` for a file that can't be written. */
  static open(options: OutputOptions): Output {
    const fd = options.output === undefined ? STANDARD_ERROR : openFile(options.output);
    return options.format === 'json' ? new JsonOutput(fd, options) : new TextOutput(fd, options);
  }

  abstract hit(hit: Hit): void;
  abstract warning(message: string): void;
  /** `elapsedMs`: how long the probes were armed. */
  abstract summary(summary: ExportedSummary, elapsedMs: number): void;

  dispose(): void {
    this.writer.flush();
    if (this.fd !== STANDARD_ERROR) closeSync(this.fd);
  }
}

class JsonOutput extends Output {
  readonly #hitLines = new HitLines();

  hit({ probe, pid, tid, timeNs, location, message }: Hit): void {
    this.writer.write(this.#hitLines.line({ probe: probe.id, pid, tid, timeNs, location, message }));
  }

  warning(message: string): void {
    this.writer.write(warningLine(message));
  }

  summary(summary: ExportedSummary): void {
    this.writer.write(summaryLine(summary));
  }
}

class TextOutput extends Output {
  readonly #format: TextFormat;

  constructor(fd: number, options: OutputOptions) {
    super(fd, options);
    this.#format = new TextFormat(isatty(fd));
  }

  hit({ thread, timeNs, location, printableMessage }: Hit): void {
    this.writer.write(this.#format.hit({ thread, timeNs, location, message: printableMessage }));
  }

  /** Always to standard error: people must see it, even if the hits go to a file. */
  warning(message: string): void {
    this.writer.flush();
    process.stderr.write(`sidestep: ${printable(message)}\n`);
  }

  summary(summary: ExportedSummary, elapsedMs: number): void {
    this.writer.write(this.#format.summary(summary, elapsedMs));
  }
}

/** Of a new file: what probes read of a program is for who ran it. */
const OWNER_ONLY = 0o600;

function openFile(path: string): number {
  try {
    return openSync(path, 'w', OWNER_ONLY);
  } catch (error) {
    throw unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): SidestepError {
  return new SidestepError('file-unreadable', `${path} can't be written: ${messageOf(error)}`, {
    place: { file: path },
    cause: error,
  });
}
