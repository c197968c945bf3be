/*
 * What the benchmarks trace: threads that call one small function without pause.
 *
 *   target RESULT THREADS SECONDS [CPU]
 *
 * writes one line to the file RESULT when it ends: `calls N seconds S`. The time is taken inside, so that it starts when the
 * threads do, however long a tracer needed before. It ends early on SIGTERM.
 *
 * With CPU, one more thread works on that processor without ever calling the function, and ` work N free S stops N pause US` follows: what it got
 * done, the time in which nobody else had its processor, how often it stopped, and the longest time in µs during which it did not run.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { MAX_THREADS = 16 };

static atomic_bool stopping;
static uint64_t calls[MAX_THREADS][8]; /* one cache line each */

__attribute__((noinline)) uint64_t step(uint64_t sum, int x) {
    return sum * 31 + (unsigned)x; /* #probe */
}

static void *run(void *argument) {
    uint64_t *own = argument, sum = 0, count = 0;
    for (; !stopping; count++)
        sum = step(sum, (int)count);
    own[0] = count;
    own[1] = sum;
    return NULL;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static struct bystander {
    int cpu;
    uint64_t work, sum;
    long stops;
    double pause, free; /* s */
} bystander;

/* How long this thread has been ready to run, but did not: the second number of schedstat (sched-stats.rst of the kernel's documentation). */
static double queued(void) {
    unsigned long ran = 0, waited = 0;
    FILE *file = fopen("/proc/thread-self/schedstat", "r");
    if (file == NULL || fscanf(file, "%lu %lu", &ran, &waited) != 2)
        abort();
    fclose(file);
    return (double)waited / 1e9;
}

/* How often this thread has stopped running while it could have gone on: it never sleeps, so somebody stopped it. */
static long stops(void) {
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
}

/* Looks at the clock after each piece of work of about a microsecond. */
static void *stand_by(void *argument) {
    struct bystander *own = argument;
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(own->cpu, &cpus);
    if (pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus) != 0)
        abort();
    double start = now(), waited = queued();
    long stopped = stops();
    for (double last = now(), time; !stopping; last = time) {
        for (int i = 0; i < 1000; i++)
            own->sum = own->sum * 31 + own->work;
        own->work++;
        time = now();
        if (time - last > own->pause)
            own->pause = time - last;
    }
    own->stops = stops() - stopped;
    own->free = now() - start - (queued() - waited);
    return NULL;
}

static void stop(int signal) {
    (void)signal;
    stopping = 1;
}

int main(int argc, char **argv) {
    if (argc < 4 || argc > 5) {
        fprintf(stderr, "usage: target RESULT THREADS SECONDS [CPU]\n");
        return 2;
    }
    int threads = atoi(argv[2]);
    double seconds = atof(argv[3]);
    pthread_t thread[MAX_THREADS], other;
    struct timespec left = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (time_t)seconds) * 1e9)};
    uint64_t total = 0;

    signal(SIGTERM, stop);
    double start = now();
    for (int i = 0; i < threads; i++)
        pthread_create(&thread[i], NULL, run, calls[i]);
    if (argc == 5) {
        bystander.cpu = atoi(argv[4]);
        pthread_create(&other, NULL, stand_by, &bystander);
    }
    while (!stopping && nanosleep(&left, &left) != 0)
        ;
    stopping = 1;
    for (int i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
        total += calls[i][0];
    }
    if (argc == 5)
        pthread_join(other, NULL);
    FILE *result = fopen(argv[1], "w");
    if (result == NULL)
        return 1;
    fprintf(result, "calls %lu seconds %.6f", total, now() - start);
    if (argc == 5)
        fprintf(result, " work %lu free %.6f stops %ld pause %.1f", bystander.work, bystander.free, bystander.stops, bystander.pause * 1e6);
    fputc('\n', result);
    return fclose(result) == 0 ? 0 : 1;
}
