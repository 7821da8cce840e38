#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined __SANITIZE_ADDRESS__
#define ONE_BLOCK_EACH 1
#elif defined __has_feature
#if __has_feature(address_sanitizer)
#define ONE_BLOCK_EACH 1
#endif
#endif
#ifndef ONE_BLOCK_EACH
#define ONE_BLOCK_EACH 0
#endif

enum { FIRST_BLOCK = 4096, LARGEST_BLOCK = 1 << 20 };

struct block {
    struct block *next;
    size_t used, room;
    alignas(max_align_t) unsigned char bytes[];
};
struct arena {
    struct block *newest;
    size_t used, most, next_room;
};

struct arena *arena_new(size_t bytes_max)
{
    struct arena *a = calloc(1, sizeof *a);
    if (!a) return NULL;
    a->most = bytes_max;
    a->next_room = FIRST_BLOCK;
    return a;
}

void arena_free(struct arena *a)
{
    if (!a) return;
    for (struct block *b = a->newest, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    free(a);
}

static struct block *block_add(struct arena *a, size_t bytes)
{
    size_t room = ONE_BLOCK_EACH || bytes > a->next_room ? bytes : a->next_room;
    struct block *b = malloc(sizeof *b + room);
    if (!b) return NULL;
    *b = (struct block){.next = a->newest, .room = room};
    a->newest = b;
    if (a->next_room < LARGEST_BLOCK) a->next_room *= 2;
    return b;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    const size_t unit = alignof(max_align_t);
    if (!a || bytes > a->most - a->used) return NULL;
    size_t rounded = ONE_BLOCK_EACH ? bytes : (bytes + unit - 1) / unit * unit;
    struct block *b = a->newest;
    if (ONE_BLOCK_EACH || !b || rounded > b->room - b->used) b = block_add(a, rounded);
    if (!b) return NULL;
    void *p = b->bytes + b->used;
    b->used += rounded;
    a->used += bytes;
    memset(p, 0, bytes);
    return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
    size_t bytes;
    return __builtin_mul_overflow(n, size, &bytes) ? NULL : arena_alloc(a, bytes);
}

char *arena_string(struct arena *a, const char *s)
{
    size_t n = strlen(s) + 1;
    char *copy = arena_alloc(a, n);
    if (copy) memcpy(copy, s, n);
    return copy;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *s = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
    if (s) vsnprintf(s, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return s;
}

size_t arena_used(const struct arena *a) { return a->used; }
