/** Registers as gdb names them: `$rdi`, its parts `$edi`, `$di`, `$dil`, and `$xmm0`; types as gdb gives them. */
import { type AgentRegister } from '../../contract/agent/operations';
import { type Member, type Type } from '../../debuginfo/model/model';
import { base, DOUBLE, FLOAT, INT, LONG, VOID_POINTER } from '../typed/builtinTypes';
import { type Context, type Typed } from '../typed/tree';
import { arrayOf } from '../typed/types';

interface Part {
  readonly register: AgentRegister;
  readonly type: Type;
  /** Bits to the right of it in the register. */
  readonly shift: number;
}

const SHORT: Type = base('int16_t', 2, 'signed');
const BYTE: Type = base('int8_t', 1, 'signed');

/** 64, 32, 16 and 8 bits (Intel SDM vol. 1, §3.4.1.1), and the second byte where it has a name. */
const GENERAL: readonly (readonly [AgentRegister, string, string, string, string?])[] = [
  ['rax', 'eax', 'ax', 'al', 'ah'],
  ['rbx', 'ebx', 'bx', 'bl', 'bh'],
  ['rcx', 'ecx', 'cx', 'cl', 'ch'],
  ['rdx', 'edx', 'dx', 'dl', 'dh'],
  ['rsi', 'esi', 'si', 'sil'],
  ['rdi', 'edi', 'di', 'dil'],
  ['rbp', 'ebp', 'bp', 'bpl'],
  ['rsp', 'esp', 'sp', 'spl'],
  ...([8, 9, 10, 11, 12, 13, 14, 15] as const).map(
    (number) => [`r${number}`, `r${number}d`, `r${number}w`, `r${number}b`] as const,
  ),
];

/** gdb's names that are no register's own. `$sp` is the whole register there, so it is here. */
const ALIASES: readonly (readonly [string, AgentRegister])[] = [
  ['pc', 'rip'],
  ['sp', 'rsp'],
  ['fp', 'rbp'],
];

const PARTS: ReadonlyMap<string, Part> = new Map<string, Part>([
  ...GENERAL.flatMap(([register, dword, word, byte, second]): [string, Part][] => [
    [register, { register, type: ['rbp', 'rsp'].includes(register) ? VOID_POINTER : LONG, shift: 0 }],
    [dword, { register, type: INT, shift: 0 }],
    [word, { register, type: SHORT, shift: 0 }],
    [byte, { register, type: BYTE, shift: 0 }],
    ...(second === undefined ? [] : [[second, { register, type: BYTE, shift: 8 }] satisfies [string, Part]]),
  ]),
  ['rip', { register: 'rip', type: VOID_POINTER, shift: 0 }],
  ['eflags', { register: 'eflags', type: INT, shift: 0 }],
  ['fs_base', { register: 'fs_base', type: LONG, shift: 0 }],
  ['gs_base', { register: 'gs_base', type: LONG, shift: 0 }],
  ...ALIASES.map(([name, register]): [string, Part] => [name, { register, type: VOID_POINTER, shift: 0 }]),
]);

const CONTEXTS: Readonly<Record<string, { readonly context: Context; readonly type: Type }>> = {
  pid: { context: 'pid', type: INT },
  tid: { context: 'tid', type: INT },
  thread: { context: 'threadName', type: arrayOf(BYTE, undefined) },
  time: { context: 'time', type: LONG },
  hits: { context: 'hits', type: LONG },
};

/** An SSE register is a union of the ways to look at it, with gdb's names. */
const VECTOR: Type = {
  kind: 'union',
  name: 'vec128',
  byteSize: 16,
  language: 'c',
  members: [
    vectorMember('v4_float', FLOAT, 4),
    vectorMember('v2_double', DOUBLE, 2),
    vectorMember('v16_int8', BYTE, 16),
    vectorMember('v8_int16', SHORT, 8),
    vectorMember('v4_int32', INT, 4),
    vectorMember('v2_int64', LONG, 2),
    {
      name: 'uint128',
      type: base('uint128_t', 16, 'unsigned'),
      byteOffset: 0,
      inherited: false,
    },
  ],
};

function vectorMember(name: string, element: Type, count: number): Member {
  return { name, type: arrayOf(element, count), byteOffset: 0, inherited: false };
}

/** DWARF's number of xmm0 (System V ABI §3.6.2). */
const DWARF_XMM0 = 17;

/** What `$name` means; undefined if there is no such register. */
export function registerNamed(name: string): Typed | undefined {
  const key = name.replace(/^\$/, '').toLowerCase();
  const part = PARTS.get(key);
  if (part !== undefined) return { kind: 'register', ...part };
  const vector = /^xmm([0-9]|1[0-5])$/.exec(key);
  if (vector !== null) {
    const location = { kind: 'register', register: DWARF_XMM0 + Number(vector[1]) } as const;
    return { kind: 'place', type: VECTOR, base: { kind: 'variable', name, location }, offset: 0 };
  }
  const context = CONTEXTS[key];
  return context && { kind: 'context', ...context };
}

/** `$rax`, `$pc`, `$tid`… for "did you mean". */
export function registerNames(): string[] {
  const vectors = Array.from({ length: 16 }, (_, number) => `xmm${number}`);
  return [...PARTS.keys(), ...vectors, ...Object.keys(CONTEXTS)].map((name) => `$${name}`);
}
