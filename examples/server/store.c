/* The store: a hash table of chains, one lock for each bucket. */
#include "server.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS = 16, CAPACITY = 1024 };

struct bucket {
    pthread_mutex_t lock;
    struct entry *first;
};

static struct bucket buckets[BUCKETS] = {[0 ... BUCKETS - 1] = {PTHREAD_MUTEX_INITIALIZER, NULL}};
static atomic_uint size;

/* FNV-1a. */
static inline uint32_t hash_of(const char *key) {
    uint32_t hash = 2166136261u;
    for (const char *at = key; *at != '\0'; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    return hash;
}

static struct bucket *lock_bucket(uint32_t hash) {
    struct bucket *bucket = &buckets[hash % BUCKETS];
    pthread_mutex_lock(&bucket->lock);
    return bucket;
}

/* The link that points to the entry of this key, or to NULL at the end of the chain. */
static struct entry **find(struct bucket *bucket, uint32_t hash, const char *key) {
    COUNT(find);
    struct entry **link = &bucket->first;
    for (; *link != NULL; link = &(*link)->next) {
        COUNT(compared);
        if ((*link)->hash == hash && strcmp((*link)->key, key) == 0)
            break;
    }
    return link;
}

bool store_get(const char *key, char value[32]) {
    COUNT(store_get);
    uint32_t hash = hash_of(key);
    struct bucket *bucket = lock_bucket(hash);
    struct entry *entry = *find(bucket, hash, key);
    if (entry != NULL)
        memcpy(value, entry->value, sizeof entry->value);
    pthread_mutex_unlock(&bucket->lock);
    return entry != NULL;
}

/* The entry's version afterwards; 0 when the store is full. */
uint32_t store_put(const char *key, const char *value) {
    COUNT(store_put);
    uint32_t hash = hash_of(key);
    uint32_t version = 0;
    struct bucket *bucket = lock_bucket(hash);
    struct entry **link = find(bucket, hash, key);
    if (*link == NULL && atomic_load(&size) < CAPACITY) {
        COUNT(created);
        *link = calloc(1, sizeof **link);
        (*link)->hash = hash;
        strcpy((*link)->key, key);
        atomic_fetch_add(&size, 1);
    } else if (*link != NULL) {
        COUNT(replaced);
    }
    if (*link != NULL) {
        strncpy((*link)->value, value, sizeof(*link)->value - 1);
        version = ++(*link)->version;
    }
    pthread_mutex_unlock(&bucket->lock);
    return version;
}

bool store_delete(const char *key) {
    COUNT(store_delete);
    uint32_t hash = hash_of(key);
    struct bucket *bucket = lock_bucket(hash);
    struct entry **link = find(bucket, hash, key);
    struct entry *gone = *link;
    if (gone != NULL) {
        *link = gone->next;
        atomic_fetch_sub(&size, 1);
    }
    pthread_mutex_unlock(&bucket->lock);
    free(gone);
    return gone != NULL;
}

unsigned store_size(void) {
    return atomic_load(&size);
}
