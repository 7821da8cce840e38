#include "engine/onednn/convolution.h"

#include "engine/onednn/handle.h"

#include <stdlib.h>

struct convolution {
    struct onednn *dnnl;
    enum convolution_pass pass;
    bool has_bias;
    dnnl_primitive_t run, reorder; /* reorder: NULL where packed is row-major */
    dnnl_memory_t from, weight, bias, to, scratch, plain, reorder_scratch;
    size_t packed_floats, scratch_bytes;
    char name[64];
};

static bool channels_equal(struct channels a, struct channels b)
{
    return a.n == b.n && a.of == b.of && a.first == b.first;
}
bool convolution_shape_equal(const struct convolution_shape *a, const struct convolution_shape *b)
{
    bool same = a->images == b->images && a->groups == b->groups && a->height == b->height && a->width == b->width &&
                a->out_height == b->out_height && a->out_width == b->out_width && a->block == b->block &&
                a->is_planar == b->is_planar && a->has_bias == b->has_bias && a->has_relu == b->has_relu;
    for (int i = 0; i < 2; i++)
        same = same && a->kernel[i] == b->kernel[i] && a->stride[i] == b->stride[i] &&
               a->dilation[i] == b->dilation[i] && a->pad_begin[i] == b->pad_begin[i] && a->pad_end[i] == b->pad_end[i];
    return same && channels_equal(a->in, b->in) && channels_equal(a->out, b->out);
}

struct descriptions {
    dnnl_memory_desc_t x, w, bias, y, plain;
};
static dnnl_status_t describe_activation(const struct convolution_shape *s, struct channels c, int height, int width,
                                         bool is_planar, dnnl_memory_desc_t *out)
{
    dnnl_format_tag_t tag = is_planar        ? dnnl_nchw
                            : s->block == 16 ? dnnl_nChw16c
                            : s->block == 8  ? dnnl_nChw8c
                                             : dnnl_nChw4c;
    dnnl_dims_t whole = {s->images, c.of, height, width}, part = {s->images, c.n, height, width};
    dnnl_dims_t first = {0, c.first, 0, 0};
    dnnl_memory_desc_t all;
    dnnl_status_t status = dnnl_memory_desc_init_by_tag(&all, 4, whole, dnnl_f32, tag);
    if (status || c.n == c.of) {
        *out = all;
        return status;
    }
    return dnnl_memory_desc_init_submemory(out, &all, part, first);
}
static dnnl_status_t describe(const struct convolution_shape *s, struct descriptions *d)
{
    dnnl_dims_t w = {s->out.n, s->in.n / s->groups, s->kernel[0], s->kernel[1]};
    dnnl_dims_t grouped = {s->groups, s->out.n / s->groups, s->in.n / s->groups, s->kernel[0], s->kernel[1]};
    dnnl_dims_t bias = {s->out.n};
    int rank = s->groups > 1 ? 5 : 4;
    dnnl_dim_t *dims = s->groups > 1 ? grouped : w;
    dnnl_status_t status = describe_activation(s, s->in, s->height, s->width, s->is_planar, &d->x);
    if (!status) status = describe_activation(s, s->out, s->out_height, s->out_width, false, &d->y);
    if (!status) status = dnnl_memory_desc_init_by_tag(&d->w, rank, dims, dnnl_f32, dnnl_format_tag_any);
    if (!status)
        status = dnnl_memory_desc_init_by_tag(&d->plain, rank, dims, dnnl_f32, rank == 5 ? dnnl_goihw : dnnl_oihw);
    if (!status) status = dnnl_memory_desc_init_by_tag(&d->bias, 1, bias, dnnl_f32, dnnl_x);
    return status;
}

static dnnl_status_t make_attributes(const struct convolution_shape *s, bool is_forward, dnnl_primitive_attr_t *out)
{
    dnnl_post_ops_t ops = NULL;
    dnnl_status_t status = onednn_attributes(out);
    if (!status && is_forward && s->has_relu) {
        status = dnnl_post_ops_create(&ops);
        if (!status) status = dnnl_post_ops_append_eltwise(ops, 1, dnnl_eltwise_relu, 0, 0);
        if (!status) status = dnnl_primitive_attr_set_post_ops(*out, ops);
        dnnl_post_ops_destroy(ops);
    }
    return status;
}

