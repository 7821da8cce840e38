#include "onnx/names.h"

#include <stdlib.h>
#include <string.h>

struct slot {
    const char *name;
    struct tensor *tensor;
};
struct names {
    size_t n, room; /* room is a power of two */
    struct slot *slots;
};

/* FNV-1a with a start that files cannot know would be stronger; the table is bounded by the node limit, and a probe
   sequence by its load. */
static uint64_t hash(const char *s)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (; *s; s++) h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
    return h ^ h >> 29;
}

struct names *names_new(void)
{
    struct names *n = calloc(1, sizeof *n);
    if (!n) return NULL;
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

static struct slot *place(struct slot *slots, size_t room, const char *name)
{
    size_t i = hash(name) & (room - 1);
    while (slots[i].name && strcmp(slots[i].name, name) != 0) i = (i + 1) & (room - 1);
    return &slots[i];
}

static bool grow(struct names *n)
{
    size_t room = 2 * n->room;
    struct slot *slots = calloc(room, sizeof *slots);
    if (!slots) return false;
    for (size_t i = 0; i < n->room; i++)
        if (n->slots[i].name) *place(slots, room, n->slots[i].name) = n->slots[i];
    free(n->slots);
    n->slots = slots;
    n->room = room;
    return true;
}

bool names_add(struct names *n, const char *name, struct tensor *t)
{
    if (2 * n->n >= n->room && !grow(n)) return false;
    struct slot *s = place(n->slots, n->room, name);
    if (s->name) return false;
    *s = (struct slot){name, t};
    n->n++;
    return true;
}

struct tensor *names_find(const struct names *n, const char *name) { return place(n->slots, n->room, name)->tensor; }
