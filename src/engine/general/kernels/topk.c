/* TopK: a heap of the k best keys so far, whose root is the worst of them; sorted at the end. Of equal values the one
   with the lower index comes first. */
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/keys.h"
#include "engine/general/kernels/lines.h"
#include "engine/general/kernels/operands.h"

#include <inttypes.h>
#include <string.h>

struct item {
    uint64_t key; /* the smaller, the better: keys are turned round where the largest are asked for */
    int64_t index;
};
static bool is_worse(struct item a, struct item b) { return a.key != b.key ? a.key > b.key : a.index > b.index; }

/* The item at place i sinks until no child is worse. */
static void sink(struct item *heap, int64_t n, int64_t i)
{
    struct item moving = heap[i];
    for (int64_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && is_worse(heap[child + 1], heap[child])) child++;
        if (!is_worse(heap[child], moving)) break;
        heap[i] = heap[child];
    }
    heap[i] = moving;
}

static void best(const uint64_t *key, int64_t n, int64_t k, struct item *heap)
{
    for (int64_t i = 0; i < k; i++) heap[i] = (struct item){key[i], i};
    for (int64_t i = k / 2; i-- > 0;) sink(heap, k, i);
    for (int64_t i = k; i < n && k > 0; i++) {
        if (key[i] >= heap[0].key) continue; /* an equal one that comes later is worse */
        heap[0] = (struct item){key[i], i};
        sink(heap, k, 0);
    }
    for (int64_t left = k; left-- > 1;) { /* the worst goes last */
        struct item worst = heap[0];
        heap[0] = heap[left];
        heap[left] = worst;
        sink(heap, left, 0);
    }
}

struct topk {
    struct lines in, out;
    const struct value *x;
    char *y;
    int64_t *index;
    size_t bytes;
    bool is_largest;
    int64_t lines, per_part; /* of one thread's part, which has memory of its own */
    uint64_t *keys;
    struct item *heaps;
};
static void topk_part(void *arg, int64_t first, int64_t end)
{
    const struct topk *t = arg;
    for (int64_t part = first; part < end; part++) {
        uint64_t *key = t->keys + part * t->in.places;
        struct item *heap = t->heaps + part * t->out.places;
        int64_t until = (part + 1) * t->per_part < t->lines ? (part + 1) * t->per_part : t->lines;
        for (int64_t i = part * t->per_part; i < until; i++) {
            keys_read(t->x, lines_at(&t->in, i, 0), t->in.places, t->in.inner, key);
            for (int64_t k = 0; k < t->in.places && t->is_largest; k++) key[k] = ~key[k];
            best(key, t->in.places, t->out.places, heap);
            for (int64_t k = 0; k < t->out.places; k++) {
                int64_t to = lines_at(&t->out, i, k), from = lines_at(&t->in, i, heap[k].index);
                memcpy(t->y + (size_t)to * t->bytes, (const char *)t->x->data + (size_t)from * t->bytes, t->bytes);
                if (t->index) t->index[to] = heap[k].index;
            }
        }
    }
}

static gable_status select_all(struct call *c, struct topk *t)
{
    int64_t parts = call_threads(c);
    t->lines = t->out.outer * t->out.inner;
    parts = parts < t->lines ? parts : t->lines;
    t->per_part = (t->lines + parts - 1) / parts;
    t->keys = call_scratch(c, (size_t)(parts * t->in.places) * sizeof *t->keys);
    t->heaps = call_scratch(c, (size_t)(parts * t->out.places) * sizeof *t->heaps);
    if (!t->keys || !t->heaps) return operand_no_memory(c);
    call_parallel(c, parts, t->x->n < GRAIN ? parts : 1, topk_part, t);
    return GABLE_OK;
}

static gable_status run_topk(struct call *c)
{
    const struct value *x = c->in[0];
    int axis;
    int64_t k = node_int(c->node, "k", -1), dim[SHAPE_RANK_MAX];
    struct topk t = {.x = x, .bytes = value_element_bytes(x->dtype)};
    gable_status s = operand_axis(c, -1, x->rank, &axis);
    if (!s && call_has(c, 1)) s = operand_int(c, 1, &k);
    if (!s && (k < 0 || k > x->dim[axis]))
        s = call_refuse(c, "the best %" PRId64 " of %" PRId64 " values", k, x->dim[axis]);
    if (!s && x->dtype == DTYPE_STRING) s = call_refuse(c, "strings have no order here");
    if (s) return s;
    for (int i = 0; i < x->rank; i++) dim[i] = i == axis ? k : x->dim[i];
    s = call_make(c, 0, x->dtype, x->rank, dim);
    if (!s && c->n_out > 1) s = call_make(c, 1, DTYPE_S64, x->rank, dim);
    if (s || c->out[0]->n == 0) return s;
    t.in = lines_of(x, axis);
    t.out = lines_of(c->out[0], axis);
    t.y = c->out[0]->data;
    t.index = c->n_out > 1 ? c->out[1]->data : NULL;
    t.is_largest = node_int(c->node, "largest", 1) != 0;
    return select_all(c, &t);
}

const struct kernel kernels_topk[] = {{.op = "TopK", .domain = "", .run = run_topk}, {0}};
