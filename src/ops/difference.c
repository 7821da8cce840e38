#include "ops/difference.h"

#include <stdlib.h>
#include <string.h>

enum { WEIGHT_SAME = 4, WEIGHT_RESHAPED = 1 };

const char *change_name(enum change_kind k)
{
    static const char *const names[CHANGE_KINDS] = {
        [CHANGE_SAME] = "same", [CHANGE_RESHAPED] = "reshaped", [CHANGE_ADDED] = "added", [CHANGE_REMOVED] = "removed"};
    return names[k];
}

count node_cost_bytes(const struct node_cost *c)
{
    return count_add(count_add(c->read_bytes, c->weight_bytes), c->write_bytes);
}

/* What a node is without its name and neighbours, as two hashes. */
struct signature {
    uint64_t op, whole;
};

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9E3779B97F4A7C15);
    return h ^ h >> 29;
}

static uint64_t mix_text(uint64_t h, const char *s)
{
    for (; *s; s++) h = mix(h, (unsigned char)*s);
    return mix(h, 256);
}

static uint64_t mix_tensor(uint64_t h, const struct tensor *t)
{
    h = mix(mix(h, t->role == ROLE_ABSENT), (uint64_t)t->dtype);
    for (int i = 0; i < t->shape.rank; i++) h = mix(h, (uint64_t)t->shape.dim[i]);
    return mix(h, (uint64_t)t->shape.rank);
}

/* Attributes in any order: their hashes are summed. */
static uint64_t attributes(const struct node *n)
{
    uint64_t sum = 0;
    for (int i = 0; i < n->n_attributes; i++) {
        const struct attribute *a = &n->attributes[i];
        uint64_t h = mix_text(mix(0, (uint64_t)a->type), a->name), bits;
        if (a->type == ATTRIBUTE_INT) h = mix(h, (uint64_t)a->i);
        if (a->type == ATTRIBUTE_STRING && a->s) h = mix_text(h, a->s);
        for (int k = 0; a->type == ATTRIBUTE_INTS && k < a->n; k++) h = mix(h, (uint64_t)a->ints[k]);
        memcpy(&bits, &a->f, sizeof bits);
        if (a->type == ATTRIBUTE_FLOAT) h = mix(h, bits);
        sum += h;
    }
    return sum;
}

static struct signature signature_of(const struct node *n)
{
    uint64_t h = mix_text(mix_text(1, n->domain), n->op_type);
    struct signature s = {h, mix(h, attributes(n))};
    for (int i = 0; i < n->n_in; i++) s.whole = mix_tensor(s.whole, n->in[i]);
    for (int i = 0; i < n->n_out; i++) s.whole = mix_tensor(s.whole, n->out[i]);
    return s;
}

struct side {
    const struct analysis *of;
    struct signature *signature;
    int first, end; /* the differing part */
};
struct alignment {
    struct side a, b;
    struct difference *d;
    int *best; /* [i][j]: most weight of what is left after i and j of the differing parts */
};

static bool is_same(const struct alignment *al, int i, int j)
{
    return al->a.signature[i].whole == al->b.signature[j].whole;
}

static int weight(const struct alignment *al, int i, int j)
{
    if (is_same(al, i, j)) return WEIGHT_SAME;
    return al->a.signature[i].op == al->b.signature[j].op ? WEIGHT_RESHAPED : 0;
}

static void add(struct alignment *al, enum change_kind kind, int i, int j)
{
    struct difference *d = al->d;
    d->n_of[kind]++;
    d->change[d->n++] = (struct change){kind, kind == CHANGE_ADDED ? NULL : &al->a.of->nodes[i],
                                        kind == CHANGE_REMOVED ? NULL : &al->b.of->nodes[j]};
}

static void trim(struct alignment *al)
{
    struct side *a = &al->a, *b = &al->b;
    a->end = a->of->graph->n_nodes;
    b->end = b->of->graph->n_nodes;
    while (a->first < a->end && b->first < b->end && is_same(al, a->first, b->first)) a->first++, b->first++;
    while (a->end > a->first && b->end > b->first && is_same(al, a->end - 1, b->end - 1)) a->end--, b->end--;
}

static void fill(struct alignment *al)
{
    int n = al->a.end - al->a.first, m = al->b.end - al->b.first;
    size_t row = (size_t)m + 1;
    for (int i = n - 1; i >= 0; i--)
        for (int j = m - 1; j >= 0; j--) {
            int *at = al->best + (size_t)i * row + (size_t)j;
            int pair = weight(al, al->a.first + i, al->b.first + j);
            *at = at[1] > at[row] ? at[1] : at[row];
            if (pair && pair + at[row + 1] > *at) *at = pair + at[row + 1];
        }
}

static void walk(struct alignment *al)
{
    int n = al->a.end - al->a.first, m = al->b.end - al->b.first, i = 0, j = 0;
    size_t row = (size_t)m + 1;
    while (i < n || j < m) {
        const int *at = al->best + (size_t)i * row + (size_t)j;
        int pair = i < n && j < m ? weight(al, al->a.first + i, al->b.first + j) : 0;
        if (pair && *at == pair + at[row + 1]) {
            add(al, pair == WEIGHT_SAME ? CHANGE_SAME : CHANGE_RESHAPED, al->a.first + i, al->b.first + j);
            i++, j++;
        } else if (i < n && (j == m || at[row] >= at[1])) {
            add(al, CHANGE_REMOVED, al->a.first + i++, 0);
        } else {
            add(al, CHANGE_ADDED, 0, al->b.first + j++);
        }
    }
}

static gable_status align(struct alignment *al, gable_error *e)
{
    trim(al);
    int n = al->a.end - al->a.first, m = al->b.end - al->b.first;
    int n_a = al->a.of->graph->n_nodes;
    if ((int64_t)n * m > DIFFERENCE_CELLS_MAX)
        return error_set(e, GABLE_BAD_INPUT, "%d nodes differ from %d: too many to align", n, m);
    al->best = calloc(((size_t)n + 1) * ((size_t)m + 1), sizeof *al->best);
    if (!al->best) return error_set(e, GABLE_NO_MEMORY, "no memory to align %d with %d nodes", n, m);
    fill(al);
    for (int i = 0; i < al->a.first; i++) add(al, CHANGE_SAME, i, i);
    walk(al);
    for (int i = al->a.end; i < n_a; i++) add(al, CHANGE_SAME, i, al->b.end + i - al->a.end);
    return GABLE_OK;
}

static bool sign(struct side *s)
{
    s->signature = calloc((size_t)s->of->graph->n_nodes + 1, sizeof *s->signature);
    for (int i = 0; s->signature && i < s->of->graph->n_nodes; i++)
        s->signature[i] = signature_of(s->of->graph->nodes[i]);
    return s->signature != NULL;
}

gable_status difference_find(const struct analysis *a, const struct analysis *b, struct difference *out, gable_error *e)
{
    struct alignment al = {.a = {.of = a}, .b = {.of = b}, .d = out};
    *out = (struct difference){0};
    out->change = calloc((size_t)a->graph->n_nodes + (size_t)b->graph->n_nodes + 1, sizeof *out->change);
    bool is_ready = sign(&al.a);
    is_ready = sign(&al.b) && is_ready && out->change;
    gable_status s = is_ready ? align(&al, e) : error_set(e, GABLE_NO_MEMORY, "no memory to align two graphs");
    free(al.best);
    free(al.a.signature);
    free(al.b.signature);
    if (s) difference_release(out);
    return s;
}

void difference_release(struct difference *d)
{
    free(d->change);
    *d = (struct difference){0};
}
