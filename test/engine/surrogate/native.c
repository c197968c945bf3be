/*
 * The CPU's own word on instructions with extended state, without ptrace: each experiment is started by returning from a signal
 * handler whose saved registers and XSAVE area (asm/sigcontext.h) were replaced, and ends in the handler of the signal that the
 * instruction raises, or of the INT3 behind it. Experiments come on standard input, results go to standard output, both as
 * struct experiment and the XSAVE area; a struct description goes first.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum {
  CODE = 0x10000000, CODE_BYTES = 0x2000,
  DATA = 0x20000000, DATA_BYTES = 0x4000,
  CONSTANTS_BYTES = 0x1000,
  WINDOW_BYTES = 512,
  REGISTERS = 18,
  SUBLEAVES = 63,
  SOFTWARE_RESERVED = 464, SOFTWARE_RESERVED_BYTES = 48,
  /* In struct _fpx_sw_bytes (asm/sigcontext.h): the size of the XSAVE area in a signal frame. */
  XSTATE_SIZE = SOFTWARE_RESERVED + 16,
};

struct experiment {
  uint64_t signal;
  /* In the order of mcontext_t's gregs: r8 to rip, eflags. */
  uint64_t registers[REGISTERS];
  uint64_t gs_base;
  uint64_t code_length;
  uint8_t code[16];
  uint64_t window_address;
  uint8_t window[WINDOW_BYTES];
};

struct description {
  uint64_t xsave_bytes;
  /* CPUID leaf 0DH: EAX, EBX, ECX, EDX of each. */
  struct { uint32_t a, b, c, d; } cpuid[SUBLEAVES];
};

static struct experiment experiment;
static uint8_t *xsave;
static uint64_t xsave_bytes;
static ucontext_t main_context;
static uint8_t *main_xsave;

/* All but the kernel's own bytes, from which it knows the area again. */
static void copy_xsave(uint8_t *to, const uint8_t *from) {
  size_t rest = SOFTWARE_RESERVED + SOFTWARE_RESERVED_BYTES;
  memcpy(to, from, SOFTWARE_RESERVED);
  memcpy(to + rest, from + rest, xsave_bytes - rest);
}

static void on_start(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info;
  ucontext_t *saved = context;
  uint8_t *area = (uint8_t *)saved->uc_mcontext.fpregs;
  memcpy(&main_context, saved, sizeof main_context);
  memcpy(main_xsave, area, xsave_bytes);
  memcpy(saved->uc_mcontext.gregs, experiment.registers, sizeof experiment.registers);
  copy_xsave(area, xsave);
}

static void on_end(int signal, siginfo_t *info, void *context) {
  (void)info;
  ucontext_t *saved = context;
  uint8_t *area = (uint8_t *)saved->uc_mcontext.fpregs;
  experiment.signal = signal;
  memcpy(experiment.registers, saved->uc_mcontext.gregs, sizeof experiment.registers);
  copy_xsave(xsave, area);
  memcpy(saved->uc_mcontext.gregs, main_context.uc_mcontext.gregs, sizeof experiment.registers);
  copy_xsave(area, main_xsave);
}

static void handle(int signal, void (*handler)(int, siginfo_t *, void *)) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  sigaction(signal, &action, NULL);
}

static void *map(uintptr_t address, size_t bytes, int protection) {
  void *memory = mmap((void *)address, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (memory == MAP_FAILED) exit(1);
  return memory;
}

static void on_first(int signal, siginfo_t *info, void *context) {
  (void)signal, (void)info;
  const ucontext_t *saved = context;
  uint32_t size;
  memcpy(&size, (const uint8_t *)saved->uc_mcontext.fpregs + XSTATE_SIZE, sizeof size);
  xsave_bytes = size;
}

static void describe(void) {
  struct description description = {0};
  handle(SIGUSR1, on_first);
  raise(SIGUSR1);
  description.xsave_bytes = xsave_bytes;
  for (unsigned i = 0; i < SUBLEAVES; i++)
    __cpuid_count(13, i, description.cpuid[i].a, description.cpuid[i].b, description.cpuid[i].c, description.cpuid[i].d);
  fwrite(&description, sizeof description, 1, stdout);
}

int main(void) {
  stack_t stack = {.ss_sp = malloc(1 << 17), .ss_size = 1 << 17};
  sigaltstack(&stack, NULL);
  describe();
  xsave = malloc(xsave_bytes);
  main_xsave = malloc(xsave_bytes);
  handle(SIGUSR1, on_start);
  handle(SIGTRAP, on_end);
  handle(SIGSEGV, on_end);
  handle(SIGBUS, on_end);
  handle(SIGILL, on_end);
  handle(SIGFPE, on_end);
  uint8_t *code = map(CODE, CODE_BYTES, PROT_READ | PROT_WRITE | PROT_EXEC);
  map(DATA, DATA_BYTES + CONSTANTS_BYTES, PROT_READ | PROT_WRITE);
  memset(code, 0xcc, CODE_BYTES);
  while (fread(&experiment, sizeof experiment, 1, stdin) == 1 && fread(xsave, xsave_bytes, 1, stdin) == 1) {
    uint8_t *at = (uint8_t *)experiment.registers[REG_RIP];
    memcpy(at, experiment.code, experiment.code_length);
    void *window = (void *)experiment.window_address;
    memcpy(window, experiment.window, WINDOW_BYTES);
    void *constants = (void *)(DATA + DATA_BYTES);
    mprotect(constants, CONSTANTS_BYTES, PROT_READ);
    syscall(SYS_arch_prctl, ARCH_SET_GS, experiment.gs_base);
    raise(SIGUSR1);
    syscall(SYS_arch_prctl, ARCH_GET_GS, &experiment.gs_base);
    memcpy(experiment.window, window, WINDOW_BYTES);
    mprotect(constants, CONSTANTS_BYTES, PROT_READ | PROT_WRITE);
    memset(window, 0, WINDOW_BYTES);
    memset(at, 0xcc, sizeof experiment.code);
    fwrite(&experiment, sizeof experiment, 1, stdout);
    fwrite(xsave, xsave_bytes, 1, stdout);
  }
  return 0;
}
