#include "counts/claim.h"

#include "ops/convention.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What makes an explanation less likely, in units of the claim's last digit that it outweighs. */
static const double PENALTY_TOOL = 1.5, PENALTY_OTHER_SIZE = 2, PENALTY_COMMON_SIZE = 1, PENALTY_VARIANT = 0.5,
                    PENALTY_RELATIVE = 2.5, PENALTY_BATCH = 3, PENALTY_PART = 2, DIFFERENCE_SHARE = 0.25,
                    MISS_MOST = 10, DIFFERENCE_MOST = 0.05;
enum { BATCH_MOST = 256, SIZES_MAX = 40 };

static gable_status not_a_claim(const char *text, gable_error *e)
{
    return error_set(e, GABLE_USAGE, "a claim is a number such as 3.8G, 25.6M or 4.1 GFLOPs, not '%.60s'", text);
}

static bool parse_unit(const char *word, enum claim_of *of)
{
    static const struct {
        const char *word;
        enum claim_of of;
    } units[] = {{"", CLAIM_ANY},           {"mac", CLAIM_WORK},      {"macs", CLAIM_WORK},
                 {"flop", CLAIM_WORK},      {"flops", CLAIM_WORK},    {"madds", CLAIM_WORK},
                 {"mult-adds", CLAIM_WORK}, {"params", CLAIM_PARAMS}, {"parameters", CLAIM_PARAMS}};
    while (*word == ' ') word++;
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (!strcasecmp(units[i].word, word)) {
            *of = units[i].of;
            return true;
        }
    return false;
}

gable_status claim_parse(const char *text, struct claim *out, gable_error *e)
{
    static const struct {
        char letter;
        double scale;
    } prefixes[] = {{'k', 1e3}, {'K', 1e3}, {'M', 1e6}, {'G', 1e9}, {'B', 1e9}, {'T', 1e12}};
    size_t length = strspn(text, "0123456789."), whole = strcspn(text, ".");
    char digits[32];
    if (!length || length >= sizeof digits || strspn(text, ".") == length) return not_a_claim(text, e);
    memcpy(digits, text, length);
    digits[length] = '\0';
    char *end;
    double value = strtod(digits, &end), scale = 1;
    const char *rest = text + length;
    while (*rest == ' ') rest++;
    for (size_t i = 0; i < COUNT_OF(prefixes); i++)
        if (*rest == prefixes[i].letter && scale == 1 && strncasecmp(rest, "mac", 3) && strncasecmp(rest, "mad", 3) &&
            strncasecmp(rest, "mult", 4)) {
            scale = prefixes[i].scale;
            rest++;
            break;
        }
    *out = (struct claim){.value = value * scale,
                          .unit = scale * (whole < length ? pow(10, -(double)(length - whole - 1)) : 1)};
    return *end || !(value > 0) || !parse_unit(rest, &out->of) ? not_a_claim(text, e) : GABLE_OK;
}

/* One graph and how likely it is meant. */
struct setting {
    const char *model, *note;
    const struct graph *g;
    double penalty;
    bool is_asked; /* the model itself at its own size */
};
struct search {
    const struct claim *claim;
    struct claim_result *result;
    bool has_nearest;
};

/* Units of the last digit by which a value misses what rounds or is cut to the claim: exact claims forgive less. */
static double miss(const struct claim *c, double value)
{
    double low = c->value - c->unit / 2, high = c->value + c->unit;
    if (value < low) return fmin((low - value) / c->unit, MISS_MOST);
    return value < high ? 0 : fmin((value - high) / c->unit, MISS_MOST);
}

/* Told apart by less than a thousandth: one explanation, the likelier. */
static bool is_same(const struct claim_answer *a, const struct claim_answer *b)
{
    return fabs((double)(a->value - b->value)) < 1e-3 * (double)b->value && !strcmp(a->model, b->model) &&
           a->height == b->height;
}

static void keep(struct search *s, const struct claim_answer *a)
{
    struct claim_result *r = s->result;
    int at = 0;
    for (int i = 0; i < r->n; i++)
        if (is_same(&r->answers[i], a)) {
            if (r->answers[i].score <= a->score) return;
            memmove(&r->answers[i], &r->answers[i + 1], (size_t)(r->n - i - 1) * sizeof *a);
            r->n--;
        }
    while (at < r->n && r->answers[at].score <= a->score) at++;
    if (at == CLAIM_ANSWERS) return;
    if (r->n < CLAIM_ANSWERS) r->n++;
    memmove(&r->answers[at + 1], &r->answers[at], (size_t)(r->n - at - 1) * sizeof *a);
    r->answers[at] = *a;
}

