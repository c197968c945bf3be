/*
 * What the benchmarks trace: threads that call one small function without pause.
 *
 *   target RESULT THREADS SECONDS
 *
 * writes one line to the file RESULT when it ends: `calls N seconds S`. The time is taken inside, so that it starts when the
 * threads do, however long a tracer needed before. It ends early on SIGTERM.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
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

static void stop(int signal) {
    (void)signal;
    stopping = 1;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "usage: target RESULT THREADS SECONDS\n");
        return 2;
    }
    int threads = atoi(argv[2]);
    double seconds = atof(argv[3]);
    pthread_t thread[MAX_THREADS];
    struct timespec left = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (time_t)seconds) * 1e9)};
    uint64_t total = 0;

    signal(SIGTERM, stop);
    double start = now();
    for (int i = 0; i < threads; i++)
        pthread_create(&thread[i], NULL, run, calls[i]);
    while (!stopping && nanosleep(&left, &left) != 0)
        ;
    stopping = 1;
    for (int i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
        total += calls[i][0];
    }
    FILE *result = fopen(argv[1], "w");
    if (result == NULL)
        return 1;
    fprintf(result, "calls %lu seconds %.6f\n", total, now() - start);
    return fclose(result) == 0 ? 0 : 1;
}
