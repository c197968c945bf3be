/*
 * The floor: the least that a tracer on ptrace(2) can spend on a hit. It does for one fixed probe what Sidestep does for any: INT3 in
 * the text, the displaced instruction (`mov %rdi,%rax`, the first of `step` in target.c) emulated on the thread's registers, the integer
 * argument and the time recorded and written as a line, only the thread that hit stopped. Four ptrace calls a hit, spinning on wait4(2).
 *
 *   floor LOG OFFSET PROGRAM [ARGUMENT]…
 *
 * OFFSET, in hex: the address of `step` in the file, which is position-independent. Lines go to the file LOG.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const unsigned char MOV_RDI_RAX[] = {0x48, 0x89, 0xf8};
enum { INT3 = 0xcc, OPTIONS = PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC };

static char lines[1 << 16];
static size_t used;
static int output;

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static void flush(void) {
    if (write(output, lines, used) != (ssize_t)used)
        fail("write");
    used = 0;
}

static void record(pid_t tid, int x) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    used += (size_t)snprintf(lines + used, 128, "%d %ld.%09ld %d\n", tid, now.tv_sec, now.tv_nsec, x);
    if (used > sizeof lines - 128)
        flush();
}

/* Where the program's first segment is mapped. */
static uint64_t base_of(pid_t pid) {
    char path[64];
    uint64_t base;
    snprintf(path, sizeof path, "/proc/%d/maps", pid);
    FILE *maps = fopen(path, "r");
    if (maps == NULL || fscanf(maps, "%lx", &base) != 1)
        fail(path);
    fclose(maps);
    return base;
}

static void arm(pid_t pid, uint64_t site) {
    char path[64];
    unsigned char text[sizeof MOV_RDI_RAX], trap = INT3;
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int memory = open(path, O_RDWR | O_CLOEXEC);
    if (memory < 0 || pread(memory, text, sizeof text, (off_t)site) != sizeof text)
        fail(path);
    if (memcmp(text, MOV_RDI_RAX, sizeof text) != 0) {
        fprintf(stderr, "floor: step does not begin with mov %%rdi,%%rax\n");
        exit(1);
    }
    if (pwrite(memory, &trap, 1, (off_t)site) != 1)
        fail(path);
    close(memory);
}

/* True when the stop was a hit and has been dealt with. */
static bool hit(pid_t tid, uint64_t site) {
    struct user_regs_struct registers;
    siginfo_t info;
    if (ptrace(PTRACE_GETREGS, tid, NULL, &registers) != 0 || ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) != 0)
        return false;
    if (registers.rip != site + 1 || info.si_code != SI_KERNEL)
        return false;
    record(tid, (int)registers.rsi);
    registers.rax = registers.rdi;
    registers.rip = site + sizeof MOV_RDI_RAX;
    return ptrace(PTRACE_SETREGS, tid, NULL, &registers) == 0;
}

int main(int argc, char **argv) {
    if (argc < 4) {
        fprintf(stderr, "usage: floor LOG OFFSET PROGRAM [ARGUMENT]...\n");
        return 2;
    }
    output = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    uint64_t site = strtoull(argv[2], NULL, 16), hits = 0;
    pid_t program = fork();
    if (program == 0) {
        raise(SIGSTOP);
        execv(argv[3], argv + 3);
        fail(argv[3]);
    }
    int status;
    if (waitpid(program, &status, WUNTRACED) < 0 || ptrace(PTRACE_SEIZE, program, NULL, OPTIONS) != 0)
        fail("ptrace");
    kill(program, SIGCONT);

    for (;;) {
        pid_t tid = wait4(-1, &status, __WALL | WNOHANG, NULL);
        if (tid == 0)
            continue;
        if (tid < 0)
            break; /* no thread is left */
        if (!WIFSTOPPED(status))
            continue;
        int event = status >> 16, signal = WSTOPSIG(status);
        if (event == PTRACE_EVENT_EXEC) {
            site += base_of(program);
            arm(program, site);
        } else if (event == 0 && signal == SIGTRAP && hit(tid, site)) {
            hits++;
            signal = 0;
        }
        ptrace(PTRACE_CONT, tid, NULL, event == 0 ? signal : 0);
    }
    flush();
    printf("hits %lu\n", hits);
    return 0;
}
