#include "onnx/names.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct slot {
    const char *name;
    struct tensor *tensor;
};
struct names {
    uint64_t secret;
    size_t n, room; /* room is a power of two, at most 2^32 */
    struct slot *slots;
};

/* A polynomial of a secret odd number, of which the high bits count: no file can be made whose names meet in one slot.
 */
static uint64_t hash(const struct names *n, const char *s)
{
    uint64_t h = n->secret;
    for (; *s; s++) h = (h ^ (unsigned char)*s) * n->secret;
    return h >> 32;
}

struct names *names_new(void)
{
    struct names *n = calloc(1, sizeof *n);
    if (!n) return NULL;
    if (getrandom(&n->secret, sizeof n->secret, GRND_NONBLOCK) < 0)
        n->secret = (uint64_t)(uintptr_t)n * 0x9e3779b97f4a7c15;
    n->secret |= 1;
    n->room = 1024;
    n->slots = calloc(n->room, sizeof *n->slots);
    if (n->slots) return n;
    free(n);
    return NULL;
}

void names_free(struct names *n)
{
    if (!n) return;
    free(n->slots);
    free(n);
}

/* Where a name is, or would be, in slots of n or in those that will be n's. */
static struct slot *place(const struct names *n, struct slot *slots, size_t room, const char *name)
{
    size_t i = hash(n, name) & (room - 1);
    while (slots[i].name && strcmp(slots[i].name, name) != 0) i = (i + 1) & (room - 1);
    return &slots[i];
}

static bool grow(struct names *n)
{
    size_t room = 2 * n->room;
    struct slot *slots = calloc(room, sizeof *slots);
    if (!slots) return false;
    for (size_t i = 0; i < n->room; i++)
        if (n->slots[i].name) *place(n, slots, room, n->slots[i].name) = n->slots[i];
    free(n->slots);
    n->slots = slots;
    n->room = room;
    return true;
}

bool names_add(struct names *n, const char *name, struct tensor *t)
{
    if (2 * n->n >= n->room && !grow(n)) return false;
    struct slot *s = place(n, n->slots, n->room, name);
    if (s->name) return false;
    *s = (struct slot){name, t};
    n->n++;
    return true;
}

struct tensor *names_find(const struct names *n, const char *name) { return place(n, n->slots, n->room, name)->tensor; }
