/* Sequences: where it is known before anything runs which tensors one holds, what is taken from it is these tensors,
   and their gradients go there at once. */
#include "gradient/back.h"

#include <string.h>

enum { HELD_MAX = 1 << 12 };
#define NO_PLACE "its sequence has no such place"

struct held {
    int n;
    term *list;
};
/* What went into the sequence, or is a part of it: of there the definition reads. */
static void add(struct back *b, struct held *h, term element, term source)
{
    if (h->n >= HELD_MAX) back_refuse(b, "its sequence holds more than %d tensors", HELD_MAX);
    if (b->status) return;
    h->list[h->n++] = element;
    b->far[b->n_far++] = source;
}

/* It gives what its first input is or holds, but for an element. */
static bool is_step(const struct node *n)
{
    static const char *const names[] = {"SequenceInsert", "SequenceErase", "Identity", "Optional",
                                        "OptionalGetElement"};
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (!strcmp(n->op_type, names[i])) return n->n_in > 0;
    return false;
}

/* A whole number that is an input; the fallback where it is left out. */
static int64_t place(struct back *b, const struct node *n, int input, int64_t fallback, int64_t end)
{
    int64_t at = fallback;
    if (rule_has(n, input) && !b->status) b->status = rule_whole(n, input, -end, end, &at, b->e);
    return at < 0 ? at + end : at;
}

/* How long part i is: one without sizes, one size for all, or a list; 0 where that is not known. */
static int64_t length_of(const struct tensor *sizes, int i)
{
    if (!sizes) return 1;
    if (!sizes->ints) return 0;
    int at = sizes->shape.rank ? i : 0;
    return at < tensor_elements(sizes) ? sizes->ints[at] : 0;
}
static void split(struct back *b, const struct node *n, struct held *h)
{
    const struct shape *x = in_shape(n, 0);
    const struct tensor *sizes = rule_has(n, 1) ? n->in[1] : NULL;
    bool keeps = sizes || node_int(n, "keepdims", 1);
    int64_t at = 0, dim[SHAPE_RANK_MAX];
    int axis = 0, rank = 0;
    b->status = rule_axis(n, 0, x->rank, &axis, b->e);
    for (int i = 0; i < x->rank && !b->status; i++)
        if (i != axis) dim[rank++] = x->dim[i];
    while (!b->status && at < x->dim[axis]) {
        int64_t each = length_of(sizes, h->n), rest = x->dim[axis] - at;
        if (each < 1) back_refuse(b, "how its sequence is split is not known before it runs");
        each = each < rest ? each : rest;
        term part = back_slice(b, n->in[0], axis, at, at + each, 1);
        add(b, h, keeps ? part : back_reshape(b, part, rank, dim), n->in[0]);
        at += each;
    }
}

static void begin(struct back *b, const struct node *n, struct held *h)
{
    if (!n || (*n->domain && strcmp(n->domain, "ai.onnx") != 0)) {
        back_refuse(b, "what its sequence holds is given");
    } else if (!strcmp(n->op_type, "SequenceConstruct")) {
        for (int i = 0; i < n->n_in; i++) add(b, h, n->in[i], n->in[i]);
    } else if (!strcmp(n->op_type, "SplitToSequence")) {
        split(b, n, h);
    } else if (strcmp(n->op_type, "SequenceEmpty") != 0) {
        back_refuse(b, "what its sequence holds is not known before it runs: %.40s makes it", n->op_type);
    }
}

static void insert(struct back *b, const struct node *n, struct held *h)
{
    int64_t at = place(b, n, 2, h->n, h->n);
    if (at < 0 || at > h->n) back_refuse(b, NO_PLACE);
    add(b, h, n->in[1], n->in[1]);
    for (int64_t i = h->n - 1; !b->status && i > at; i--) {
        term later = h->list[i];
        h->list[i] = h->list[i - 1];
        h->list[i - 1] = later;
    }
}
static void erase(struct back *b, const struct node *n, struct held *h)
{
    int64_t at = place(b, n, 1, h->n - 1, h->n);
    if (at < 0 || at >= h->n) back_refuse(b, NO_PLACE);
    for (int64_t i = at + 1; !b->status && i < h->n; i++) h->list[i - 1] = h->list[i];
    h->n--;
}

