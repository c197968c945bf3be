/* The threads: clients put requests in a queue, workers take them out and handle them, bystanders only count their own work. */
#define _GNU_SOURCE
#include "server.h"

#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_THREADS = 64, QUEUE_LENGTH = 128, KEYS = 64 };

static struct {
    uint64_t requests; /* in all */
    unsigned rate;     /* requests a second in all; 0: as fast as they are handled */
    unsigned clients, workers, bystanders;
} options = {.requests = 2000, .rate = 1000, .clients = 2, .workers = 3, .bystanders = 1};

static atomic_bool stopping;         /* clients send no more */
static atomic_bool finished;         /* bystanders count no more */
static atomic_uint_fast64_t next_id; /* of the next request, from 0 */

/* ---- the account ---- */

_Thread_local volatile struct counters counters;

static struct counters total;
static pthread_mutex_t total_lock = PTHREAD_MUTEX_INITIALIZER;

/* Every counting thread calls it when it ends. */
static void add_to_total(void) {
    pthread_mutex_lock(&total_lock);
#define ADD(name) total.name += counters.name;
    COUNTED_PLACES(ADD)
#undef ADD
    pthread_mutex_unlock(&total_lock);
}

/* ---- the queue ---- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t not_empty, not_full;
    struct request *requests[QUEUE_LENGTH];
    unsigned first, length;
    bool closed;
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .not_empty = PTHREAD_COND_INITIALIZER, .not_full = PTHREAD_COND_INITIALIZER};

static void enqueue(struct request *request) {
    pthread_mutex_lock(&queue.lock);
    while (queue.length == QUEUE_LENGTH) {
        COUNT(queue_full);
        pthread_cond_wait(&queue.not_full, &queue.lock);
    }
    queue.requests[(queue.first + queue.length++) % QUEUE_LENGTH] = request;
    pthread_cond_signal(&queue.not_empty);
    pthread_mutex_unlock(&queue.lock);
}

/* The oldest request; waits for one. NULL: the queue is closed and empty. */
static struct request *take(void) {
    struct request *request = NULL;
    pthread_mutex_lock(&queue.lock);
    while (queue.length == 0 && !queue.closed)
        pthread_cond_wait(&queue.not_empty, &queue.lock);
    if (queue.length > 0) {
        COUNT(take);
        request = queue.requests[queue.first];
        queue.first = (queue.first + 1) % QUEUE_LENGTH;
        queue.length--;
        pthread_cond_signal(&queue.not_full);
    }
    pthread_mutex_unlock(&queue.lock);
    return request;
}

static void close_queue(void) {
    pthread_mutex_lock(&queue.lock);
    queue.closed = true;
    pthread_cond_broadcast(&queue.not_empty);
    pthread_mutex_unlock(&queue.lock);
}

/* ---- the threads ---- */

/* xorshift32 */
static uint32_t random_number(uint32_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static struct request *make_request(struct client *client, uint64_t id) {
    uint32_t dice = random_number(&client->seed) % 10;
    struct request *request = calloc(1, sizeof *request);
    request->id = id;
    request->method = dice < 6 ? METHOD_GET : dice < 9 ? METHOD_PUT : METHOD_DELETE;
    request->client = client;
    snprintf(request->key, sizeof request->key, "user:%u", random_number(&client->seed) % KEYS);
    if (request->method == METHOD_PUT)
        snprintf(request->value, sizeof request->value, "seen by %s", client->name);
    return request;
}

static void name_thread(const char *role, unsigned number) {
    char name[16];
    snprintf(name, sizeof name, "%s %u", role, number);
    pthread_setname_np(pthread_self(), name);
}

static void *run_client(void *argument) {
    struct client *client = argument;
    struct timespec due;
    name_thread("client", client->number);
    clock_gettime(CLOCK_MONOTONIC, &due);
    while (!stopping) {
        uint64_t id = next_id++;
        if (id >= options.requests)
            break;
        enqueue(make_request(client, id));
        if (options.rate > 0) {
            due.tv_nsec += 1000000000L / options.rate * options.clients;
            due.tv_sec += due.tv_nsec / 1000000000L;
            due.tv_nsec %= 1000000000L;
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
        }
    }
    add_to_total();
    return NULL;
}

static void *run_worker(void *argument) {
    struct request *request;
    name_thread("worker", *(unsigned *)argument);
    while ((request = take()) != NULL) {
        handle_request(request);
        free(request);
    }
    add_to_total();
    return NULL;
}

struct bystander {
    unsigned number;
    uint64_t rounds; /* of work done */
    double seconds;
    uint32_t state;
};

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Has nothing to do with requests: what it gets done tells how much a tracer of the others disturbs it. */
static void *run_bystander(void *argument) {
    struct bystander *self = argument;
    name_thread("bystander", self->number);
    double start = now();
    for (; !finished; self->rounds++)
        for (int i = 0; i < 1000; i++)
            random_number(&self->state);
    self->seconds = now() - start;
    return NULL;
}

/* ---- the program ---- */

static void stop(int signal) {
    (void)signal;
    stopping = true;
}

static void usage(FILE *to) {
    fprintf(to, "usage: server [--requests N | --endless] [--rate PER_SECOND] [--clients N] [--workers N] [--bystanders N]\n"
                "Handles N requests (2000) at that rate (1000; 0: without a pause), then prints its own counters.\n");
}

static unsigned number_of(const char *text, unsigned long limit) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value > limit) {
        fprintf(stderr, "server: %s is no number from 0 to %lu\n", text, limit);
        exit(2);
    }
    return (unsigned)value;
}

