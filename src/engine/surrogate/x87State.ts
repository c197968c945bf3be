/**
 * The x87's pointers and its status in the XSAVE area. About the pointers: an instruction that ran in the scratch
 * process leaves that process's addresses in them, where it would have left the program's. Which instructions set them
 * differs between processors (Intel SDM vol. 1 §8.1.8), so what tells is that a pointer has become the scratch
 * process's own; to be sure of that, it must not have been before.
 */
import { AreaLayout } from './area';
import { ERROR_SUMMARY, Xsave } from './xsave';

/** Offsets in the legacy region as XSAVE64 writes it (Intel SDM vol. 1 §13.4.1), and bytes. */
const FIELDS = {
  opcode: { offset: Xsave.opcode, bytes: 2 },
  instruction: { offset: Xsave.instructionPointer, bytes: 8 },
  operand: { offset: Xsave.dataPointer, bytes: 8 },
} as const;

/** FOP, FIP and FDP. */
export type X87Pointers = Readonly<Record<keyof typeof FIELDS, bigint>>;

const NAMES = Object.keys(FIELDS) as readonly (keyof typeof FIELDS)[];

/** Any other value does; this one differs in what every field has. */
const OTHER = 1n;

export class X87State {
  readonly #view: DataView;
  readonly #hidden = { opcode: false, instruction: false, operand: false };

  /** `view`: of the {@link Area}. */
  constructor(view: DataView) {
    this.#view = view;
  }

  /** In the state that goes to the scratch process, changes what would look like its own pointers. */
  hide(own: X87Pointers): void {
    for (const name of NAMES) {
      this.#hidden[name] = this.#get(AreaLayout.before, name) === own[name];
      if (this.#hidden[name]) this.#set(AreaLayout.before, name, own[name] ^ OTHER);
    }
  }

  /**
   * Undoes {@link hide}; in the state that came back, what was not set is as before, and what was set is the program's.
   */
  reveal(own: X87Pointers, program: X87Pointers): void {
    for (const name of NAMES) {
      if (this.#hidden[name]) this.#set(AreaLayout.before, name, own[name]);
      const now = this.#get(AreaLayout.after, name);
      if (now === own[name]) this.#set(AreaLayout.after, name, program[name]);
      else if (this.#hidden[name] && now === (own[name] ^ OTHER)) this.#set(AreaLayout.after, name, own[name]);
    }
  }

  /**
   * Whether the instruction has met an exception that is not masked: it has not stored its result then (Intel SDM vol.
   * 1 §8.5).
   */
  get exceptionPending(): boolean {
    return (this.#view.getUint16(AreaLayout.after + Xsave.statusWord, true) & ERROR_SUMMARY) !== 0;
  }

  #get(state: number, name: keyof typeof FIELDS): bigint {
    const { offset, bytes } = FIELDS[name];
    return bytes === 2
      ? BigInt(this.#view.getUint16(state + offset, true))
      : this.#view.getBigUint64(state + offset, true);
  }

  #set(state: number, name: keyof typeof FIELDS, value: bigint): void {
    const { offset, bytes } = FIELDS[name];
    if (bytes === 2) this.#view.setUint16(state + offset, Number(value), true);
    else this.#view.setBigUint64(state + offset, value, true);
  }
}
