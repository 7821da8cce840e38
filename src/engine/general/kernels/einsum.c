/* Einsum: operands are joined from left to right; each join is a batched matrix product of both, arranged as batch x
   own x summed and batch x summed x own. What only one operand has and nobody asks for is summed by a product with
   ones. */
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/operands.h"
#include "engine/general/kernels/product.h"

#include <inttypes.h>
#include <string.h>

enum {
    LETTERS = 52,
    LABELS = LETTERS + SHAPE_RANK_MAX
}; /* a-z after A-Z; then the axes of "...", aligned at the end */
struct operand {
    const char *data;
    bool has[LABELS];
    int64_t stride[LABELS]; /* elements; 0: the same for every place */
};
struct einsum {
    enum dtype dtype;
    size_t bytes;
    int64_t size[LABELS];
    int uses[LABELS]; /* operands that are still to come and have the label */
    int n_out, out[LABELS];
    bool is_out[LABELS];
};
struct list { /* labels in some order */
    int n, label[LABELS];
};

static int label_of(char letter)
{
    if (letter >= 'A' && letter <= 'Z') return letter - 'A';
    return letter >= 'a' && letter <= 'z' ? letter - 'a' + LETTERS / 2 : -1;
}

/* The next label of a term, -2 for "...", -1 at its end; "at" goes on. */
static gable_status next(struct call *c, const char **at, int *label)
{
    *at += strspn(*at, " ");
    *label = label_of(**at);
    if (*label >= 0) {
        ++*at;
    } else if (!strncmp(*at, "...", 3)) {
        *label = -2;
        *at += 3;
    } else if (**at && **at != ',' && strncmp(*at, "->", 2) != 0) {
        return call_refuse(c, "its equation is not understood at %.20s", *at);
    }
    return GABLE_OK;
}

/* Axis `axis` of operand i has this label: a repeated one means its diagonal. */
static gable_status note(struct call *c, struct einsum *e, struct operand *o, int i, int axis, int label)
{
    int64_t size = c->in[i]->dim[axis], *known = &e->size[label];
    int64_t stride = size == 1 ? 0 : value_count(c->in[i], axis + 1, c->in[i]->rank);
    if (*known == -1 || *known == 1) *known = size;
    if (size != 1 && size != *known)
        return call_refuse(c, "operand %d has %" PRId64 " places where another axis of its label has %" PRId64, i, size,
                           *known);
    if (!o->has[label]) e->uses[label]++;
    o->has[label] = true;
    o->stride[label] += stride;
    return GABLE_OK;
}

static gable_status read_operand(struct call *c, const char **at, int i, struct einsum *e, struct operand *o)
{
    const struct value *x = c->in[i];
    const char *ahead = *at;
    int label = 0, letters = 0, axis = 0;
    gable_status s = GABLE_OK;
    for (bool goes_on = true; goes_on && !s; letters += label >= 0) {
        s = next(c, &ahead, &label);
        goes_on = !s && label != -1;
    }
    int rest = x->rank - letters; /* axes for "..." */
    bool has_rest = false;
    o->data = x->data;
    while (!s && !(s = next(c, at, &label)) && label != -1) {
        if (label == -2 && (has_rest || rest < 0)) return call_refuse(c, "operand %d has no axes for its dots", i);
        if (label >= 0 && axis < x->rank) s = note(c, e, o, i, axis, label);
        for (int k = 0; label == -2 && k < rest && !s; k++) s = note(c, e, o, i, axis + k, LABELS - rest + k);
        axis += label == -2 ? rest : 1;
        has_rest = has_rest || label == -2;
    }
    if (!s && axis != x->rank)
        s = call_refuse(c, "operand %d has %d dimensions, its term %d", i, x->rank, has_rest ? letters : axis);
    return s;
}

static void add_out(struct einsum *e, int label)
{
    e->out[e->n_out++] = label;
    e->is_out[label] = true;
}

/* Without "->": the dots, then every letter that stands once, by the alphabet. */
static gable_status read_output(struct call *c, const char *at, struct einsum *e)
{
    int label;
    int times[LABELS] = {0};
    bool is_given = !strncmp(at, "->", 2);
    for (const char *p = operand_text(c, "equation", ""); !is_given && *p; p++)
        if (label_of(*p) >= 0) times[label_of(*p)]++;
    for (int k = LETTERS; k < LABELS && !is_given; k++)
        if (e->uses[k]) add_out(e, k);
    for (int k = 0; k < LETTERS && !is_given; k++)
        if (times[k] == 1) add_out(e, k);
    if (!is_given) return *at ? call_refuse(c, "its equation has more terms than operands") : GABLE_OK;
    at += 2;
    for (;;) {
        gable_status s = next(c, &at, &label);
        if (s || label == -1) return s ? s : *at ? call_refuse(c, "its equation does not end at %.20s", at) : GABLE_OK;
        for (int k = LETTERS; k < LABELS && label == -2; k++)
            if (e->uses[k] && !e->is_out[k]) add_out(e, k);
        if (label == -2) continue;
        if (!e->uses[label] || e->is_out[label])
            return call_refuse(c, "its output has a label twice, or one that no operand has");
        add_out(e, label);
    }
}

