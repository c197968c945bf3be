/**
 * The scratch program in which the CPU itself executes instructions: a static x86-64 Linux program without a library,
 * assembled here byte by byte, so that it needs only a kernel.
 *
 * It reads a batch of experiments from descriptor 0 to its end, runs them one after another, and writes the batch with
 * the results in place to descriptor 1. Returning from a signal handler with replaced registers starts an experiment.
 * It ends with a signal: of its instruction, of the INT3 after it, or of whatever is at its jump target. Each
 * experiment takes one signal, on a stack of its own, so all registers, RSP included, belong to the experiment.
 * Layouts: rt_sigframe and sigcontext_64 (asm/sigcontext.h), ELF (gABI).
 */
import { assertExists } from '../../base/assert';
import { INT3, PAGE_BYTES } from '../../base/x86';

/** Addresses are below 2^31, so that every addressing form reaches them. */
export const Layout = {
  program: 0x400000,
  /** Executable and writable; full of INT3. */
  code: 0x10000000,
  codeBytes: 0x2000,
  /** Readable and writable. Nothing is mapped before it. */
  data: 0x20000000,
  dataBytes: 0x4000,
  /** Readable, directly after the data; nothing is mapped after it. */
  constants: 0x20004000,
  constantsBytes: 0x1000,
  fsBase: 0x20001000,
  gsBase: 0x20002000,
  /** Variables, signal stack, batch. */
  variables: 0x30000000,
  batch: 0x30020000,
  batchCapacity: 0x4000000,
} as const;

/** Segment selectors of a 64-bit program (__USER_CS, __USER_DS in asm/segment.h). */
export const SELECTORS = { cs: 0x33, ss: 0x2b, ds: 0, es: 0, fs: 0, gs: 0 } as const;

/** Field offsets of an experiment's record, in bytes; every field is a u64 unless stated otherwise. */
export const Record = {
  signal: 0,
  /** si_addr: where a page fault was, 0 for a general protection fault. */
  faultAddress: 8,
  /** Where the instruction is put: within the code. */
  codeAddress: 16,
  /** 16 bytes. */
  code: 24,
  /** 18 × u64, {@link SIGNAL_REGISTERS}. */
  registers: 40,
  windowCount: 184,
  /** Pieces of the data that are set before and read after it: u64 address, u64 length, the bytes. */
  windows: 192,
} as const;

/** The order of struct sigcontext_64. */
// prettier-ignore
export const SIGNAL_REGISTERS = [
  'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15', 'rdi', 'rsi', 'rbp', 'rbx', 'rdx', 'rax', 'rcx', 'rsp', 'rip', 'eflags',
] as const;