struct geometry {
    dnnl_dims_t stride, dilation, begin, end;
};
static dnnl_status_t make_forward(const struct onednn *d, const struct convolution_shape *s,
                                  const struct descriptions *m, const struct geometry *g, dnnl_alg_kind_t algorithm,
                                  dnnl_primitive_attr_t attributes, dnnl_primitive_desc_t *out)
{
    dnnl_convolution_desc_t c;
    dnnl_status_t status = dnnl_dilated_convolution_forward_desc_init(&c, dnnl_forward_training, algorithm, &m->x,
                                                                      &m->w, s->has_bias ? &m->bias : NULL, &m->y,
                                                                      g->stride, g->dilation, g->begin, g->end);
    return status ? status : dnnl_primitive_desc_create(out, &c, attributes, d->engine, NULL);
}
static dnnl_status_t make_backward(const struct onednn *d, const struct descriptions *m, const struct geometry *g,
                                   enum convolution_pass pass, dnnl_alg_kind_t algorithm,
                                   dnnl_primitive_attr_t attributes, const_dnnl_primitive_desc_t hint,
                                   dnnl_primitive_desc_t *out)
{
    dnnl_convolution_desc_t c;
    dnnl_status_t status =
        pass == CONVOLUTION_DATA
            ? dnnl_dilated_convolution_backward_data_desc_init(&c, algorithm, &m->x, &m->w, &m->y, g->stride,
                                                               g->dilation, g->begin, g->end)
            : dnnl_dilated_convolution_backward_weights_desc_init(&c, algorithm, &m->x, &m->w, NULL, &m->y, g->stride,
                                                                  g->dilation, g->begin, g->end);
    return status ? status : dnnl_primitive_desc_create(out, &c, attributes, d->engine, hint);
}

/* The primitive's description; NULL where there is no such algorithm. */
static dnnl_status_t choose(const struct onednn *d, const struct convolution_shape *s, const struct descriptions *m,
                            enum convolution_pass pass, enum convolution_algorithm algorithm,
                            dnnl_primitive_desc_t *out)
{
    dnnl_alg_kind_t kind = algorithm == CONVOLUTION_WINOGRAD ? dnnl_convolution_winograd : dnnl_convolution_direct;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t hint = NULL;
    struct geometry g;
    for (int i = 0; i < 2; i++) {
        g.stride[i] = s->stride[i];
        g.dilation[i] = s->dilation[i] - 1;
        g.begin[i] = s->pad_begin[i];
        g.end[i] = s->pad_end[i];
    }
    dnnl_status_t status = make_attributes(s, pass == CONVOLUTION_FORWARD, &attributes);
    if (!status && pass == CONVOLUTION_FORWARD) {
        status = make_forward(d, s, m, &g, kind, attributes, out);
    } else if (!status) {
        status = make_forward(d, s, m, &g, dnnl_convolution_direct, NULL, &hint);
        if (!status) status = make_backward(d, m, &g, pass, kind, attributes, hint, out);
    }
    dnnl_primitive_desc_destroy(hint);
    dnnl_primitive_attr_destroy(attributes);
    return status;
}

static dnnl_status_t make_reorder(struct convolution *c, const dnnl_memory_desc_t *plain,
                                  const dnnl_memory_desc_t *packed)
{
    dnnl_engine_t engine = c->dnnl->engine;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_desc_t d = NULL;
    bool is_back = c->pass == CONVOLUTION_WEIGHT;
    dnnl_status_t s = onednn_attributes(&attributes);
    if (!s)
        s = dnnl_reorder_primitive_desc_create(&d, is_back ? packed : plain, engine, is_back ? plain : packed, engine,
                                               attributes);
    if (!s) s = dnnl_primitive_create(&c->reorder, d);
    if (!s) {
        const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(d, dnnl_query_scratchpad_md, 0);
        size_t bytes = dnnl_memory_desc_get_size(scratch);
        if (bytes > c->scratch_bytes) c->scratch_bytes = bytes;
        s = onednn_memory(c->dnnl, scratch, &c->reorder_scratch);
    }
    dnnl_primitive_desc_destroy(d);
    dnnl_primitive_attr_destroy(attributes);
    return s;
}
static dnnl_status_t make(struct convolution *c, const struct descriptions *m, const_dnnl_primitive_desc_t d)
{
    bool is_weight = c->pass == CONVOLUTION_WEIGHT;
    const dnnl_memory_desc_t *w =
        dnnl_primitive_desc_query_md(d, is_weight ? dnnl_query_diff_weights_md : dnnl_query_weights_md, 0);
    const dnnl_memory_desc_t *scratch = dnnl_primitive_desc_query_md(d, dnnl_query_scratchpad_md, 0);
    const char *name = "";
    bool is_from_x = c->pass != CONVOLUTION_DATA;
    c->packed_floats = dnnl_memory_desc_get_size(w) / sizeof(float);
    c->scratch_bytes = dnnl_memory_desc_get_size(scratch);
    dnnl_status_t s = dnnl_primitive_desc_query(d, dnnl_query_impl_info_str, 0, &name);
    for (size_t i = 0; i + 1 < sizeof c->name && name[i]; i++) c->name[i] = name[i];
    if (!s) s = dnnl_primitive_create(&c->run, d);
    if (!s) s = onednn_memory(c->dnnl, is_from_x ? &m->x : &m->y, &c->from);
    if (!s) s = onednn_memory(c->dnnl, is_from_x ? &m->y : &m->x, &c->to);
    if (!s) s = onednn_memory(c->dnnl, w, &c->weight);
    if (!s) s = onednn_memory(c->dnnl, &m->plain, &c->plain);
    if (!s) s = onednn_memory(c->dnnl, &m->bias, &c->bias);
    if (!s) s = onednn_memory(c->dnnl, scratch, &c->scratch);
    return s ? s : make_reorder(c, &m->plain, w);
}

