/**
 * The `sidestep` command: a static x86-64 Linux program of half a kilobyte that becomes `node cli.js` by exec, after it
 * has looked at what Node hides from everything that runs in it: which signals are ignored and blocked, the soft limit
 * on open files, and which descriptors are open. It leaves that in a memfd, for src/session/processes/inherited. A
 * shell script could not: shells change the environment, and don't tell of blocked signals.
 *
 * The record: u64 each of process id, ignored signals, blocked signals, struct rlimit of RLIMIT_NOFILE, the descriptors
 * of the directory /proc/self/fd and of the memfd itself; then the directory's entries (getdents64(2)).
 */

const ADDRESS = 0x400000;
const HEADERS_BYTES = 64 + 56;

/** Where the first instruction lies. */
export const ENTRY = ADDRESS + HEADERS_BYTES;

/**
 * Machine code and what it says, from {@link ENTRY} on. rbp: the stack at the start, with argc; rbx: the record; r13:
 * the memfd.
 */
// prettier-ignore
export const INSTRUCTIONS: readonly (readonly [bytes: string, text: string])[] = [
  ['48 89 e5', 'mov rbp, rsp'],
  ['48 81 ec 00 80 00 00', 'sub rsp, 0x8000'],
  ['48 89 e3', 'mov rbx, rsp'],
  // getpid: the record
  ['b8 27 00 00 00', 'mov eax, 0x27'],
  ['0f 05', 'syscall'],
  ['48 89 03', 'mov [rbx], rax'],
  // rt_sigprocmask: what is blocked
  ['31 ff', 'xor edi, edi'],
  ['31 f6', 'xor esi, esi'],
  ['48 8d 53 10', 'lea rdx, [rbx+0x10]'],
  ['41 ba 08 00 00 00', 'mov r10d, 8'],
  ['b8 0e 00 00 00', 'mov eax, 0xe'],
  ['0f 05', 'syscall'],
  // rt_sigaction of each signal: what is ignored
  ['45 31 ed', 'xor r13d, r13d'],
  ['41 bc 01 00 00 00', 'mov r12d, 1'],
  ['44 89 e7', 'mov edi, r12d'],
  ['31 f6', 'xor esi, esi'],
  ['48 8d 93 00 50 00 00', 'lea rdx, [rbx+0x5000]'],
  ['41 ba 08 00 00 00', 'mov r10d, 8'],
  ['48 c7 02 00 00 00 00', 'mov qword ptr [rdx], 0'],
  ['b8 0d 00 00 00', 'mov eax, 0xd'],
  ['0f 05', 'syscall'],
  ['48 83 bb 00 50 00 00 01', 'cmp qword ptr [rbx+0x5000], 1'],
  ['75 09', 'jne short 0x4000e0'],
  ['41 8d 4c 24 ff', 'lea ecx, [r12-1]'],
  ['49 0f ab cd', 'bts r13, rcx'],
  ['41 ff c4', 'inc r12d'],
  ['41 83 fc 40', 'cmp r12d, 0x40'],
  ['76 c4', 'jbe short 0x4000ad'],
  ['4c 89 6b 08', 'mov [rbx+8], r13'],
  // prlimit64: RLIMIT_NOFILE
  ['31 ff', 'xor edi, edi'],
  ['be 07 00 00 00', 'mov esi, 7'],
  ['31 d2', 'xor edx, edx'],
  ['4c 8d 53 18', 'lea r10, [rbx+0x18]'],
  ['b8 2e 01 00 00', 'mov eax, 0x12e'],
  ['0f 05', 'syscall'],
  // memfd_create, without MFD_CLOEXEC
  ['48 8d 3d 1d 01 00 00', 'lea rdi, [0x400225]'],
  ['31 f6', 'xor esi, esi'],
  ['b8 3f 01 00 00', 'mov eax, 0x13f'],
  ['0f 05', 'syscall'],
  ['49 89 c5', 'mov r13, rax'],
  ['48 89 43 30', 'mov [rbx+0x30], rax'],
  // open of the directory, with O_CLOEXEC; the record is written, and then the entries that getdents64 gives
  ['48 8d 3d 19 01 00 00', 'lea rdi, [0x400238]'],
  ['be 00 00 09 00', 'mov esi, 0x90000'],
  ['31 d2', 'xor edx, edx'],
  ['b8 02 00 00 00', 'mov eax, 2'],
  ['0f 05', 'syscall'],
  ['49 89 c6', 'mov r14, rax'],
  ['48 89 43 28', 'mov [rbx+0x28], rax'],
  ['ba 38 00 00 00', 'mov edx, 0x38'],
  ['48 89 de', 'mov rsi, rbx'],
  ['4c 89 ef', 'mov rdi, r13'],
  ['b8 01 00 00 00', 'mov eax, 1'],
  ['0f 05', 'syscall'],
  ['4c 89 f7', 'mov rdi, r14'],
  ['48 8d b3 00 01 00 00', 'lea rsi, [rbx+0x100]'],
  ['ba 00 40 00 00', 'mov edx, 0x4000'],
  ['b8 d9 00 00 00', 'mov eax, 0xd9'],
  ['0f 05', 'syscall'],
  ['48 8d b3 00 01 00 00', 'lea rsi, [rbx+0x100]'],
  ['89 c2', 'mov edx, eax'],
  ['85 c0', 'test eax, eax'],
  ['7f d3', 'jg short 0x40013c'],
  ['4c 89 f7', 'mov rdi, r14'],
  ['b8 03 00 00 00', 'mov eax, 3'],
  ['0f 05', 'syscall'],
  // readlink: the script lies where this program does
  ['48 8d 3d cc 00 00 00', 'lea rdi, [0x400246]'],
  ['48 8d b3 00 60 00 00', 'lea rsi, [rbx+0x6000]'],
  ['ba 00 10 00 00', 'mov edx, 0x1000'],
  ['b8 59 00 00 00', 'mov eax, 0x59'],
  ['0f 05', 'syscall'],
  ['48 ff c8', 'dec rax'],
  ['78 0a', 'js short 0x40019c'],
  ['80 bc 03 00 60 00 00 2f', 'cmp byte ptr [rbx+rax+0x6000], 0x2f'],
  ['75 f1', 'jne short 0x40018d'],
  ['48 8b 0d c4 00 00 00', 'mov rcx, [0x400267]'],
  ['48 89 8c 03 01 60 00 00', 'mov [rbx+rax+0x6001], rcx'],
  // execve: env, node, the script, and the arguments after them
  ['48 8b 4d 00', 'mov rcx, [rbp]'],
  ['48 8d 14 cd 30 00 00 00', 'lea rdx, [rcx*8+0x30]'],
  ['48 29 d4', 'sub rsp, rdx'],
  ['48 83 e4 f0', 'and rsp, 0xfffffffffffffff0'],
  ['48 8d 05 90 00 00 00', 'lea rax, [0x400255]'],
  ['48 89 04 24', 'mov [rsp], rax'],
  ['48 8d 05 92 00 00 00', 'lea rax, [0x400262]'],
  ['48 89 44 24 08', 'mov [rsp+8], rax'],
  ['48 8d 83 00 60 00 00', 'lea rax, [rbx+0x6000]'],
  ['48 89 44 24 10', 'mov [rsp+0x10], rax'],
  ['48 8d 75 10', 'lea rsi, [rbp+0x10]'],
  ['48 8d 7c 24 18', 'lea rdi, [rsp+0x18]'],
  ['f3 48 a5', 'rep movsq [rdi], [rsi]'],
  // argc pointers were copied, so the last one is the null; the environment follows it
  ['48 8d 3d 61 00 00 00', 'lea rdi, [0x400255]'],
  ['48 89 f2', 'mov rdx, rsi'],
  ['48 89 e6', 'mov rsi, rsp'],
  ['b8 3b 00 00 00', 'mov eax, 0x3b'],
  ['0f 05', 'syscall'],
  ['bf 02 00 00 00', 'mov edi, 2'],
  ['48 8d 35 62 00 00 00', 'lea rsi, [0x40026f]'],
  ['ba 22 00 00 00', 'mov edx, 0x22'],
  ['b8 01 00 00 00', 'mov eax, 1'],
  ['0f 05', 'syscall'],
  ['bf 02 00 00 00', 'mov edi, 2'],
  ['b8 3c 00 00 00', 'mov eax, 0x3c'],
  ['0f 05', 'syscall'],
];

