/* Sequences and optionals of tensors. A sequence is made anew by each operator; its tensors are shared. */
#include "engine/general/kernels/bodies.h"
#include "engine/general/runtime.h"
#include "engine/general/tables.h"

#include <inttypes.h>
#include <string.h>

static gable_status make_sequence(struct call *c, int i, enum dtype d, int64_t n)
{
    value_release(c->out[i]);
    return value_new_sequence(c->runtime->pool, d, n, c->out[i], c->e);
}

/* The first input as a sequence; NULL where it is none. */
static const struct value *sequence_of(struct call *c)
{
    return c->n_in > 0 && c->in[0]->kind == VALUE_SEQUENCE ? c->in[0] : NULL;
}
static gable_status no_sequence(struct call *c) { return call_refuse(c, "its first input is no sequence"); }

static gable_status construct(struct call *c)
{
    gable_status s = make_sequence(c, 0, c->in[0]->dtype, c->n_in);
    for (int i = 0; i < c->n_in && !s; i++) {
        if (c->in[i]->dtype != c->in[0]->dtype) return call_refuse(c, "tensors of a sequence have one type");
        value_share(c->in[i], &value_items(c->out[0])[i]);
    }
    return s;
}

static gable_status empty(struct call *c)
{
    enum dtype d = dtype_of_onnx(node_int(c->node, "dtype", 1));
    if (d == DTYPE_UNDEFINED) return call_refuse(c, "dtype is %" PRId64, node_int(c->node, "dtype", 1));
    return make_sequence(c, 0, d, 0);
}

/* A place in [0, n], counted from either end; `last` is the largest allowed. */
static gable_status place_of(struct call *c, int input, int64_t n, int64_t last, int64_t *out)
{
    *out = last;
    if (input >= c->n_in || c->node->in[input]->role == ROLE_ABSENT) return GABLE_OK;
    if (!call_has_one(c, input)) return call_refuse(c, "the position is not one value");
    int64_t at = value_int(c->in[input], 0), place = at < 0 ? at + n : at;
    if (place < 0 || place > last)
        return call_refuse(c, "there is no position %" PRId64 " in %" PRId64 " tensors", at, n);
    *out = place;
    return GABLE_OK;
}

static gable_status insert(struct call *c)
{
    const struct value *x = sequence_of(c), *item = c->in[1];
    int64_t at;
    if (!x) return no_sequence(c);
    if (item->kind != VALUE_TENSOR || (x->n && item->dtype != value_items(x)[0].dtype))
        return call_refuse(c, "what is inserted is no tensor of the sequence's type");
    gable_status s = place_of(c, 2, x->n, x->n, &at);
    if (!s) s = make_sequence(c, 0, item->dtype, x->n + 1);
    for (int64_t i = 0; i <= x->n && !s; i++)
        value_share(i == at ? item : &value_items(x)[i < at ? i : i - 1], &value_items(c->out[0])[i]);
    return s;
}

static gable_status erase(struct call *c)
{
    const struct value *x = sequence_of(c);
    int64_t at;
    if (!x) return no_sequence(c);
    gable_status s = place_of(c, 1, x->n, x->n - 1, &at);
    if (!s && x->n == 0) s = call_refuse(c, "the sequence is empty");
    if (!s) s = make_sequence(c, 0, x->dtype, x->n - 1);
    for (int64_t i = 0; i < x->n - 1 && !s; i++)
        value_share(&value_items(x)[i < at ? i : i + 1], &value_items(c->out[0])[i]);
    return s;
}

static gable_status at(struct call *c)
{
    int64_t place;
    if (!sequence_of(c)) return no_sequence(c);
    gable_status s = place_of(c, 1, c->in[0]->n, c->in[0]->n - 1, &place);
    if (!s && c->in[0]->n == 0) s = call_refuse(c, "the sequence is empty");
    if (!s) call_pass(c, 0, &value_items(c->in[0])[place]);
    return s;
}

static gable_status length(struct call *c)
{
    if (!sequence_of(c)) return no_sequence(c);
    gable_status s = call_make(c, 0, DTYPE_S64, 0, NULL);
    if (!s) *(int64_t *)c->out[0]->data = c->in[0]->n;
    return s;
}

/* Where a part of an axis lies. */
struct part {
    int axis;
    int64_t first, n;
};