gable_status convolution_new(struct onednn *d, const struct convolution_shape *shape, enum convolution_pass pass,
                             enum convolution_algorithm algorithm, struct convolution **out, gable_error *e)
{
    struct descriptions m;
    dnnl_primitive_desc_t chosen = NULL;
    struct convolution *c = NULL;
    *out = NULL;
    dnnl_status_t s = describe(shape, &m);
    if (s) return onednn_failed(e, "describing a convolution", s);
    s = choose(d, shape, &m, pass, algorithm, &chosen);
    if (s == dnnl_unimplemented) return GABLE_OK;
    if (!s) c = calloc(1, sizeof *c);
    if (c) {
        *c = (struct convolution){.dnnl = d, .pass = pass, .has_bias = shape->has_bias};
        s = make(c, &m, chosen);
    }
    dnnl_primitive_desc_destroy(chosen);
    if (s || !c) {
        convolution_free(c);
        return c || s ? onednn_failed(e, "making a convolution", s) : error_set(e, GABLE_NO_MEMORY, "no memory");
    }
    *out = c;
    return GABLE_OK;
}
void convolution_free(struct convolution *c)
{
    if (!c) return;
    dnnl_memory_t memories[] = {c->from, c->weight, c->bias, c->to, c->scratch, c->plain, c->reorder_scratch};
    for (size_t i = 0; i < COUNT_OF(memories); i++) dnnl_memory_destroy(memories[i]);
    dnnl_primitive_destroy(c->run);
    dnnl_primitive_destroy(c->reorder);
    free(c);
}
const char *convolution_name(const struct convolution *c) { return c->name; }
size_t convolution_packed_floats(const struct convolution *c) { return c->packed_floats; }
size_t convolution_scratch_bytes(const struct convolution *c) { return c->scratch_bytes; }

void convolution_run(struct convolution *c, const float *from, float *packed, const float *bias, float *to,
                     void *scratch)
{
    static const int names[][3] = {[CONVOLUTION_FORWARD] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
                                   [CONVOLUTION_DATA] = {DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC},
                                   [CONVOLUTION_WEIGHT] = {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST}};
    const int *name = names[c->pass];
    dnnl_exec_arg_t args[] = {{name[0], c->from},
                              {name[1], c->weight},
                              {name[2], c->to},
                              {DNNL_ARG_SCRATCHPAD, c->scratch},
                              {DNNL_ARG_BIAS, c->bias}};
    onednn_point(c->from, from);
    onednn_point(c->weight, packed);
    onednn_point(c->to, to);
    onednn_point(c->scratch, scratch);
    onednn_point(c->bias, bias);
    dnnl_primitive_execute(c->run, c->dnnl->stream, c->pass == CONVOLUTION_FORWARD && c->has_bias ? 5 : 4, args);
    dnnl_stream_wait(c->dnnl->stream);
}
static void reorder(struct convolution *c, dnnl_memory_t from, dnnl_memory_t to, void *scratch)
{
    dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}, {DNNL_ARG_SCRATCHPAD, c->reorder_scratch}};
    onednn_point(c->reorder_scratch, scratch);
    dnnl_primitive_execute(c->reorder, c->dnnl->stream, 3, args);
    dnnl_stream_wait(c->dnnl->stream);
}
void convolution_pack(struct convolution *c, const float *plain, float *packed, void *scratch)
{
    onednn_point(c->plain, plain);
    onednn_point(c->weight, packed);
    reorder(c, c->plain, c->weight, scratch);
}
void convolution_unpack(struct convolution *c, const float *packed, float *plain, void *scratch)
{
    onednn_point(c->weight, packed);
    onednn_point(c->plain, plain);
    reorder(c, c->weight, c->plain, scratch);
}