/* From what made it, step by step. */
static struct held held_by(struct back *b, const struct tensor *t)
{
    const struct node *steps[HELD_MAX], *n = t->producer;
    struct held h = {.list = arena_array(b->g->arena, HELD_MAX, sizeof(term))};
    int n_steps = 0;
    b->far = arena_array(b->g->arena, HELD_MAX, sizeof(term));
    if (!h.list || !b->far) b->status = error_set(b->e, GABLE_NO_MEMORY, "the graph does not fit its memory limit");
    for (; n && is_step(n) && n_steps < HELD_MAX; n = n->in[0]->producer) steps[n_steps++] = n;
    if (n_steps == HELD_MAX) back_refuse(b, "its sequence is made in more than %d steps", HELD_MAX);
    if (!b->status) begin(b, n, &h);
    for (int i = n_steps - 1; i >= 0 && !b->status; i--) {
        if (!strcmp(steps[i]->op_type, "SequenceInsert")) insert(b, steps[i], &h);
        if (!strcmp(steps[i]->op_type, "SequenceErase")) erase(b, steps[i], &h);
    }
    return h;
}

static void define_at(struct back *b, term *out)
{
    struct held h = held_by(b, back_x(b, 0));
    int64_t at = place(b, b->n, 1, 0, h.n);
    if (at < 0 || at >= h.n) back_refuse(b, NO_PLACE);
    if (!b->status) out[0] = MAKE(b, "Identity", h.list[at]);
}

static void define_concat(struct back *b, term *out)
{
    struct held h = held_by(b, back_x(b, 0));
    bool is_new = node_int(b->n, "new_axis", 0);
    const int rank = b->n->out[0]->shape.rank;
    int64_t dim[SHAPE_RANK_MAX + 1], axis = node_int(b->n, "axis", 0);
    axis = axis < 0 ? axis + rank : axis;
    for (int i = 0; i < h.n && is_new && !b->status; i++) {
        const struct shape *x = &h.list[i]->shape;
        for (int k = 0; k < rank; k++) dim[k] = k == axis ? 1 : x->dim[k - (k > axis)];
        h.list[i] = back_reshape(b, h.list[i], rank, dim);
    }
    struct node *n = h.n ? back_node(b, "Concat", h.n, h.list, 1) : NULL;
    if (n) node_set_int(b->g, n, "axis", axis);
    out[0] = back_infer(b, n);
}

/* An optional holds what went into it; a tensor that is none is itself. */
static void define_element(struct back *b, term *out)
{
    term t = back_x(b, 0);
    while (t->producer && !strcmp(t->producer->op_type, "Optional") && t->producer->n_in) t = t->producer->in[0];
    b->far = arena_array(b->g->arena, 1, sizeof(term));
    if (!b->far) b->status = error_set(b->e, GABLE_NO_MEMORY, "the graph does not fit its memory limit");
    if (t->form != FORM_TENSOR) back_refuse(b, "what it holds is not known before it runs");
    if (b->status) return;
    b->far[b->n_far++] = t;
    out[0] = MAKE(b, "Identity", t);
}

/* Never asked: the gradients of what it holds go to that itself. */
static void back_held(struct back *b) { (void)b; }

#define HELD(name)                                                                             \
    {                                                                                          \
        name, DOMAIN_ONNX, .back = back_held, .words = "that of what is taken from its result" \
    }
const struct gradient_rule rules_sequence[] = {
    {"SequenceAt", DOMAIN_ONNX, .define = define_at, .words = "dy to the tensor that was put there"},
    {"ConcatFromSequence", DOMAIN_ONNX, .define = define_concat,
     .words = "its part of dy to each tensor that was put in"},
    {"OptionalGetElement", DOMAIN_ONNX, .define = define_element, .words = "dy to what was put in"},
    HELD("SequenceConstruct"),
    HELD("SequenceInsert"),
    HELD("SequenceErase"),
    HELD("SplitToSequence"),
    HELD("Optional"),
    {0},
};
