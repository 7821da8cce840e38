/* Free dimensions that an analysis must know: all of them at once, and what to type. */
#include "base/text.h"
#include "onnx/reader.h"

#include <stdio.h>
#include <string.h>

enum { OPTIONS_MOST = 150 };
struct saying {
    const struct reader *r;
    const Onnx__GraphProto *graph;
    struct text options;
    int n_left_out;
};

static const Onnx__TensorShapeProto__Dimension *dimension(const Onnx__ValueInfoProto *v, int i)
{
    return v->type->tensor_type->shape->dim[i];
}

/* The input that is made of it, where dimensions are unknown; the first one is the batch where nothing else is said. */
static const struct tensor *free_input(const struct saying *s, const Onnx__ValueInfoProto *v)
{
    const struct tensor *t = v->name ? names_find(s->r->names, v->name) : NULL;
    bool is_free = false;
    if (!t || t->role != ROLE_INPUT || t->form != FORM_TENSOR || !t->has_shape) return NULL;
    for (int i = 1; i < t->shape.rank; i++) is_free |= t->shape.dim[i] < 0;
    return is_free ? t : NULL;
}

/* "" where it has none. */
static const char *name_of(const Onnx__ValueInfoProto *v, int i)
{
    const Onnx__TensorShapeProto__Dimension *d = dimension(v, i);
    bool is_named = d->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM && d->dim_param;
    return is_named ? d->dim_param : "";
}

/* An input is asked for as a whole where one of its free dimensions has no name. */
static bool is_whole(const struct tensor *t, const Onnx__ValueInfoProto *v)
{
    bool is_nameless = false;
    for (int i = 1; i < t->shape.rank; i++) is_nameless |= t->shape.dim[i] < 0 && !*name_of(v, i);
    return is_nameless;
}

/* Has an input before number `end` the dimension: asked for as a whole, or by this name already. */
static bool is_asked_for(const struct saying *s, const char *name, size_t end, int axis)
{
    for (size_t k = 0; k < s->graph->n_input; k++) {
        const Onnx__ValueInfoProto *v = s->graph->input[k];
        const struct tensor *t = free_input(s, v);
        if (!t || (k > end && !is_whole(t, v))) continue;
        for (int i = 1; i < t->shape.rank; i++) {
            bool is_before = k < end || (k == end && i < axis) || is_whole(t, v);
            if (is_before && t->shape.dim[i] < 0 && !strcmp(name_of(v, i), name)) return true;
        }
    }
    return false;
}

/* As a shell takes it. */
static void add_option(struct saying *s, const char *option, const char *value)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/=-";
    const char *quote = value[strspn(value, plain)] ? "'" : "";
    if (s->options.len + strlen(option) + strlen(value) + 4 > OPTIONS_MOST)
        s->n_left_out++;
    else
        text_addf(&s->options, " %s %s%s%s", option, quote, value, quote);
}

static void ask(struct saying *s)
{
    char value[160];
    for (size_t k = 0; k < s->graph->n_input; k++) {
        const Onnx__ValueInfoProto *v = s->graph->input[k];
        const struct tensor *t = free_input(s, v);
        if (t && is_whole(t, v)) {
            int64_t dim[SHAPE_RANK_MAX];
            for (int i = 0; i < t->shape.rank; i++) dim[i] = i || t->shape.dim[i] >= 0 ? t->shape.dim[i] : 1;
            onnx_shape_text(t->name, t->shape.rank, dim, value, sizeof value);
            add_option(s, "--shape", value);
        }
        for (int i = 1; t && !is_whole(t, v) && i < t->shape.rank; i++) {
            if (t->shape.dim[i] >= 0 || is_asked_for(s, name_of(v, i), k, i)) continue;
            snprintf(value, sizeof value, "%.100s=N", name_of(v, i));
            add_option(s, "--bind", value);
        }
    }
}

/* "x=1xseqx?, mask=1xseq" */
static void list(const struct saying *s, struct text *out)
{
    for (size_t k = 0; k < s->graph->n_input; k++) {
        const Onnx__ValueInfoProto *v = s->graph->input[k];
        const struct tensor *t = free_input(s, v);
        if (!t) continue;
        text_addf(out, "%s%.60s=", out->len ? ", " : "", t->name);
        for (int i = 0; i < t->shape.rank; i++) {
            const char *cross = i ? "x" : "";
            if (t->shape.dim[i] >= 0 || !i)
                text_addf(out, "%s%lld", cross, t->shape.dim[i] < 0 ? 1LL : (long long)t->shape.dim[i]);
            else
                text_addf(out, "%s%.40s", cross, *name_of(v, i) ? name_of(v, i) : "?");
        }
    }
}

static void say(const struct saying *s, const char *inputs, char *out, size_t room)
{
    int most = (int)room - (int)s->options.len - 64, n = (int)strlen(inputs);
    snprintf(out, room, "free dimensions: %.*s%s; say%s%s with numbers for N", n < most ? n : most, inputs,
             n < most ? "" : "..", s->options.data ? s->options.data : "", s->n_left_out ? ".." : "");
}

gable_status reader_frees(struct reader *r, const Onnx__GraphProto *p)
{
    struct saying s = {.r = r, .graph = p};
    struct text inputs = {0};
    char said[ONNX_FREES_SAID] = "";
    if (r->g->parent || r->caller || !(r->has_free || r->options->frees)) return GABLE_OK;
    ask(&s);
    list(&s, &inputs);
    if (inputs.len) say(&s, inputs.data, said, sizeof said);
    text_release(&s.options);
    text_release(&inputs);
    if (r->options->frees) snprintf(r->options->frees->said, sizeof r->options->frees->said, "%s", said);
    return r->has_free ? error_set(r->e, GABLE_BAD_INPUT, "%s", said) : GABLE_OK;
}