/** Machine code and its assembly, from {@link Layout.program} on. */
// prettier-ignore
export const INSTRUCTIONS: readonly (readonly [bytes: string, text: string])[] = [
  // Reads the batch to its end.
  ['bb 00 00 02 30', 'mov ebx, 0x30020000'],
  ['31 c0', 'xor eax, eax'],
  ['31 ff', 'xor edi, edi'],
  ['48 89 de', 'mov rsi, rbx'],
  ['ba 00 00 00 01', 'mov edx, 0x1000000'],
  ['0f 05', 'syscall'],
  ['48 85 c0', 'test rax, rax'],
  ['7e 05', 'jle short 0x40001d'],
  ['48 01 c3', 'add rbx, rax'],
  ['eb e8', 'jmp short 0x400005'],
  // Where it ends
  ['48 89 1c 25 08 00 00 30', 'mov [0x30000008], rbx'],
  // sigaltstack
  ['b8 83 00 00 00', 'mov eax, 0x83'],
  ['bf 5f 01 40 00', 'mov edi, 0x40015f'],
  ['31 f6', 'xor esi, esi'],
  ['0f 05', 'syscall'],
  // arch_prctl(ARCH_SET_FS, fsBase)
  ['b8 9e 00 00 00', 'mov eax, 0x9e'],
  ['bf 02 10 00 00', 'mov edi, 0x1002'],
  ['be 00 10 00 20', 'mov esi, 0x20001000'],
  ['0f 05', 'syscall'],
  // arch_prctl(ARCH_SET_GS, gsBase)
  ['b8 9e 00 00 00', 'mov eax, 0x9e'],
  ['bf 01 10 00 00', 'mov edi, 0x1001'],
  ['be 00 20 00 20', 'mov esi, 0x20002000'],
  ['0f 05', 'syscall'],
  // rt_sigaction for each of the signals
  ['bb 97 01 40 00', 'mov ebx, 0x400197'],
  ['0f b6 3b', 'movzx edi, byte ptr [rbx]'],
  ['b8 0d 00 00 00', 'mov eax, 0xd'],
  ['be 77 01 40 00', 'mov esi, 0x400177'],
  ['31 d2', 'xor edx, edx'],
  ['41 ba 08 00 00 00', 'mov r10d, 8'],
  ['0f 05', 'syscall'],
  ['48 ff c3', 'inc rbx'],
  ['80 3b 00', 'cmp byte ptr [rbx], 0'],
  ['75 e1', 'jne short 0x40005a'],
  // The handler of this signal loads the first experiment.
  ['cc', 'int3'],
  // The handler (signal, siginfo, ucontext). AC, NT and ID, which POPF may have set, must not outlive their experiment.
  ['6a 02', 'push 2'],
  ['9d', 'popfq'],
  // What the experiment made of registers and memory is saved in its record…
  ['48 89 d5', 'mov rbp, rdx'],
  ['48 8b 1c 25 00 00 00 30', 'mov rbx, [0x30000000]'],
  ['48 85 db', 'test rbx, rbx'],
  ['75 07', 'jne short 0x400094'],
  ['bb 00 00 02 30', 'mov ebx, 0x30020000'],
  ['eb 57', 'jmp short 0x4000eb'],
  // … signal and si_addr,
  ['48 89 3b', 'mov [rbx], rdi'],
  ['48 8b 46 10', 'mov rax, [rsi+0x10]'],
  ['48 89 43 08', 'mov [rbx+8], rax'],
  // … fills the place of the instruction with INT3 again,
  ['48 8b 7b 10', 'mov rdi, [rbx+0x10]'],
  ['b0 cc', 'mov al, 0xcc'],
  ['b9 10 00 00 00', 'mov ecx, 0x10'],
  ['f3 aa', 'rep stosb [rdi]'],
  // … copies the 18 registers out of the ucontext,
  ['48 8d 75 28', 'lea rsi, [rbp+0x28]'],
  ['48 8d 7b 28', 'lea rdi, [rbx+0x28]'],
  ['b9 12 00 00 00', 'mov ecx, 0x12'],
  ['f3 48 a5', 'rep movsq [rdi], [rsi]'],
  // … and the windows' bytes out of memory.
  ['48 8b 93 b8 00 00 00', 'mov rdx, [rbx+0xb8]'],
  ['48 8d bb c0 00 00 00', 'lea rdi, [rbx+0xc0]'],
  ['48 ff ca', 'dec rdx'],
  ['78 0f', 'js short 0x4000de'],
  ['48 8b 37', 'mov rsi, [rdi]'],
  ['48 8b 4f 08', 'mov rcx, [rdi+8]'],
  ['48 83 c7 10', 'add rdi, 0x10'],
  ['f3 a4', 'rep movsb [rdi], [rsi]'],
  ['eb ec', 'jmp short 0x4000ca'],
  // Was it the last one?
  ['48 89 fb', 'mov rbx, rdi'],
  ['48 3b 1c 25 08 00 00 30', 'cmp rbx, [0x30000008]'],
  ['73 3c', 'jae short 0x400127'],
  // Loads the next: instruction, registers into the ucontext, windows into memory; rt_sigreturn starts it.
  ['48 89 1c 25 00 00 00 30', 'mov [0x30000000], rbx'],
  ['48 8b 7b 10', 'mov rdi, [rbx+0x10]'],
  ['48 8d 73 18', 'lea rsi, [rbx+0x18]'],
  ['b9 10 00 00 00', 'mov ecx, 0x10'],
  ['f3 a4', 'rep movsb [rdi], [rsi]'],
  ['48 8d 7d 28', 'lea rdi, [rbp+0x28]'],
  ['b9 12 00 00 00', 'mov ecx, 0x12'],
  ['f3 48 a5', 'rep movsq [rdi], [rsi]'],
  ['48 ad', 'lodsq [rsi]'],
  ['48 89 c2', 'mov rdx, rax'],
  ['48 ff ca', 'dec rdx'],
  ['78 0e', 'js short 0x400126'],
  ['48 ad', 'lodsq [rsi]'],
  ['48 89 c7', 'mov rdi, rax'],
  ['48 ad', 'lodsq [rsi]'],
  ['48 89 c1', 'mov rcx, rax'],
  ['f3 a4', 'rep movsb [rdi], [rsi]'],
  ['eb ed', 'jmp short 0x400113'],
  ['c3', 'ret'],
  // Writes the batch with its results, and ends.
  ['be 00 00 02 30', 'mov esi, 0x30020000'],
  ['48 8b 14 25 08 00 00 30', 'mov rdx, [0x30000008]'],
  ['48 29 f2', 'sub rdx, rsi'],
  ['74 16', 'je short 0x40014f'],
  ['b8 01 00 00 00', 'mov eax, 1'],
  ['bf 01 00 00 00', 'mov edi, 1'],
  ['0f 05', 'syscall'],
  ['48 85 c0', 'test rax, rax'],
  ['7e 05', 'jle short 0x40014f'],
  ['48 01 c6', 'add rsi, rax'],
  ['eb dd', 'jmp short 0x40012c'],
  ['b8 e7 00 00 00', 'mov eax, 0xe7'],
  ['31 ff', 'xor edi, edi'],
  ['0f 05', 'syscall'],
  // The restorer: rt_sigreturn
  ['b8 0f 00 00 00', 'mov eax, 0xf'],
  ['0f 05', 'syscall'],
];

