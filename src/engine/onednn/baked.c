#include "engine/onednn/baked.h"

#include "engine/onednn/handle.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64, ARGS = 5 };
struct step { /* a primitive, and what it needs besides its operands */
    dnnl_primitive_t run;
    dnnl_memory_t scratch;
    size_t scratch_bytes;
};
struct baked {
    struct onednn *dnnl;
    struct step in, middle, out;          /* in, out: NULL where row-major is what oneDNN likes best */
    dnnl_memory_t x, y, plain_x, plain_y; /* plain: row-major; x and y are they where there is no step */
    dnnl_memory_t w, bias;
    size_t x_bytes, y_bytes; /* of the rearranged ones, 0 for none */
    void *packed;
    bool has_bias;
};

static size_t aligned(size_t bytes) { return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

static dnnl_status_t make_step(const struct onednn *d, const_dnnl_primitive_desc_t of, struct step *out)
{
    const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(of, dnnl_query_scratchpad_md, 0);
    dnnl_status_t s = dnnl_primitive_create(&out->run, of);
    out->scratch_bytes = dnnl_memory_desc_get_size(scratch);
    return s ? s : onednn_memory(d, scratch, &out->scratch);
}

static dnnl_status_t make_reorder(const struct onednn *d, const dnnl_memory_desc_t *from, const dnnl_memory_desc_t *to,
                                  struct step *out)
{
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t chosen = NULL;
    dnnl_status_t s = onednn_attributes(&attributes);
    if (!s) s = dnnl_reorder_primitive_desc_create(&chosen, from, d->engine, to, d->engine, attributes);
    if (!s) s = make_step(d, chosen, out);
    dnnl_primitive_desc_destroy(chosen);
    dnnl_primitive_attr_destroy(attributes);
    return s;
}

static void run_step(struct onednn *d, struct step *s, int n, dnnl_exec_arg_t *args, void *scratch)
{
    onednn_point(s->scratch, scratch);
    args[n] = (dnnl_exec_arg_t){DNNL_ARG_SCRATCHPAD, s->scratch};
    dnnl_primitive_execute(s->run, d->stream, n + 1, args);
    dnnl_stream_wait(d->stream);
}

static void free_step(struct step *s)
{
    dnnl_memory_destroy(s->scratch);
    dnnl_primitive_destroy(s->run);
}

/* The weights as the primitive wants them, from row-major ones. */
static dnnl_status_t pack(struct baked *b, const dnnl_memory_desc_t *plain, const dnnl_memory_desc_t *packed,
                          const float *w)
{
    struct step reorder = {0};
    dnnl_memory_t from = NULL;
    void *scratch = NULL;
    dnnl_exec_arg_t args[ARGS];
    b->packed = aligned_alloc(ALIGNMENT, aligned(dnnl_memory_desc_get_size(packed)));
    if (!b->packed) return dnnl_out_of_memory;
    dnnl_status_t s = make_reorder(b->dnnl, plain, packed, &reorder);
    if (!s) s = onednn_memory(b->dnnl, plain, &from);
    if (!s) s = onednn_memory(b->dnnl, packed, &b->w);
    if (!s) scratch = aligned_alloc(ALIGNMENT, aligned(reorder.scratch_bytes + 1));
    if (!s && !scratch) s = dnnl_out_of_memory;
    if (!s) {
        onednn_point(from, w);
        onednn_point(b->w, b->packed);
        args[0] = (dnnl_exec_arg_t){DNNL_ARG_FROM, from};
        args[1] = (dnnl_exec_arg_t){DNNL_ARG_TO, b->w};
        run_step(b->dnnl, &reorder, 2, args, scratch);
    }
    free(scratch);
    dnnl_memory_destroy(from);
    free_step(&reorder);
    return s;
}

/* The row-major side of x or y, and its step where the primitive likes something else. */
static dnnl_status_t make_side(struct baked *b, const dnnl_memory_desc_t *plain, const dnnl_memory_desc_t *liked,
                               bool is_input, dnnl_memory_t *own, dnnl_memory_t *outer, size_t *bytes)
{
    dnnl_status_t s = onednn_memory(b->dnnl, liked, own);
    *bytes = 0;
    if (s || dnnl_memory_desc_equal(plain, liked)) return s;
    *bytes = dnnl_memory_desc_get_size(liked);
    s = onednn_memory(b->dnnl, plain, outer);
    if (s) return s;
    return is_input ? make_reorder(b->dnnl, plain, liked, &b->in) : make_reorder(b->dnnl, liked, plain, &b->out);
}

struct sides {
    dnnl_memory_desc_t x, w, y, bias;
};
/* From the chosen primitive; `plain` are the row-major operands. */
static dnnl_status_t make(struct baked *b, const struct sides *plain, const_dnnl_primitive_desc_t chosen,
                          const float *w)
{
    const dnnl_memory_desc_t *x = dnnl_primitive_desc_query_md(chosen, dnnl_query_src_md, 0),
                             *y = dnnl_primitive_desc_query_md(chosen, dnnl_query_dst_md, 0);
    dnnl_status_t s = make_step(b->dnnl, chosen, &b->middle);
    if (!s) s = pack(b, &plain->w, dnnl_primitive_desc_query_md(chosen, dnnl_query_weights_md, 0), w);
    if (!s) s = make_side(b, &plain->x, x, true, &b->x, &b->plain_x, &b->x_bytes);
    if (!s) s = make_side(b, &plain->y, y, false, &b->y, &b->plain_y, &b->y_bytes);
    return s || !b->has_bias ? s : onednn_memory(b->dnnl, &plain->bias, &b->bias);
}

static bool is_reference(const_dnnl_primitive_desc_t d)
{
    const char *name = "";
    dnnl_primitive_desc_query(d, dnnl_query_impl_info_str, 0, &name);
    return !strncmp(name, "ref", 3);
}

static gable_status finish(struct onednn *d, const struct sides *plain, dnnl_status_t s, dnnl_primitive_desc_t chosen,
                           bool has_bias, const float *w, struct baked **out, gable_error *e)
{
    *out = NULL;
    if (s == dnnl_unimplemented || (!s && is_reference(chosen))) {
        dnnl_primitive_desc_destroy(chosen);
        return GABLE_OK;
    }
    struct baked *b = s ? NULL : calloc(1, sizeof *b);
    if (b) {
        *b = (struct baked){.dnnl = d, .has_bias = has_bias};
        s = make(b, plain, chosen, w);
    }
    dnnl_primitive_desc_destroy(chosen);
    if (b && !s) {
        *out = b;
        return GABLE_OK;
    }
    baked_free(b);
    return s ? onednn_failed(e, "packing weights", s) : error_set(e, GABLE_NO_MEMORY, "no memory to pack weights");
}

static dnnl_status_t describe(int rank, const dnnl_dims_t dim, dnnl_format_tag_t tag, dnnl_memory_desc_t *out)
{
    return dnnl_memory_desc_init_by_tag(out, rank, dim, dnnl_f32, tag);
}

static dnnl_status_t describe_convolution(const struct baked_convolution *c, struct sides *plain, struct sides *any)
{
    static const dnnl_format_tag_t row_major[] = {dnnl_a, dnnl_ab, dnnl_abc, dnnl_abcd, dnnl_abcde, dnnl_abcdef};
    bool is_grouped = c->groups > 1;
    int rank = 2 + c->planes, rank_w = rank + is_grouped;
    dnnl_dims_t x = {c->images, c->in}, y = {c->images, c->out}, w = {c->groups}, bias = {c->out};
    w[is_grouped] = c->out / c->groups;
    w[is_grouped + 1] = c->in / c->groups;
    for (int i = 0; i < c->planes; i++) {
        x[2 + i] = c->x[i];
        y[2 + i] = c->y[i];
        w[is_grouped + 2 + i] = c->kernel[i];
    }
    dnnl_status_t s = describe(rank, x, row_major[rank - 1], &plain->x);
    if (!s) s = describe(rank, y, row_major[rank - 1], &plain->y);
    if (!s) s = describe(rank_w, w, row_major[rank_w - 1], &plain->w);
    if (!s) s = describe(1, bias, dnnl_a, &plain->bias);
    if (!s) s = describe(rank, x, dnnl_format_tag_any, &any->x);
    if (!s) s = describe(rank, y, dnnl_format_tag_any, &any->y);
    return s ? s : describe(rank_w, w, dnnl_format_tag_any, &any->w);
}

gable_status baked_convolution_new(struct onednn *d, const struct baked_convolution *c, const float *w,
                                   struct baked **out, gable_error *e)
{
    struct sides plain, any;
    dnnl_convolution_desc_t description;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t chosen = NULL;
    dnnl_dims_t stride = {0}, dilation = {0}, begin = {0}, end = {0};
    for (int i = 0; i < c->planes; i++) {
        stride[i] = c->stride[i];
        dilation[i] = c->dilation[i] - 1;
        begin[i] = c->begin[i];
        end[i] = c->end[i];
    }
    dnnl_status_t s = describe_convolution(c, &plain, &any);
    if (!s) s = onednn_attributes(&attributes);
    if (!s)
        s = dnnl_dilated_convolution_forward_desc_init(&description, dnnl_forward_inference, dnnl_convolution_direct,
                                                       &any.x, &any.w, c->has_bias ? &plain.bias : NULL, &any.y, stride,
                                                       dilation, begin, end);
    if (!s) s = dnnl_primitive_desc_create(&chosen, &description, attributes, d->engine, NULL);
    dnnl_primitive_attr_destroy(attributes);
    return finish(d, &plain, s, chosen, c->has_bias, w, out, e);
}

static dnnl_status_t add_to_output(dnnl_primitive_attr_t attributes)
{
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t s = dnnl_post_ops_create(&ops);
    if (!s) s = dnnl_post_ops_append_sum(ops, 1);
    if (!s) s = dnnl_primitive_attr_set_post_ops(attributes, ops);
    dnnl_post_ops_destroy(ops);
    return s;
}

gable_status baked_product_new(struct onednn *d, const struct baked_product *p, const float *w, struct baked **out,
                               gable_error *e)
{
    struct sides plain;
    dnnl_memory_desc_t any;
    dnnl_matmul_desc_t description;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t chosen = NULL;
    dnnl_dims_t x = {p->m, p->k}, of_w = {p->k, p->n}, y = {p->m, p->n};
    dnnl_status_t s = describe(2, x, dnnl_ab, &plain.x);
    if (!s) s = describe(2, of_w, p->is_transposed ? dnnl_ba : dnnl_ab, &plain.w);
    if (!s) s = describe(2, y, dnnl_ab, &plain.y);
    if (!s) s = describe(2, of_w, dnnl_format_tag_any, &any);
    if (!s) s = onednn_attributes(&attributes);
    if (!s && p->adds) s = add_to_output(attributes);
    if (!s) s = dnnl_matmul_desc_init(&description, &plain.x, &any, NULL, &plain.y);
    if (!s) s = dnnl_primitive_desc_create(&chosen, &description, attributes, d->engine, NULL);
    dnnl_primitive_attr_destroy(attributes);
    return finish(d, &plain, s, chosen, false, w, out, e);
}

void baked_free(struct baked *b)
{
    if (!b) return;
    dnnl_memory_t memories[] = {b->x, b->y, b->plain_x, b->plain_y, b->w, b->bias};
    for (size_t i = 0; i < COUNT_OF(memories); i++) dnnl_memory_destroy(memories[i]);
    free_step(&b->in);
    free_step(&b->middle);
    free_step(&b->out);
    free(b->packed);
    free(b);
}

/* x, y, then the scratch of whichever step runs. */
size_t baked_scratch_bytes(const struct baked *b)
{
    size_t most = b->in.scratch_bytes;
    if (b->middle.scratch_bytes > most) most = b->middle.scratch_bytes;
    if (b->out.scratch_bytes > most) most = b->out.scratch_bytes;
    return aligned(b->x_bytes) + aligned(b->y_bytes) + aligned(most) + ALIGNMENT;
}

void baked_run(struct baked *b, const float *x, const float *bias, float *y, void *scratch)
{
    char *at = (char *)(((uintptr_t)scratch + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT), *x_at = at;
    char *y_at = x_at + aligned(b->x_bytes), *rest = y_at + aligned(b->y_bytes);
    dnnl_exec_arg_t args[ARGS];
    onednn_point(b->x, b->plain_x ? (const void *)x_at : x);
    onednn_point(b->y, b->plain_y ? (const void *)y_at : y);
    if (b->plain_x) {
        onednn_point(b->plain_x, x);
        args[0] = (dnnl_exec_arg_t){DNNL_ARG_FROM, b->plain_x};
        args[1] = (dnnl_exec_arg_t){DNNL_ARG_TO, b->x};
        run_step(b->dnnl, &b->in, 2, args, rest);
    }
    args[0] = (dnnl_exec_arg_t){DNNL_ARG_SRC, b->x};
    args[1] = (dnnl_exec_arg_t){DNNL_ARG_WEIGHTS, b->w};
    args[2] = (dnnl_exec_arg_t){DNNL_ARG_DST, b->y};
    if (b->has_bias) {
        onednn_point(b->bias, bias);
        args[3] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, b->bias};
    }
    run_step(b->dnnl, &b->middle, b->has_bias ? 4 : 3, args, rest);
    if (!b->plain_y) return;
    onednn_point(b->plain_y, y);
    args[0] = (dnnl_exec_arg_t){DNNL_ARG_FROM, b->y};
    args[1] = (dnnl_exec_arg_t){DNNL_ARG_TO, b->plain_y};
    run_step(b->dnnl, &b->out, 2, args, rest);
}
