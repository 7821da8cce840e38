#include "engine/general/value.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE = 64, STEPS_PER_DOUBLING = 8, CLASSES = 64 * STEPS_PER_DOUBLING, HUGE_PAGE = 2 << 20 };
enum storage_holds { HOLDS_BYTES, HOLDS_STRINGS, HOLDS_VALUES };

struct storage {
    struct pool *pool;
    size_t room; /* bytes of data */
    int64_t holders;
    int64_t n; /* strings or values that end with it */
    enum storage_holds holds;
    int class;
    struct storage *next; /* in the pool's list of its class while nobody holds it */
    _Alignas(LINE) unsigned char data[];
};
struct pool {
    size_t bytes_max, bytes_held, bytes_idle; /* by values; waiting for the next value */
    struct storage *idle[CLASSES];
};

#define ELEMENT_BYTES(name, type) [DTYPE_##name] = sizeof(type),
static const size_t element_bytes[DTYPE_N] = {VALUE_TYPES(ELEMENT_BYTES)[DTYPE_S4] = 1, [DTYPE_STRING] =
                                                                                            sizeof(char *)};
size_t value_element_bytes(enum dtype d) { return d < DTYPE_N ? element_bytes[d] : 0; }

struct pool *pool_new(size_t bytes_max)
{
    struct pool *p = calloc(1, sizeof *p);
    if (p) p->bytes_max = bytes_max;
    return p;
}

static void drop_idle(struct pool *p)
{
    for (int i = 0; i < CLASSES; i++)
        for (struct storage *s = p->idle[i], *next; s; s = next) {
            next = s->next;
            free(s);
        }
    memset(p->idle, 0, sizeof p->idle);
    p->bytes_idle = 0;
}

void pool_free(struct pool *p)
{
    if (!p) return;
    drop_idle(p);
    free(p);
}

size_t pool_bytes(const struct pool *p) { return p->bytes_held + p->bytes_idle; }

/* Sizes are rounded up to eight steps per doubling, so that what one value leaves fits the next of nearly its size. */
static size_t rounded(size_t bytes, int *class)
{
    size_t lines = bytes < LINE ? 1 : (bytes - 1) / LINE + 1, step = 1;
    int doublings = 0;
    while (lines > 2 * STEPS_PER_DOUBLING * step) step *= 2, doublings++;
    size_t steps = (lines + step - 1) / step;
    *class = doublings * STEPS_PER_DOUBLING + (int)steps;
    return steps * step * LINE;
}

static struct storage *allocated(size_t room)
{
    size_t bytes = sizeof(struct storage) + room, unit = room >= 2 * HUGE_PAGE ? HUGE_PAGE : LINE;
    bytes = (bytes + unit - 1) / unit * unit;
    struct storage *s = aligned_alloc(unit, bytes);
    if (s && unit == HUGE_PAGE) madvise(s, bytes, MADV_HUGEPAGE);
    return s;
}

static struct storage *storage_new(struct pool *p, size_t bytes, gable_error *e)
{
    int class = 0;
    size_t room = bytes > SIZE_MAX / 4 ? SIZE_MAX / 2 : rounded(bytes, &class);
    if (p->bytes_held > p->bytes_max || room > p->bytes_max - p->bytes_held) {
        error_set(e, GABLE_NO_MEMORY, "a value of %.1f MiB does not fit: %.1f of at most %.1f MiB are in use",
                  (double)bytes / (1 << 20), (double)p->bytes_held / (1 << 20), (double)p->bytes_max / (1 << 20));
        return NULL;
    }
    struct storage *s = p->idle[class];
    if (s) {
        p->idle[class] = s->next;
        p->bytes_idle -= room;
    } else {
        if (p->bytes_idle > p->bytes_max - p->bytes_held - room) drop_idle(p);
        s = allocated(room);
    }
    if (!s) {
        error_set(e, GABLE_NO_MEMORY, "the system has no memory for a value of %.1f MiB", (double)bytes / (1 << 20));
        return NULL;
    }
    *s = (struct storage){.pool = p, .room = room, .holders = 1, .class = class};
    p->bytes_held += room;
    return s;
}