static gable_status read_equation(struct call *c, struct einsum *e, struct operand *operands)
{
    const char *at = operand_text(c, "equation", "");
    gable_status s = GABLE_OK;
    for (int k = 0; k < LABELS; k++) e->size[k] = -1;
    for (int i = 0; i < c->n_in && !s; i++) {
        if (c->in[i]->dtype != e->dtype) return call_refuse(c, "its operands are of different types");
        s = read_operand(c, &at, i, e, &operands[i]);
        if (!s && i + 1 < c->n_in && *at != ',') s = call_refuse(c, "its equation has fewer terms than operands");
        if (!s && i + 1 < c->n_in) at++;
    }
    return s ? s : read_output(c, at, e);
}

struct arranging {
    const struct operand *o;
    char *to;
    size_t bytes;
    int64_t inner, inner_stride;
    int n; /* axes but the last */
    int64_t size[LABELS], stride[LABELS];
};
#define GATHER(type)                                                          \
    {                                                                         \
        const type *x = (const type *)a->o->data + at;                        \
        type *y = (type *)a->to + row * a->inner;                             \
        for (int64_t i = 0; i < a->inner; i++) y[i] = x[i * a->inner_stride]; \
    }
static void arrange_rows(void *arg, int64_t first, int64_t end)
{
    const struct arranging *a = arg;
    for (int64_t row = first; row < end; row++) {
        int64_t at = 0;
        for (int64_t k = a->n - 1, left = row; k >= 0; k--) {
            at += left % a->size[k] * a->stride[k];
            left /= a->size[k];
        }
        if (a->bytes == 4)
            GATHER(uint32_t)
        else
            GATHER(uint64_t)
    }
}

static count places(const struct einsum *e, const struct list *l)
{
    count n = 1;
    for (int i = 0; i < l->n; i++) n = count_mul(n, e->size[l->label[i]]);
    return n;
}

/* The operand's elements in the order of the labels; itself where they stand so already. */
static gable_status arrange(struct call *c, const struct einsum *e, const struct operand *o, const struct list *order,
                            const char **out)
{
    struct arranging a = {.o = o, .bytes = e->bytes, .inner = 1, .inner_stride = 1};
    struct value made;
    int64_t rows = 1, step = 1;
    const int64_t n = places(e, order);
    bool is_there = true;
    for (int i = order->n - 1; i >= 0; step *= e->size[order->label[i--]])
        if (e->size[order->label[i]] != 1 && o->stride[order->label[i]] != step) is_there = false;
    *out = o->data;
    if (is_there || n == 0) return GABLE_OK;
    gable_status s = call_temporary(c, e->dtype, 1, &n, &made);
    if (s) return s;
    for (int i = 0; i < order->n; i++) {
        int label = order->label[i];
        if (i == order->n - 1) {
            a.inner = e->size[label], a.inner_stride = o->stride[label];
            continue;
        }
        a.size[a.n] = e->size[label], a.stride[a.n++] = o->stride[label];
        rows *= e->size[label];
    }
    *out = a.to = made.data;
    call_parallel(c, rows, GRAIN / (a.inner + 4) + 1, arrange_rows, &a);
    return s;
}

static void append(struct list *l, const struct list *more)
{
    for (int i = 0; i < more->n; i++) l->label[l->n++] = more->label[i];
}

/* The operand whose elements stand in the order of these labels. */
static struct operand ordered(const struct einsum *e, const struct list *l, const void *data)
{
    struct operand o = {.data = data};
    int64_t step = 1;
    for (int i = l->n - 1; i >= 0; step *= e->size[l->label[i--]]) {
        o.has[l->label[i]] = true;
        o.stride[l->label[i]] = e->size[l->label[i]] == 1 ? 0 : step;
    }
    return o;
}

/* batch x (rows x summed) (summed x columns), into fresh memory. */
static gable_status multiply(struct call *c, const struct einsum *e, const char *a, const char *b, const int64_t *size,
                             struct operand *out, const struct list *order)
{
    int64_t batch = size[0], m = size[1], n = size[2], k = size[3], all[] = {batch, m, n};
    struct value made;
    if (batch == COUNT_MAX || m == COUNT_MAX || n == COUNT_MAX || k == COUNT_MAX)
        return call_refuse(c, "a join of its operands is too large");
    gable_status s = call_temporary(c, e->dtype, 3, all, &made);
    for (int64_t i = 0; i < batch && !s; i++)
        product_run(e->dtype, m, n, k, (struct matrix){a + (size_t)(i * m * k) * e->bytes, k, false},
                    (struct matrix){b + (size_t)(i * k * n) * e->bytes, n, false}, false,
                    (char *)made.data + (size_t)(i * m * n) * e->bytes, n);
    if (!s) *out = ordered(e, order, made.data);
    return s;
}

