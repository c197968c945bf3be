/**
 * The images of a session: every ELF file is opened once, however many processes and modules use it. Where a mapped
 * file is to be found is a question of its own: the process may see other files than we do (proc(5), /proc/PID/root),
 * and what was mapped may have been deleted or replaced since, as an upgrade or a rebuild does.
 */
import { readlinkSync, realpathSync, statSync } from 'node:fs';
import { SidestepError } from '../../base/errors';
import { type Disposable, DisposableStore, type Event, Emitter } from '../../base/lifetime';
import { hex } from '../../base/address';
import { type Mapping } from '../../contract/messages';
import { type ReadFlow } from '../../base/controlFlow';
import { type DebuginfodSettings } from '../../debuginfo/elf/debuginfod';
import { Image } from '../../debuginfo/image';
import { Debuginfod } from './debuginfod';

/** What a session asks of an {@link Image}. */
export type ModuleImage = Pick<
  Image,
  | 'hasDebugInfo'
  | 'buildId'
  | 'interpreter'
  | 'debugFile'
  | 'codeAddressOfOffset'
  | 'textAt'
  | 'restartableSequenceAt'
  | 'sourceFiles'
  | 'filesMatching'
  | 'linePlaces'
  | 'codeLines'
  | 'functionPlaces'
  | 'functionReturns'
  | 'returnsAround'
  | 'functionsMatching'
  | 'hasSymbolMatching'
  | 'functionsNear'
  | 'symbolAddress'
  | 'similarFunctions'
  | 'describe'
  | 'scopeAt'
  | 'notices'
  | 'dispose'
> &
  Partial<Pick<Image, 'warnings'>>;

/** Opens an ELF file; tests give another one. */
export type OpenImage = (path: string, onProgress: (what: string) => void) => ModuleImage;

export class ImageCache implements Disposable {
  readonly #open: OpenImage;
  readonly #debuginfod: Debuginfod | undefined;
  readonly #images = new Map<string, ModuleImage>();
  readonly #store = new DisposableStore();
  readonly #activity = new Emitter<string>();
  readonly #warnings = new Emitter<string>();

  /** Something that may take a while is being read: what. */
  readonly onActivity: Event<string> = this.#activity.on;
  /** What is wrong with files that lie where debug information should, or with those who should give it. */
  readonly onWarning: Event<string> = this.#warnings.on;

  constructor(options: {
    readonly debugDirectories?: readonly string[];
    readonly openImage?: OpenImage;
    readonly readFlow?: ReadFlow;
    /** What debuginfod's clients keep is used, and servers are asked; undefined: neither. */
    readonly debuginfod?: DebuginfodSettings | undefined;
  }) {
    const { debugDirectories = [], openImage, readFlow, debuginfod } = options;
    const debuginfodCache = debuginfod?.cache;
    this.#open =
      openImage ??
      ((path, onProgress) =>
        Image.open(path, { debugDirectories, debuginfodCache, onProgress, ...(readFlow && { readFlow }) }));
    this.#debuginfod =
      debuginfod &&
      new Debuginfod({
        ...debuginfod,
        debugDirectories,
        onProgress: (what) => this.#activity.fire(what),
        onWarning: (message) => this.#warnings.fire(message),
      });
  }