/** What the instructions refer to, after them; the script's name is copied as eight bytes. */
const TEXTS = [
  'sidestep-inherited\0',
  '/proc/self/fd\0',
  '/proc/self/exe\0',
  '/usr/bin/env\0',
  'node\0',
  'cli.js\0\0',
  'sidestep: /usr/bin/env is missing\n',
];

/** The program as an ELF file (gABI): its header, one program header, and what that maps. */
export function launcherImage(): Uint8Array {
  const code = Buffer.from(
    INSTRUCTIONS.map(([bytes]) => bytes)
      .join('')
      .replaceAll(' ', ''),
    'hex',
  );
  const file = Buffer.concat([Buffer.alloc(HEADERS_BYTES), code, Buffer.from(TEXTS.join(''), 'latin1')]);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // ELFCLASS64, ELFDATA2LSB, EV_CURRENT
  file.writeUInt16LE(2, 16); // ET_EXEC
  file.writeUInt16LE(62, 18); // EM_X86_64
  file.writeUInt32LE(1, 20); // EV_CURRENT
  file.writeBigUInt64LE(BigInt(ENTRY), 24);
  file.writeBigUInt64LE(64n, 32); // e_phoff
  file.writeUInt16LE(64, 52); // e_ehsize
  file.writeUInt16LE(56, 54); // e_phentsize
  file.writeUInt16LE(1, 56); // e_phnum
  file.writeUInt16LE(64, 58); // e_shentsize
  file.writeUInt32LE(1, 64); // PT_LOAD
  file.writeUInt32LE(5, 68); // PF_R, PF_X
  file.writeBigUInt64LE(BigInt(ADDRESS), 80); // p_vaddr
  file.writeBigUInt64LE(BigInt(ADDRESS), 88); // p_paddr
  file.writeBigUInt64LE(BigInt(file.length), 96);
  file.writeBigUInt64LE(BigInt(file.length), 104);
  file.writeBigUInt64LE(0x1000n, 112); // p_align
  return file;
}