static void weigh(struct search *s, const struct setting *at, const char *what, count value, int batch, double penalty)
{
    const struct claim *c = s->claim;
    const struct shape *x = &at->g->inputs[0]->shape;
    struct claim_answer a = {.note = at->note, .batch = batch, .value = value};
    if (value <= 0 || value == COUNT_MAX) return;
    a.difference = ((double)value - c->value) / c->value;
    a.score = at->penalty + penalty + miss(c, (double)value) + DIFFERENCE_SHARE * 100 * fabs(a.difference);
    snprintf(a.model, sizeof a.model, "%s", at->model);
    snprintf(a.what, sizeof a.what, "%s", what);
    if (x->rank == 4) {
        a.height = (int)x->dim[2];
        a.width = (int)x->dim[3];
    }
    if (fabs(a.difference) <= DIFFERENCE_MOST) keep(s, &a);
    if (!s->has_nearest || fabs(a.difference) < fabs(s->result->nearest.difference)) {
        s->result->nearest = a;
        s->has_nearest = true;
    }
}

/* The value itself, and the batch that comes nearest to the claim. */
static void weigh_work(struct search *s, const struct setting *at, const char *what, count value, double penalty)
{
    if (s->claim->of == CLAIM_PARAMS) return;
    weigh(s, at, what, value, 1, penalty);
    for (int batch = 2; batch <= BATCH_MOST && at->is_asked; batch *= 2)
        if (fabs((double)value * batch / s->claim->value - 1) <= DIFFERENCE_MOST)
            weigh(s, at, what, count_mul(value, batch), batch, penalty + PENALTY_BATCH);
}

static bool is_linear(const struct node *n) { return op_kind_of(n) == KIND_LINEAR; }

/* What its linear layers do is little beside its convolutions: they are a classifier. Of a transformer they are the
   model. */
static bool is_classified(const struct graph *g)
{
    struct cost total = {0}, linear = {0};
    for (int i = 0; i < g->n_nodes; i++) {
        total = cost_add(total, op_cost(g->nodes[i]));
        if (is_linear(g->nodes[i])) linear = cost_add(linear, op_cost(g->nodes[i]));
    }
    return linear.macs > 0 && linear.macs < total.macs / 2;
}

static void weigh_graph_work(struct search *s, const struct setting *at)
{
    struct cost total = {0}, linear = {0};
    for (int i = 0; i < at->g->n_nodes; i++) {
        struct cost cost = op_cost(at->g->nodes[i]);
        total = cost_add(total, cost);
        if (is_linear(at->g->nodes[i])) linear = cost_add(linear, cost);
    }
    if (at->is_asked) s->result->macs = total.macs;
    for (int i = 0; convention_at(i); i++) {
        const struct convention *c = convention_at(i);
        struct convention_total counted;
        char what[CLAIM_WHAT];
        bool is_plain = !strcmp(c->tool, "torchvision"), is_double = !strcmp(c->tool, "flop_counter");
        convention_count(c, at->g, &counted);
        if (counted.crash || counted.n_lacking) continue;
        snprintf(what, sizeof what, "%s as %s counts them", c->unit, c->tool);
        weigh_work(s, at,
                   is_plain    ? "MACs of convolutions and linear layers"
                   : is_double ? "FLOPs as 2 x MACs of convolutions and linear layers"
                               : what,
                   counted.value,
                   is_plain    ? 0
                   : is_double ? 0.75
                               : PENALTY_TOOL);
    }
    weigh_work(s, at, "FLOPs of every operator (gable's own)", total.flops, PENALTY_TOOL);
    if (!is_classified(at->g)) return;
    weigh_work(s, at, "MACs of convolutions alone, without classifier", total.macs - linear.macs, PENALTY_PART);
    weigh_work(s, at, "FLOPs as 2 x MACs of convolutions alone, without classifier",
               count_mul(2, total.macs - linear.macs), PENALTY_PART + 0.75);
}

