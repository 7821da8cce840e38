#include "onnx/names.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

struct slot {
    const char *name;
    struct tensor *tensor;
};
struct names {
    uint64_t secret;
    size_t n, room; /* room is a power of two, at most 2^32 */
    struct slot *slots;
};

struct names *names_new(void)
{
    struct names *n = calloc(1, sizeof *n);
    if (!n) return NULL;
    n->secret = hash_secret();
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
    size_t i = hash_slot(hash_more(n->secret, n->secret, name, strlen(name)), room);
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