  /**
   * Fetches debug information that the mapped files need and servers have: {@link open} opens them as they are then.
   * Whether servers were asked, which takes a while.
   */
  async prepare(mappings: readonly Mapping[], pid: number): Promise<boolean> {
    if (!this.#debuginfod) return false;
    const paths = mappings
      .filter(({ executable, path }) => executable && path.startsWith('/'))
      .flatMap((mapping) => locatedPath(mapping, pid));
    return this.#debuginfod.prepare(paths);
  }

  /** The same for a program that is about to start. */
  async prepareProgram(program: string): Promise<void> {
    let path: string;
    try {
      path = realpathSync(program);
    } catch {
      return;
    }
    await this.#debuginfod?.prepare([path]);
  }

  /**
   * The image that is mapped at `mapping` of a process. Throws a SidestepError that says what is wrong with the file.
   */
  open(mapping: Mapping, pid: number, isProgram: boolean): ModuleImage {
    const { path, identity } = locate(mapping, pid, isProgram);
    return this.#openOnce(path, identity);
  }

  /**
   * Opens a program that is about to start. Undefined where that fails: its process will show what is wrong with it.
   */
  foresee(program: string): ModuleImage | undefined {
    try {
      // A mapping has the file's own name, beside which its debug file may lie.
      const path = realpathSync(program);
      const identity = statSync(path).isFile() ? identityOf(path) : undefined;
      return identity === undefined ? undefined : this.#openOnce(path, identity);
    } catch {
      return undefined;
    }
  }

  dispose(): void {
    this.#images.clear();
    this.#store.dispose();
  }

  #openOnce(path: string, identity: string): ModuleImage {
    const known = this.#images.get(identity);
    if (known) return known;
    const image = this.#store.add(this.#open(path, (what) => this.#activity.fire(what)));
    this.#images.set(identity, image);
    for (const warning of image.warnings ?? []) this.#warnings.fire(warning);
    return image;
  }
}

interface LocatedFile {
  readonly path: string;
  /** Changes when the file does. */
  readonly identity: string;
}

/** Where the mapped file can be opened: under its name as long as it is still that file, else through the process. */
function locate(mapping: Mapping, pid: number, isProgram: boolean): LocatedFile {
  const named = mapping.deleted ? undefined : nameOf(mapping, pid);
  const range = `${mapping.start.toString(16)}-${mapping.end.toString(16)}`;
  const paths = [
    ...(named === undefined ? [] : [named]),
    ...(isProgram ? [`/proc/${pid}/exe`] : []),
    `/proc/${pid}/map_files/${range}`,
  ];
  for (const path of paths) {
    const identity = identityOf(path);
    if (identity !== undefined) return { path, identity };
  }
  throw new SidestepError(
    'file-unreadable',
    mapping.deleted
      ? `${mapping.path} was deleted or replaced after the process ${pid} mapped it`
      : `${mapping.path}, mapped at ${hex(mapping.start)}, can't be found`,
    {
      place: { file: mapping.path, pid },
      advice: mapping.deleted
        ? 'Restart the program, so that it runs the current file, or run Sidestep itself as root.'
        : 'Check that the file is readable from here, or run Sidestep itself as root.',
    },
  );
}

/** The same; none where the file can't be found. */
function locatedPath(mapping: Mapping, pid: number): string[] {
  try {
    return [locate(mapping, pid, false).path];
  } catch (error) {
    if (error instanceof SidestepError) return [];
    throw error;
  }
}

function identityOf(path: string): string | undefined {
  try {
    const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true });
    return `${dev}:${ino}:${size}:${mtimeNs}`;
  } catch {
    // Not there, or not ours to look at: the next path is tried.
    return undefined;
  }
}

/**
 * The file's path here, if it has one. If it is unknown what the process sees, only exactly the same file qualifies.
 */
function nameOf({ path, inode }: Mapping, pid: number): string | undefined {
  const seesOthers = seesOtherFiles(pid);
  if (seesOthers === undefined && statSync(path, { throwIfNoEntry: false })?.ino !== inode) return undefined;
  return seesOthers === true ? `/proc/${pid}/root${path}` : path;
}

/**
 * Whether paths mean other files to the process than to us: another mount namespace, or a root directory of its own.
 * `undefined` where that is not ours to look at: another user's process.
 */
function seesOtherFiles(pid: number): boolean | undefined {
  try {
    return (
      readlinkSync(`/proc/${pid}/ns/mnt`) !== readlinkSync('/proc/self/ns/mnt') ||
      readlinkSync(`/proc/${pid}/root`) !== '/'
    );
  } catch {
    return undefined;
  }
}
