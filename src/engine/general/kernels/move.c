#include "engine/general/kernels/move.h"

#include "engine/general/kernels/hot.h"

#include <string.h>

struct rows {
    char *to;
    const char *from;
    int64_t to_step, from_step, bytes;
};
static void copy_rows(void *arg, int64_t first, int64_t end) /* counted in bytes */
{
    const struct rows *r = arg;
    for (int64_t at = first, row, skipped, n; at < end; at += n) {
        row = at / r->bytes;
        skipped = at % r->bytes;
        n = r->bytes - skipped < end - at ? r->bytes - skipped : end - at;
        memcpy(r->to + row * r->to_step + skipped, r->from + row * r->from_step + skipped, (size_t)n);
    }
}

void move_rows(struct call *c, char *to, int64_t to_step, const char *from, int64_t from_step, int64_t bytes,
               int64_t rows)
{
    struct rows r = {to, from, to_step, from_step, bytes};
    if (bytes > 0) call_parallel(c, bytes * rows, 4 * GRAIN, copy_rows, &r);
}

#define RUN(bits)                                                               \
    static void run_##bits(char *to, const char *from, int64_t n, int64_t step) \
    {                                                                           \
        uint##bits##_t *y = (uint##bits##_t *)(void *)to;                       \
        const uint##bits##_t *x = (const uint##bits##_t *)(const void *)from;   \
        if (step == 0) {                                                        \
            const uint##bits##_t one = n ? *x : 0;                              \
            EACH (i, n) y[i] = one;                                             \
        } else {                                                                \
            EACH (i, n) y[i] = x[i * step];                                     \
        }                                                                       \
    }
RUN(8)
RUN(16)
RUN(32)
RUN(64)

static void move_run(char *to, const char *from, int64_t n, int64_t step, size_t bytes)
{
    if (step == 1)
        memcpy(to, from, (size_t)n * bytes);
    else
        (bytes == 1 ? run_8 : bytes == 2 ? run_16 : bytes == 4 ? run_32 : run_64)(to, from, n, step);
}

struct walked {
    char *to;
    const char *from;
    int64_t step;
    size_t bytes;
};
static void walk_copy(const void *arg, const int64_t *offset, int64_t out, int64_t n)
{
    const struct walked *m = arg;
    move_run(m->to + out * (int64_t)m->bytes, m->from + offset[0] * (int64_t)m->bytes, n, m->step, m->bytes);
}

gable_status move_walk(struct call *c, const struct walk *w, const struct value *from, struct value *out)
{
    const struct walked m = {out->data, from->data, walk_step(w, 0), value_element_bytes(out->dtype)};
    walk_parallel(c, w, walk_copy, &m);
    return operand_own(c, out);
}
