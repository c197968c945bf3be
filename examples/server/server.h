/*
 * A key-value server that is small enough to read in five minutes and made to be probed: requests with strings, enums and
 * nested structs pass through a queue to worker threads. It needs no network: its clients are threads too.
 *
 *   server.c   threads: clients, the queue, workers, bystanders; command line and the account at the end
 *   handler.c  one request: what each method does
 *   store.c    the hash table
 *
 * The program counts for itself how often each interesting place was passed (COUNT) and prints the counts when it ends, so
 * that what a tracer claims can be checked.
 */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stdint.h>

enum method { METHOD_GET, METHOD_PUT, METHOD_DELETE };

enum status { STATUS_NONE = 0, STATUS_OK = 200, STATUS_CREATED = 201, STATUS_NOT_FOUND = 404, STATUS_FULL = 507 };

struct client {
    char name[16];
    unsigned number;
    uint32_t seed;
};

struct request {
    uint64_t id;
    enum method method;
    const struct client *client;
    char key[16];
    char value[32];     /* what to put, or what was got */
    enum status status; /* STATUS_NONE until it is handled */
};

struct entry {
    struct entry *next;
    uint32_t hash;
    uint32_t version; /* 1 when created, then one more with each put */
    char key[16];
    char value[32];
};

/* handler.c */
void handle_request(struct request *request);

/* store.c */
bool store_get(const char *key, char value[32]);
uint32_t store_put(const char *key, const char *value);
bool store_delete(const char *key);
unsigned store_size(void);

/*
 * The places that are counted. The counters are thread-local and summed when their thread ends: exact without an atomic
 * instruction on the way. They are volatile so that the compiler counts where the source says so.
 */
#define COUNTED_PLACES(place)                                                                                                  \
    place(handle_request) place(reply_get) place(reply_put) place(reply_delete) place(missed)                                  \
    place(store_get) place(store_put) place(store_delete) place(find) place(compared) place(created) place(replaced)           \
    place(take) place(queue_full)

struct counters {
#define DECLARE(name) uint64_t name;
    COUNTED_PLACES(DECLARE)
#undef DECLARE
};

extern _Thread_local volatile struct counters counters;

#define COUNT(name) (counters.name++)

#endif