static void read_options(int argc, char **argv) {
    static const struct option known[] = {
        {"requests", required_argument, NULL, 'n'}, {"endless", no_argument, NULL, 'e'},
        {"rate", required_argument, NULL, 'r'},     {"clients", required_argument, NULL, 'c'},
        {"workers", required_argument, NULL, 'w'},  {"bystanders", required_argument, NULL, 'b'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0},
    };
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (option) {
        case 'n': options.requests = number_of(optarg, 1000000000); break;
        case 'e': options.requests = UINT64_MAX; break;
        case 'r': options.rate = number_of(optarg, 1000000); break;
        case 'c': options.clients = number_of(optarg, MAX_THREADS); break;
        case 'w': options.workers = number_of(optarg, MAX_THREADS); break;
        case 'b': options.bystanders = number_of(optarg, MAX_THREADS); break;
        case 'h': usage(stdout); exit(0);
        default: usage(stderr); exit(2);
        }
    }
}

int main(int argc, char **argv) {
    static struct client client[MAX_THREADS];
    static struct bystander bystander[MAX_THREADS];
    static unsigned worker[MAX_THREADS];
    pthread_t clients[MAX_THREADS], workers[MAX_THREADS], bystanders[MAX_THREADS];

    read_options(argc, argv);
    struct sigaction on_stop = {.sa_handler = stop, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &on_stop, NULL);
    sigaction(SIGTERM, &on_stop, NULL);

    for (unsigned i = 0; i < options.bystanders; i++) {
        bystander[i] = (struct bystander){.number = i + 1, .state = i + 1};
        pthread_create(&bystanders[i], NULL, run_bystander, &bystander[i]);
    }
    for (unsigned i = 0; i < options.workers; i++) {
        worker[i] = i + 1;
        pthread_create(&workers[i], NULL, run_worker, &worker[i]);
    }
    for (unsigned i = 0; i < options.clients; i++) {
        client[i] = (struct client){.number = i + 1, .seed = 2654435769u * (i + 1)};
        snprintf(client[i].name, sizeof client[i].name, "client %u", i + 1);
        pthread_create(&clients[i], NULL, run_client, &client[i]);
    }

    for (unsigned i = 0; i < options.clients; i++)
        pthread_join(clients[i], NULL);
    close_queue();
    for (unsigned i = 0; i < options.workers; i++)
        pthread_join(workers[i], NULL);
    finished = true;
    for (unsigned i = 0; i < options.bystanders; i++) {
        pthread_join(bystanders[i], NULL);
        printf("bystander %u rounds %lu seconds %.3f\n", bystander[i].number, bystander[i].rounds, bystander[i].seconds);
    }
#define PRINT(name) printf("counter " #name " %lu\n", total.name);
    COUNTED_PLACES(PRINT)
#undef PRINT
    printf("entries %u\n", store_size());
    return 0;
}
