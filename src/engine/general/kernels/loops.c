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

gable_status loops_join(struct call *c, binary_loop *loop, const struct value *a, const struct value *b,
                        struct value *y)
{
    if (!loop) return loops_refuse_dtype(c, a->dtype);
    if (a->dtype != b->dtype)
        return call_refuse(c, "its inputs are of types %s and %s", dtype_name(a->dtype), dtype_name(b->dtype));
    struct walk w;
    walk_broadcast(&w, 2, (const struct value *[]){a, b}, y->rank, y->dim);
    struct join j = {.loop = loop, .a = a->data, .b = b->data, .y = y->data};
    j.in_bytes = value_element_bytes(a->dtype);
    j.out_bytes = value_element_bytes(y->dtype);
    j.which = walk_step(&w, 0) == 0 ? OPERANDS_ONE_FIRST : walk_step(&w, 1) == 0 ? OPERANDS_ONE_SECOND : OPERANDS_EACH;
    walk_parallel(c, &w, join_run, &j);
    return GABLE_OK;
}