/** The data of the instructions, after them. */
// prettier-ignore
const DATA: readonly string[] = [
  // stack_t: address, flags, 64 KiB
  '00 10 00 30 00 00 00 00', '00 00 00 00', '00 00 00 00', '00 00 01 00 00 00 00 00',
  // struct sigaction: the handler, SA_SIGINFO | SA_ONSTACK | SA_RESTORER | SA_NODEFER, the restorer, no mask
  '7a 00 40 00 00 00 00 00', '04 00 00 4c 00 00 00 00', '58 01 40 00 00 00 00 00', '00 00 00 00 00 00 00 00',
  // The signals: SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, end
  '04', '05', '07', '08', '0b', '00',
];

interface Segment {
  readonly address: number;
  /** PF_X 1, PF_W 2, PF_R 4. */
  readonly flags: number;
  readonly content: Uint8Array;
  /** Beyond the content: zeros. */
  readonly memoryBytes: number;
}

/** The program as an ELF file. `data` and `constants` fill their segments. */
export function programImage(data: Uint8Array, constants: Uint8Array): Uint8Array {
  const text = Buffer.from([...INSTRUCTIONS.map(([bytes]) => bytes), ...DATA].join('').replaceAll(' ', ''), 'hex');
  const code = new Uint8Array(Layout.codeBytes).fill(INT3);
  const work = Layout.batch + Layout.batchCapacity - Layout.variables;
  return elf(Layout.program, [
    { address: Layout.program, flags: 5, content: text, memoryBytes: text.length },
    { address: Layout.code, flags: 7, content: code, memoryBytes: code.length },
    { address: Layout.data, flags: 6, content: data, memoryBytes: Layout.dataBytes },
    { address: Layout.constants, flags: 4, content: constants, memoryBytes: Layout.constantsBytes },
    { address: Layout.variables, flags: 6, content: new Uint8Array(), memoryBytes: work },
  ]);
}

/** ELF header, program headers, then the segments at page boundaries of the file. */
function elf(entry: number, segments: readonly Segment[]): Uint8Array {
  const pages = segments.map(({ content }) => Math.ceil(content.length / PAGE_BYTES));
  const file = new Uint8Array(PAGE_BYTES * (1 + pages.reduce((sum, count) => sum + count, 0)));
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // ELFCLASS64, ELFDATA2LSB, EV_CURRENT
  view.setUint16(16, 2, true); // ET_EXEC
  view.setUint16(18, 62, true); // EM_X86_64
  view.setUint32(20, 1, true); // EV_CURRENT
  view.setBigUint64(24, BigInt(entry), true);
  view.setBigUint64(32, 64n, true); // e_phoff
  view.setUint16(52, 64, true); // e_ehsize
  view.setUint16(54, 56, true); // e_phentsize
  view.setUint16(56, segments.length, true); // e_phnum
  view.setUint16(58, 64, true); // e_shentsize
  let offset = PAGE_BYTES;
  segments.forEach(({ address, flags, content, memoryBytes }, index) => {
    const header = 64 + 56 * index;
    view.setUint32(header, 1, true); // PT_LOAD
    view.setUint32(header + 4, flags, true);
    view.setBigUint64(header + 8, BigInt(offset), true);
    view.setBigUint64(header + 16, BigInt(address), true); // p_vaddr
    view.setBigUint64(header + 24, BigInt(address), true); // p_paddr
    view.setBigUint64(header + 32, BigInt(content.length), true);
    view.setBigUint64(header + 40, BigInt(memoryBytes), true);
    view.setBigUint64(header + 48, BigInt(PAGE_BYTES), true); // p_align
    file.set(content, offset);
    offset += PAGE_BYTES * assertExists(pages[index], 'page count');
  });
  return file;
}