static void copy_elements(struct value *to, const char *from, size_t at, size_t n, size_t size)
{
    if (n) memcpy((char *)to->data + at * size, from, n * size);
}

static gable_status take_part(struct call *c, const struct value *x, struct part p, bool keeps_axis, struct value *out)
{
    int64_t dim[SHAPE_RANK_MAX], outer = value_count(x, 0, p.axis), inner = value_count(x, p.axis + 1, x->rank);
    int rank = 0;
    size_t size = value_element_bytes(x->dtype);
    for (int i = 0; i < x->rank; i++)
        if (i != p.axis || keeps_axis) dim[rank++] = i == p.axis ? p.n : x->dim[i];
    gable_status s = value_new(c->runtime->pool, x->dtype, rank, dim, out, c->e);
    for (int64_t o = 0; o < outer && !s; o++)
        copy_elements(out, (const char *)x->data + (size_t)((o * x->dim[p.axis] + p.first) * inner) * size,
                      (size_t)(o * p.n * inner), (size_t)(p.n * inner), size);
    return s;
}

/* The lengths of the parts: given one by one, or one for all with a shorter last. */
static gable_status part_length(struct call *c, int64_t whole, int64_t i, int64_t first, int64_t *n)
{
    const struct value *split = call_has(c, 1) ? c->in[1] : NULL;
    int64_t each = !split ? 1 : split->rank ? value_int(split, i) : value_int(split, 0);
    if (each < 0 || (each == 0 && (!split || !split->rank)) || (split && split->rank && each > whole - first))
        return call_refuse(c, "a part of %" PRId64 " does not fit %" PRId64, each, whole);
    *n = each < whole - first ? each : whole - first;
    return GABLE_OK;
}

static gable_status split(struct call *c)
{
    const struct value *x = c->in[0];
    const struct value *given = call_has(c, 1) ? c->in[1] : NULL;
    struct part p = {0};
    gable_status s = GABLE_OK;
    bool keeps = given || node_int(c->node, "keepdims", 1);
    if (x->dtype == DTYPE_STRING) return call_refuse(c, "text is not split");
    if (!call_axis(node_int(c->node, "axis", 0), x->rank, &p.axis)) return call_refuse(c, "has no such axis");
    int64_t whole = x->dim[p.axis], each = given && !given->rank ? value_int(given, 0) : 1;
    if (each < 1) return call_refuse(c, "parts of %" PRId64, each);
    int64_t n = given && given->rank ? given->n : whole / each + (whole % each != 0);
    s = make_sequence(c, 0, x->dtype, n);
    for (int64_t i = 0; i < n && !s; i++) {
        s = part_length(c, whole, i, p.first, &p.n);
        if (!s) s = take_part(c, x, p, keeps, &value_items(c->out[0])[i]);
        p.first += p.n;
    }
    return s ? s : p.first == whole ? GABLE_OK : call_refuse(c, "the parts are shorter than the axis");
}

/* Do two tensors agree but for one axis. */
static bool agree(const struct value *a, const struct value *b, int but)
{
    if (a->rank != b->rank || a->dtype != b->dtype) return false;
    for (int i = 0; i < a->rank; i++)
        if (i != but && a->dim[i] != b->dim[i]) return false;
    return true;
}

static gable_status concat(struct call *c)
{
    const struct value *x = sequence_of(c), *items = x ? value_items(x) : NULL;
    bool is_new = node_int(c->node, "new_axis", 0);
    int64_t dim[SHAPE_RANK_MAX] = {0}, length_of_axis = 0;
    int axis;
    if (!x) return no_sequence(c);
    if (x->n == 0 || items[0].rank + is_new > SHAPE_RANK_MAX || items[0].dtype == DTYPE_STRING)
        return call_refuse(c, "there is nothing that can be joined");
    if (!call_axis(node_int(c->node, "axis", 0), items[0].rank + is_new, &axis))
        return call_refuse(c, "has no axis %" PRId64, node_int(c->node, "axis", 0));
    for (int64_t i = 0; i < x->n; i++) {
        if (!agree(&items[0], &items[i], is_new ? -1 : axis))
            return call_refuse(c, "tensor %" PRId64 " has another shape", i);
        length_of_axis += is_new ? 1 : items[i].dim[axis];
    }
    int rank = items[0].rank + is_new;
    for (int i = 0; i < rank; i++) dim[i] = i == axis ? length_of_axis : items[0].dim[is_new && i > axis ? i - 1 : i];
    gable_status s = call_make(c, 0, items[0].dtype, rank, dim);
    int64_t outer = value_count(&items[0], 0, axis), inner = 1, first = 0;
    for (int i = axis + 1; i < rank; i++) inner *= dim[i];
    size_t size = value_element_bytes(items[0].dtype);
    for (int64_t i = 0; i < x->n && !s; i++) {
        int64_t run = (is_new ? 1 : items[i].dim[axis]) * inner;
        for (int64_t o = 0; o < outer; o++)
            copy_elements(c->out[0], (const char *)items[i].data + (size_t)(o * run) * size,
                          (size_t)(o * length_of_axis * inner + first), (size_t)run, size);
        first += run;
    }
    return s;
}