static bool is_needed(const struct einsum *e, int label) { return e->is_out[label] || e->uses[label] > 0; }

/* k ones of the type. */
static gable_status make_ones(struct call *c, const struct einsum *e, int64_t k, struct value *ones)
{
    gable_status s = call_temporary(c, e->dtype, 1, &k, ones);
    const double one = 1;
    struct value unit = {.kind = VALUE_TENSOR, .dtype = DTYPE_F64, .n = 1, .data = (void *)&one};
    for (int64_t i = 0; i < k && !s; i++) {
        struct value to = {
            .kind = VALUE_TENSOR, .dtype = e->dtype, .n = 1, .data = (char *)ones->data + (size_t)i * e->bytes};
        value_convert(&unit, &to);
    }
    return s;
}

/* Sums what neither the output, nor an operand to come, nor `other` has. */
static gable_status sum_own(struct call *c, const struct einsum *e, struct operand *o, const struct operand *other)
{
    struct list kept = {0}, summed = {0}, order;
    const char *data;
    struct value ones;
    for (int k = 0; k < LABELS; k++) {
        struct list *l = is_needed(e, k) || (other && other->has[k]) ? &kept : &summed;
        if (o->has[k]) l->label[l->n++] = k;
    }
    if (summed.n == 0) return GABLE_OK;
    order = kept;
    append(&order, &summed);
    count k = places(e, &summed);
    if (k == COUNT_MAX) return call_refuse(c, "a sum of its operands is too large");
    gable_status s = arrange(c, e, o, &order, &data);
    if (!s) s = make_ones(c, e, k, &ones);
    return s ? s : multiply(c, e, data, ones.data, (const int64_t[]){1, places(e, &kept), 1, k}, o, &kept);
}

/* a becomes the join of a and b. */
static gable_status join(struct call *c, const struct einsum *e, struct operand *a, struct operand *b)
{
    struct list batch = {0}, rows = {0}, columns = {0}, summed = {0}, left, right, order;
    const char *of_a = NULL, *of_b = NULL;
    gable_status s = sum_own(c, e, a, b);
    if (!s) s = sum_own(c, e, b, a);
    for (int k = 0; k < LABELS; k++) {
        struct list *l = a->has[k] && b->has[k] ? is_needed(e, k) ? &batch : &summed : a->has[k] ? &rows : &columns;
        if (a->has[k] || b->has[k]) l->label[l->n++] = k;
    }
    left = right = order = batch;
    append(&left, &rows), append(&left, &summed);
    append(&right, &summed), append(&right, &columns);
    append(&order, &rows), append(&order, &columns);
    if (!s) s = arrange(c, e, a, &left, &of_a);
    if (!s) s = arrange(c, e, b, &right, &of_b);
    const int64_t size[] = {places(e, &batch), places(e, &rows), places(e, &columns), places(e, &summed)};
    return s ? s : multiply(c, e, of_a, of_b, size, a, &order);
}

static gable_status run_einsum(struct call *c)
{
    struct einsum e = {.n_out = 0};
    gable_status s = operand_tensors(c, 1);
    if (s) return s;
    struct operand *operands = call_scratch(c, (size_t)c->n_in * sizeof *operands);
    if (!operands) return operand_no_memory(c);
    memset(operands, 0, (size_t)c->n_in * sizeof *operands);
    e.dtype = c->in[0]->dtype;
    e.bytes = value_element_bytes(e.dtype);
    if (!product_has(e.dtype)) return call_refuse(c, "has no products of type %s", dtype_name(e.dtype));
    s = read_equation(c, &e, operands);
    for (int i = 0; i < c->n_in && !s; i++) {
        for (int k = 0; k < LABELS; k++) e.uses[k] -= operands[i].has[k];
        s = i == 0 ? sum_own(c, &e, &operands[0], NULL) : join(c, &e, &operands[0], &operands[i]);
    }
    if (s) return s;
    struct list order = {.n = e.n_out};
    int64_t dim[LABELS];
    const char *data;
    for (int i = 0; i < e.n_out; i++) order.label[i] = e.out[i], dim[i] = e.size[e.out[i]];
    s = e.n_out > SHAPE_RANK_MAX ? call_refuse(c, "an output of %d dimensions", e.n_out)
                                 : call_make(c, 0, e.dtype, e.n_out, dim);
    if (!s) s = arrange(c, &e, &operands[0], &order, &data);
    if (!s && c->out[0]->n) memcpy(c->out[0]->data, data, (size_t)c->out[0]->n * e.bytes);
    return s;
}

const struct kernel kernels_einsum[] = {{.op = "Einsum", .domain = "", .run = run_einsum, .in_f32 = true}, {0}};
