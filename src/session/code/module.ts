/**
 * Modules: the ELF files whose code is mapped into a process. The dynamic linker maps a file's segments one after
 * another, from its first byte upwards (elf(5), PT_LOAD), so a module is a run of mappings of one file with rising
 * offsets; the same file mapped twice (dlmopen(3)) is two modules.
 */
import { closeSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { assertExists } from '../../base/assert';
import { address, fileOffset, type Address, type LinkAddress, relocate, unrelocate } from '../../base/address';
import { SidestepError } from '../../base/errors';
import { openRegularFile } from '../../base/regularFile';
import { type Mapping } from '../../contract/messages';
import { type ImageCache, type ModuleImage } from './images';

/** Who is asked for the image, and in which process the file is seen. */
export interface ModuleOrigin {
  readonly pid: number;
  readonly images: ImageCache;
}

export class Module {
  /** As the process sees it. */
  readonly path: string;
  readonly start: Address;
  /** The address after its last byte. */
  readonly end: Address;
  /** Whether it is the executable of its process, not one of its libraries. */
  readonly isProgram: boolean;
  readonly #executable: readonly Mapping[];
  /** The first of them. */
  readonly #code: Mapping;
  readonly #origin: ModuleOrigin;
  /** What {@link mentions} found: a file's code does not change while it is mapped. */
  readonly #mentioned = new Map<readonly string[], boolean>();
  #opened: { readonly image: ModuleImage; readonly bias: bigint } | SidestepError | undefined;

  /** `mappings`: of one file, in address order, one of them executable. `entry`: the program's AT_ENTRY. */
  constructor(mappings: readonly Mapping[], entry: Address, origin: ModuleOrigin) {
    const { path, start, end } = assertExists(mappings[0], 'mapping of a module');
    this.path = path;
    this.start = start;
    this.end = mappings.at(-1)?.end ?? end;
    this.#executable = mappings.filter((mapping) => mapping.executable);
    this.#code = assertExists(this.#executable[0], 'executable mapping of a module');
    this.isProgram = this.#executable.some((mapping) => mapping.start <= entry && entry < mapping.end);
    this.#origin = origin;
  }

  get name(): string {
    return basename(this.path);
  }

  /** The file, opened when first asked for. Throws a SidestepError, the same each time, when it can't be read. */
  get image(): ModuleImage {
    return this.#open().image;
  }

  /** Run-time address − link-time address. Throws as {@link image} does. */
  get bias(): bigint {
    return this.#open().bias;
  }

  /** The image, or undefined when the file can't be read: {@link problem} says why. */
  get readableImage(): ModuleImage | undefined {
    return this.problem === undefined ? this.image : undefined;
  }

  get problem(): SidestepError | undefined {
    try {
      this.#open();
      return undefined;
    } catch (error) {
      if (error instanceof SidestepError) return error;
      throw error;
    }
  }

  contains(run: Address): boolean {
    return this.#executable.some((mapping) => mapping.start <= run && run < mapping.end);
  }

  toRun(link: LinkAddress): Address {
    return relocate(link, this.bias);
  }

  toLink(run: Address): LinkAddress {
    return unrelocate(run, this.bias);
  }

  /** Identifies the module among those of its process, before and after a change of what is mapped. */
  get key(): string {
    const { device, inode, start } = this.#code;
    return `${device}:${inode}@${start}`;
  }

  /**
   * Whether one of these texts is in the file; of a list, which must stay the same, it is found once. What can't be
   * read is taken to have them.
   */
  mentions(texts: readonly string[]): boolean {
    let answer = this.#mentioned.get(texts);
    if (answer === undefined) {
      answer = this.#hasAny(texts);
      this.#mentioned.set(texts, answer);
    }
    return answer;
  }

  #hasAny(texts: readonly string[]): boolean {
    try {
      const { descriptor } = openRegularFile(`/proc/${this.#origin.pid}/root${this.path}`);
      try {
        const bytes = readFileSync(descriptor);
        return texts.some((text) => bytes.includes(text));
      } finally {
        closeSync(descriptor);
      }
    } catch {
      // Deleted, or not ours to read.
      return true;
    }
  }

  #open(): { readonly image: ModuleImage; readonly bias: bigint } {
    this.#opened ??= this.#tryOpen();
    if (this.#opened instanceof SidestepError) throw this.#opened;
    return this.#opened;
  }

  #tryOpen(): { readonly image: ModuleImage; readonly bias: bigint } | SidestepError {
    const code = this.#code;
    try {
      const image = this.#origin.images.open(code, this.#origin.pid, this.isProgram);
      const link = image.codeAddressOfOffset(fileOffset(code.offset));
      if (link === undefined) {
        return new SidestepError(
          'malformed',
          `${this.path} has no segment for its code at file offset ${code.offset}`,
          {
            place: { file: this.path, offset: code.offset },
            advice: 'The file was probably replaced while the program was running: restart the program.',
          },
        );
      }
      return { image, bias: code.start - link };
    } catch (error) {
      if (error instanceof SidestepError) return error;
      throw error;
    }
  }
}

/**
 * The modules that a process's mappings make, in address order. Data files, and mappings without a file (heap, stack,
 * vDSO, generated code), are not modules.
 */
export function findModules(mappings: readonly Mapping[], entry: Address, origin: ModuleOrigin): Module[] {
  const runs: Mapping[][] = [];
  for (const mapping of mappings) {
    if (!mapping.path.startsWith('/') || mapping.inode === 0) continue;
    const run = runs[runs.length - 1];
    const previous = run?.[run.length - 1];
    if (run && previous && isSameFile(previous, mapping) && mapping.offset > previous.offset) run.push(mapping);
    else runs.push([mapping]);
  }
  return runs
    .filter((run) => run.some((mapping) => mapping.executable))
    .map((run) => new Module(run, address(entry), origin));
}

function isSameFile(a: Mapping, b: Mapping): boolean {
  return a.inode === b.inode && a.device === b.device && a.path === b.path;
}
