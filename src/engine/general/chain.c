#include "engine/general/chain.h"

#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/loops.h"
#include "engine/general/kernels/walk.h"

enum { CHAIN_MAX = 16, TILE = 4096 };

static bool goes_on(const struct step *s, const struct step *next, const int *last)
{
    const struct node *n = s->node, *after = next->node;
    if (!s->kernel->element || !next->kernel->element || n->n_out != 1 || after->n_out != 1) return false;
    bool is_read = (after->n_in > 0 && after->in[0] == n->out[0]) || (after->n_in > 1 && after->in[1] == n->out[0]);
    return is_read && last[n->out[0]->index] == after->index;
}

void chain_plan(struct program *p, const int *last)
{
    for (int i = p->n_steps - 1; i >= 0; i--) {
        struct step *s = &p->steps[i];
        s->n_chain = i + 1 < p->n_steps && goes_on(s, s + 1, last) ? 1 + s[1].n_chain : 1;
    }
}

struct link { /* one step of a chain */
    struct element element;
    bool is_made[2]; /* operands that the link before makes */
    const float *operand[2];
    enum operands which;
    struct walk walk; /* of a binary one */
};
struct chain {
    int n;
    struct value shape; /* of every link's result */
    struct link link[CHAIN_MAX];
    float *y;
};

/* Is v, whose dimensions may be 1 or missing, stretched by the shape, and not the other way round? */
static bool fits(const struct value *v, const struct value *shape)
{
    int missing = shape->rank - v->rank;
    for (int i = 0; i < v->rank && missing >= 0; i++)
        if (v->dim[i] != 1 && v->dim[i] != shape->dim[i + missing]) return false;
    return missing >= 0;
}

/* The first link's operands stretch each other. */
static bool first_shape(const struct value *a, const struct value *b, struct value *shape)
{
    const struct value *long_one = a->rank >= b->rank ? a : b, *other = a->rank >= b->rank ? b : a;
    *shape = (struct value){.kind = VALUE_TENSOR, .dtype = DTYPE_F32, .rank = long_one->rank, .n = 1};
    for (int i = 0, missing = long_one->rank - other->rank; i < shape->rank; i++) {
        int64_t d = long_one->dim[i];
        shape->dim[i] = d == 1 && i >= missing ? other->dim[i - missing] : d;
        shape->n = count_mul(shape->n, shape->dim[i]);
    }
    return fits(a, shape) && fits(b, shape) && shape->n > 0 && shape->n < COUNT_MAX;
}

static bool is_float(const struct value *v) { return v->kind == VALUE_TENSOR && v->dtype == DTYPE_F32; }

/* Step s as the next link; before: the step whose result it reads, or NULL. False where it must run on its own. */
static bool add_link(struct runtime *r, struct program *p, const struct step *s, const struct step *before,
                     struct chain *c)
{
    static const struct value nothing;
    const struct node *n = s->node;
    struct link *l = &c->link[c->n];
    const struct value *in[2] = {&nothing, &nothing};
    for (int i = 0; i < n->n_in; i++) {
        bool is_made = before && n->in[i] == before->node->out[0];
        p->in[i] = is_made ? &c->shape : p->slot_of[n->in[i]->index] < 0 ? &nothing : program_value(p, n->in[i]);
        if (i < 2) in[i] = p->in[i], l->is_made[i] = is_made;
    }
    const struct call call = {.node = n, .opset = r->opset, .n_in = n->n_in, .in = p->in, .runtime = r};
    l->element = (struct element){0};
    if (n->n_in < 1 || !is_float(in[0]) || !s->kernel->element(&call, &l->element)) return false;
    int operands = l->element.unary ? 1 : 2;
    if (operands == 1 && before && (!l->is_made[0] || l->is_made[1])) return false;
    if (operands == 2 && !is_float(in[1])) return false;
    if (!before && !first_shape(in[0], in[operands - 1], &c->shape)) return false;
    for (int i = 0; i < operands; i++) {
        if (!fits(in[i], &c->shape)) return false;
        l->operand[i] = in[i]->data;
    }
    if (operands == 2) {
        walk_broadcast(&l->walk, 2, in, c->shape.rank, c->shape.dim);
        l->which = walk_step(&l->walk, 0) == 0   ? OPERANDS_ONE_FIRST
                   : walk_step(&l->walk, 1) == 0 ? OPERANDS_ONE_SECOND
                                                 : OPERANDS_EACH;
    }
    c->n++;
    return true;
}

struct piece { /* one link on one tile, which begins at element `first` */
    const struct link *link;
    const float *tile;
    float *to;
    int64_t first;
};
static void run_binary(const void *arg, const int64_t *offset, int64_t out, int64_t n)
{
    const struct piece *p = arg;
    const struct link *l = p->link;
    const float *operand[2];
    int64_t at = out - p->first;
    for (int i = 0; i < 2; i++) operand[i] = l->is_made[i] ? p->tile + at : l->operand[i] + offset[i];
    l->element.binary(operand[0], operand[1], p->to + at, n, l->which);
}

static void run_tiles(void *arg, int64_t first, int64_t end)
{
    const struct chain *c = arg;
    _Alignas(64) float tile[TILE];
    for (int64_t at = first; at < end; at += TILE) {
        int64_t n = end - at < TILE ? end - at : TILE;
        for (int k = 0; k < c->n; k++) {
            const struct link *l = &c->link[k];
            const struct piece p = {l, tile, k == c->n - 1 ? c->y + at : tile, at};
            if (l->element.unary)
                l->element.unary(l->is_made[0] ? tile : l->operand[0] + at, p.to, n, l->element.p);
            else
                walk_serial(&l->walk, run_binary, &p, at, at + n);
        }
    }
}

static void end_step(struct program *p, const struct step *s)
{
    for (int i = 0; i < s->n_ends; i++) value_release(&p->values[p->slot_of[s->ends[i]]]);
}

gable_status chain_run(struct runtime *r, struct program *p, int first, int *n, gable_error *e)
{
    struct step *s = &p->steps[first];
    struct chain c = {.n = 0};
    struct value y;
    int most = s->n_chain < CHAIN_MAX ? s->n_chain : CHAIN_MAX;
    *n = 0;
    if (most < 2 || (r->watch && !p->parent) || r->steps_left < most) return GABLE_OK;
    while (c.n < most && add_link(r, p, &s[c.n], c.n ? &s[c.n - 1] : NULL, &c)) continue;
    if (c.n < 2) return GABLE_OK;
    gable_status status = value_new(r->pool, DTYPE_F32, c.shape.rank, c.shape.dim, &y, e);
    if (status) return error_within(e, "node %.60s (%.40s)", s[c.n - 1].node->name, s[c.n - 1].node->op_type);
    c.y = y.data;
    struct call call = {.runtime = r, .e = e};
    call_parallel(&call, c.shape.n, GRAIN, run_tiles, &c);
    for (int k = 0; k < c.n - 1; k++) end_step(p, &s[k]);
    *program_value(p, s[c.n - 1].node->out[0]) = y; /* perhaps in the place of what has just ended */
    end_step(p, &s[c.n - 1]);
    r->steps_left -= c.n;
    *n = c.n;
    return GABLE_OK;
}
