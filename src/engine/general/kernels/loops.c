#include "engine/general/kernels/loops.h"

#include "engine/general/kernels/walk.h"

gable_status loops_refuse_dtype(struct call *c, enum dtype d)
{
    return call_refuse(c, "has no meaning for values of type %s", dtype_name(d));
}

struct map {
    unary_loop *loop;
    const char *x;
    char *y;
    size_t x_bytes, y_bytes; /* of an element */
    const double *p;
};
static void map_work(void *arg, int64_t first, int64_t end)
{
    const struct map *m = arg;
    m->loop(m->x + (size_t)first * m->x_bytes, m->y + (size_t)first * m->y_bytes, end - first, m->p);
}

gable_status loops_map(struct call *c, unary_loop *loop, const struct value *from, enum dtype to, const double *p)
{
    if (!loop) return loops_refuse_dtype(c, from->dtype);
    gable_status s = call_make(c, 0, to, from->rank, from->dim);
    if (s) return s;
    struct map m = {loop, from->data, c->out[0]->data, value_element_bytes(from->dtype), value_element_bytes(to), p};
    call_parallel(c, from->n, GRAIN, map_work, &m);
    return GABLE_OK;
}

struct join {
    binary_loop *loop;
    const char *a, *b;
    char *y;
    size_t in_bytes, out_bytes; /* of an element */
    enum operands which;
};
static void join_run(const void *arg, const int64_t *offset, int64_t out, int64_t n)
{
    const struct join *j = arg;
    j->loop(j->a + (size_t)offset[0] * j->in_bytes, j->b + (size_t)offset[1] * j->in_bytes,
            j->y + (size_t)out * j->out_bytes, n, j->which);
}

/* Where the innermost loop is short (boxes of 4, pixels of 3), stretched operands of 32 bits are written out tile by
   tile, so that the loop sees rows. */
enum { SHORT = 16, TILE = 1024 };
struct short_join {
    struct join join;
    struct walk walk[2]; /* of each operand alone: straight, or rows that stand still or are repeated */
};

static bool is_straight(const struct walk *w) { return w->rank == 1 && walk_step(w, 0) == 1; }

static const void *written_out(const struct walk *w, const char *from, int64_t first, int64_t n, uint32_t *tile)
{
    const uint32_t *x = (const uint32_t *)(const void *)from;
    int64_t inner = w->dim[w->rank - 1], step = walk_step(w, 0), row_step = w->rank == 2 ? w->stride[0][0] : 0;
    if (is_straight(w)) return x + first;
    x += first / inner * row_step;
    for (int64_t k = 0, i = first % inner; k < n; i = 0, x += row_step)
        for (; i < inner && k < n; i++) tile[k++] = x[i * step];
    return tile;
}

static void join_short(void *arg, int64_t first, int64_t end)
{
    const struct short_join *s = arg;
    const struct join *j = &s->join;
    uint32_t a[TILE], b[TILE];
    for (int64_t at = first, n; at < end; at += n) {
        n = end - at < TILE ? end - at : TILE;
        j->loop(written_out(&s->walk[0], j->a, at, n, a), written_out(&s->walk[1], j->b, at, n, b),
                j->y + (size_t)at * j->out_bytes, n, OPERANDS_EACH);
    }
}

/* False where the plain way is the better one. */
static bool joined_short(struct call *c, const struct walk *w, const struct join *j, const struct value *const *in,
                         const struct value *y)
{
    struct short_join s = {.join = *j};
    if (j->in_bytes != sizeof(uint32_t) || w->rank < 2 || w->dim[w->rank - 1] >= SHORT) return false;
    for (int i = 0; i < 2; i++) {
        walk_broadcast(&s.walk[i], 1, &in[i], y->rank, y->dim);
        if (s.walk[i].rank > 2) return false;
    }
    call_parallel(c, y->n, GRAIN, join_short, &s);
    return true;
}

gable_status loops_join(struct call *c, binary_loop *loop, const struct value *a, const struct value *b,
                        struct value *y)
{
    if (!loop) return loops_refuse_dtype(c, a->dtype);
    if (a->dtype != b->dtype)
        return call_refuse(c, "its inputs are of types %s and %s", dtype_name(a->dtype), dtype_name(b->dtype));
    struct walk w;
    const struct value *const in[] = {a, b};
    walk_broadcast(&w, 2, in, y->rank, y->dim);
    struct join j = {.loop = loop, .a = a->data, .b = b->data, .y = y->data};
    j.in_bytes = value_element_bytes(a->dtype);
    j.out_bytes = value_element_bytes(y->dtype);
    j.which = walk_step(&w, 0) == 0 ? OPERANDS_ONE_FIRST : walk_step(&w, 1) == 0 ? OPERANDS_ONE_SECOND : OPERANDS_EACH;
    if (!joined_short(c, &w, &j, in, y)) walk_parallel(c, &w, join_run, &j);
    return GABLE_OK;
}