static void weigh_graph_params(struct search *s, const struct setting *at)
{
    count params = 0, buffers = 0, linear = 0;
    for (int i = 0; i < at->g->n_tensors; i++) {
        const struct tensor *t = at->g->tensors[i];
        if (t->role == ROLE_WEIGHT) params = count_add(params, tensor_elements(t));
        if (t->role == ROLE_BUFFER) buffers = count_add(buffers, tensor_elements(t));
    }
    for (int i = 0; i < at->g->n_nodes; i++)
        for (int k = 0; is_linear(at->g->nodes[i]) && k < at->g->nodes[i]->n_in; k++)
            if (at->g->nodes[i]->in[k]->role == ROLE_WEIGHT)
                linear = count_add(linear, tensor_elements(at->g->nodes[i]->in[k]));
    if (at->is_asked) s->result->params = params;
    if (s->claim->of == CLAIM_WORK) return;
    weigh(s, at, "parameters", params, 1, 0);
    if (buffers) weigh(s, at, "parameters and running statistics", count_add(params, buffers), 1, PENALTY_PART);
    if (linear && is_classified(at->g)) weigh(s, at, "parameters without classifier", params - linear, 1, PENALTY_PART);
}

static gable_status try_model(struct search *s, const struct model_options *o, struct setting at, bool with_params,
                              gable_error *e)
{
    struct graph *g = NULL;
    gable_status status = model_open(at.model, o, &g, e);
    if (status) return status;
    at.g = g;
    weigh_graph_work(s, &at);
    if (with_params) weigh_graph_params(s, &at);
    graph_free(g);
    return GABLE_OK;
}

/* A model of the zoo at one square size; sizes that do not fit are passed over. */
static gable_status try_size(struct search *s, struct setting at, int side, bool with_params, gable_error *e)
{
    struct model_options o = {.zoo = {.batch = 1, .height = side, .width = side}};
    gable_error why = {0};
    gable_status status = try_model(s, &o, at, with_params, &why);
    if (status && status != GABLE_BAD_INPUT) *e = why;
    return status == GABLE_BAD_INPUT ? GABLE_OK : status;
}

/* Crops that papers and model cards use; then every 32 pixels. */
static int find_sizes(int *sizes)
{
    static const int common[] = {224, 227, 240, 256, 260, 288, 299, 300, 320, 331, 380, 384, 448, 456, 512, 528, 600};
    int n = 0;
    for (size_t i = 0; i < COUNT_OF(common); i++) sizes[n++] = common[i];
    for (int side = 192; side <= 600; side += 32) {
        bool is_new = true;
        for (size_t i = 0; i < COUNT_OF(common); i++) is_new = is_new && common[i] != side;
        if (is_new) sizes[n++] = -side;
    }
    return n;
}

static gable_status settle_zoo(struct search *s, const struct zoo_model *m, const struct zoo_options *asked,
                               gable_error *e)
{
    int sizes[SIZES_MAX], n = find_sizes(sizes), own = asked->height ? asked->height : 224;
    gable_status status = GABLE_OK;
    for (int i = 0; i < n && !status; i++) {
        int side = abs(sizes[i]);
        double penalty = side == 224 || side == m->published_crop ? 0
                         : sizes[i] > 0                           ? PENALTY_COMMON_SIZE
                                                                  : PENALTY_OTHER_SIZE;
        struct setting at = {.model = m->id, .note = "", .penalty = penalty, .is_asked = side == own};
        status = try_size(s, at, side, side == own, e);
    }
    for (int i = 0; zoo_variant_at(i) && !status; i++) {
        const struct zoo_variant *v = zoo_variant_at(i);
        struct setting at = {.model = v->id, .note = v->note, .penalty = PENALTY_VARIANT};
        if (!strcmp(v->of, m->id)) status = try_size(s, at, 224, true, e);
    }
    for (int i = 0; i < zoo_size() && !status; i++) {
        const struct zoo_model *other = zoo_at(i);
        struct setting at = {.model = other->id, .note = "", .penalty = PENALTY_RELATIVE};
        if (other == m || strcmp(other->family, m->family) != 0) continue;
        status = try_size(s, at, 224, true, e);
        if (!status && other->published_crop != 224) status = try_size(s, at, other->published_crop, false, e);
    }
    return status;
}

gable_status claim_settle(const char *word, const struct model_options *options, const struct claim *c,
                          struct claim_result *out, gable_error *e)
{
    *out = (struct claim_result){0};
    struct search s = {.claim = c, .result = out};
    const struct zoo_model *m = onnx_is_path(word) ? NULL : zoo_find(word);
    if (m) return settle_zoo(&s, m, &options->zoo, e);
    return try_model(&s, options, (struct setting){.model = word, .note = "", .is_asked = true}, true, e);
}