static gable_status count_elements(int rank, const int64_t *dim, int64_t *n, gable_error *e)
{
    bool is_empty = false, is_large = false;
    *n = 1;
    if (rank < 0 || rank > SHAPE_RANK_MAX)
        return error_set(e, GABLE_BAD_INPUT, "a value of %d dimensions, at most %d are possible", rank, SHAPE_RANK_MAX);
    for (int i = 0; i < rank; i++) {
        if (dim[i] < 0) return error_set(e, GABLE_BAD_INPUT, "dimension %d of a value is %lld", i, (long long)dim[i]);
        is_empty = is_empty || dim[i] == 0;
        is_large = is_large || __builtin_mul_overflow(*n, dim[i], n);
    }
    if (is_empty) *n = 0;
    if (is_empty || (!is_large && *n < INT64_MAX / 16)) return GABLE_OK;
    return error_set(e, GABLE_NO_MEMORY, "a value would have more than 2^59 elements");
}

gable_status value_new(struct pool *p, enum dtype d, int rank, const int64_t *dim, struct value *out, gable_error *e)
{
    size_t size = value_element_bytes(d);
    int64_t n;
    *out = (struct value){0};
    gable_status status = count_elements(rank, dim, &n, e);
    if (status) return status;
    if (!size) return error_set(e, GABLE_BAD_INPUT, "values of type %s cannot be held", dtype_name(d));
    struct storage *s = storage_new(p, (size_t)n * size, e);
    if (!s) return GABLE_NO_MEMORY;
    if (d == DTYPE_STRING) {
        s->holds = HOLDS_STRINGS;
        s->n = n;
        memset(s->data, 0, (size_t)n * size);
    }
    *out = (struct value){.kind = VALUE_TENSOR, .dtype = d, .rank = rank, .n = n, .data = s->data, .storage = s};
    for (int i = 0; i < rank; i++) out->dim[i] = dim[i];
    return GABLE_OK;
}

gable_status value_new_sequence(struct pool *p, enum dtype d, int64_t n, struct value *out, gable_error *e)
{
    *out = (struct value){0};
    if (n < 0 || n > INT64_MAX / (int64_t)sizeof(struct value))
        return error_set(e, GABLE_BAD_INPUT, "a sequence of %lld values", (long long)n);
    struct storage *s = storage_new(p, (size_t)n * sizeof(struct value), e);
    if (!s) return GABLE_NO_MEMORY;
    s->holds = HOLDS_VALUES;
    s->n = n;
    memset(s->data, 0, (size_t)n * sizeof(struct value));
    *out = (struct value){.kind = VALUE_SEQUENCE, .dtype = d, .n = n, .data = s->data, .storage = s};
    return GABLE_OK;
}

bool value_set_string(struct value *v, int64_t i, const char *text)
{
    char **at = (char **)v->data + i, *copy = strdup(text);
    if (!copy) return false;
    free(*at);
    *at = copy;
    return true;
}

void value_share(const struct value *v, struct value *out)
{
    *out = *v;
    if (v->storage) v->storage->holders++;
}

static void storage_end(struct storage *s)
{
    struct pool *p = s->pool;
    char **strings = (char **)(void *)s->data;
    struct value *values = (struct value *)(void *)s->data;
    for (int64_t i = 0; i < s->n; i++)
        if (s->holds == HOLDS_STRINGS)
            free(strings[i]);
        else
            value_release(&values[i]);
    s->next = p->idle[s->class];
    p->idle[s->class] = s;
    p->bytes_held -= s->room;
    p->bytes_idle += s->room;
}

void value_release(struct value *v)
{
    if (v->storage && --v->storage->holders == 0) storage_end(v->storage);
    *v = (struct value){0};
}

bool value_same_shape(const struct value *a, const struct value *b)
{
    if (a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i]) return false;
    return true;
}
