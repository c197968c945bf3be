/**
 * Whether a program, when it runs, has the twin of an atomic instruction: in its own text, or in that of the dynamic
 * linker and the C library, which every program that is not static has loaded.
 */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Image } from '../debuginfo/image';
import { type TwinPlan } from '../emulator/emulator';
import { formName } from '../emulator/twin/forms';
import { formsIn } from '../emulator/twin/search';

/** The interpreter of programs for glibc; libraries have none. */
const USUAL_INTERPRETER = '/lib64/ld-linux-x86-64.so.2';

/** Forms in the text of libraries; each library is searched once. */
export class LibraryForms {
  readonly #forms = new Map<string, ReadonlySet<string>>();

  formsIn(path: string): ReadonlySet<string> {
    let forms = this.#forms.get(path);
    if (forms === undefined) {
      const image = Image.open(path);
      try {
        forms = formsOf(image);
      } finally {
        image.dispose();
      }
      this.#forms.set(path, forms);
    }
    return forms;
  }
}

export class LoadedTwins {
  #own: ReadonlySet<string> | undefined;

  constructor(
    private readonly image: Image,
    private readonly libraries = new LibraryForms(),
  ) {}

  serve({ ways }: TwinPlan): boolean {
    const own = (this.#own ??= formsOf(this.image));
    const others = runtimeOf(this.image).map((path) => this.libraries.formsIn(path));
    return ways.some(({ form }) => [own, ...others].some((forms) => forms.has(formName(form))));
  }
}

/** The dynamic linker and the C library beside it, if they exist here. */
function runtimeOf({ kind, interpreter }: Image): readonly string[] {
  const linker = interpreter ?? (kind === 'sharedObject' ? USUAL_INTERPRETER : undefined);
  if (linker === undefined || !existsSync(linker)) return [];
  const path = realpathSync(linker);
  const library = join(dirname(path), 'libc.so.6');
  return existsSync(library) ? [path, realpathSync(library)] : [path];
}

function formsOf(image: Image): ReadonlySet<string> {
  const forms = new Set<string>();
  for (const { executable, address, fileSize } of image.segments) {
    const text = executable ? image.textAt(address, fileSize) : undefined;
    if (text === undefined) continue;
    for (const name of formsIn(Buffer.from(text.buffer, text.byteOffset, text.length))) forms.add(name);
  }
  return forms;
}