static gable_status optional(struct call *c)
{
    if (call_has(c, 0)) call_pass(c, 0, c->in[0]);
    return GABLE_OK;
}

static gable_status element(struct call *c)
{
    if (!call_has(c, 0)) return call_refuse(c, "the optional is empty");
    call_pass(c, 0, c->in[0]);
    return GABLE_OK;
}

static gable_status has_element(struct call *c)
{
    gable_status s = call_make(c, 0, DTYPE_BOOL, 0, NULL);
    if (!s) *(uint8_t *)c->out[0]->data = call_has(c, 0);
    return s;
}

/* Item i of every sequence, whole tensors as they are. */
static gable_status map_item(struct call *c, struct graph *body, int64_t i, struct value *in, struct value *out)
{
    for (int k = 0; k < c->n_in; k++) {
        const struct value *x = c->in[k];
        if (x->kind == VALUE_SEQUENCE && i >= x->n) return call_refuse(c, "sequences of different lengths");
        value_share(x->kind == VALUE_SEQUENCE ? &value_items(x)[i] : x, &in[k]);
    }
    gable_status s = call_body(c, body, c->n_in, in, c->n_out, out);
    for (int k = 0; k < c->n_out && !s; k++) {
        value_share(&out[k], &value_items(c->out[k])[i]);
        c->out[k]->dtype = out[k].dtype;
    }
    return s;
}

static gable_status map(struct call *c)
{
    struct graph *body = body_of(c, "body");
    struct value *in = NULL, *out = NULL;
    if (!body || body->n_inputs != c->n_in || body->n_outputs != c->n_out) return call_refuse(c, "has no fitting body");
    if (c->in[0]->kind != VALUE_SEQUENCE) return call_refuse(c, "its first input is no sequence");
    gable_status s = values_absent(c, c->n_in, &in);
    if (!s) s = values_absent(c, c->n_out, &out);
    for (int k = 0; k < c->n_out && !s; k++) s = make_sequence(c, k, body->outputs[k]->dtype, c->in[0]->n);
    for (int64_t i = 0; i < c->in[0]->n && !s; i++) {
        s = map_item(c, body, i, in, out);
        values_release(in, c->n_in);
        values_release(out, c->n_out);
    }
    return s;
}

const struct kernel kernels_sequence[] = {
    {.op = "SequenceConstruct", .domain = "", .run = construct},
    {.op = "SequenceEmpty", .domain = "", .run = empty},
    {.op = "SequenceInsert", .domain = "", .run = insert, .takes_sequences = true},
    {.op = "SequenceErase", .domain = "", .run = erase, .takes_sequences = true},
    {.op = "SequenceAt", .domain = "", .run = at, .takes_sequences = true},
    {.op = "SequenceLength", .domain = "", .run = length, .takes_sequences = true},
    {.op = "SequenceMap", .domain = "", .run = map, .takes_sequences = true},
    {.op = "SplitToSequence", .domain = "", .run = split},
    {.op = "ConcatFromSequence", .domain = "", .run = concat, .takes_sequences = true},
    {.op = "Optional", .domain = "", .run = optional, .takes_sequences = true},
    {.op = "OptionalGetElement", .domain = "", .run = element, .takes_sequences = true},
    {.op = "OptionalHasElement", .domain = "", .run = has_element, .takes_sequences = true},
    {0},
};
