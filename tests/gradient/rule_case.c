#include "rule_case.h"

#include "check.h"
#include "engine/general/general.h"
#include "gradient/gradient.h"
#include "ops/ops.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_MAX = 4096, TENSORS_MAX = 32 };
#define STEP 1e-5
#define ALLOWED 2e-6

struct given { /* an input of the graph */
    struct tensor *tensor;
    char kind; /* as in the text; 0 where it is wanted */
    int64_t below;
    struct value value;
};
struct rule_run {
    struct graph *g;
    struct node *n;
    struct given given[TENSORS_MAX];
    int n_given;
    struct general *session;
    struct pool *pool;
    int wanted[TENSORS_MAX]; /* per input: the output that is its gradient, -1 for none */
    uint64_t seed;
};

static double drawn(struct rule_run *r)
{
    float x;
    weights_normal(r->seed++, 1, &x);
    return (double)x;
}

static int read_shape(const char *text, int64_t *dim)
{
    int rank = 0;
    if (!strcmp(text, "()")) return 0;
    while (*text) {
        dim[rank++] = strtoll(text, (char **)(uintptr_t)&text, 10);
        text += *text == 'x';
    }
    return rank;
}

static struct tensor *constant(struct graph *g, const char *text)
{
    int64_t values[32];
    int n = 0;
    while (*text) {
        values[n++] = strtoll(text, (char **)(uintptr_t)&text, 10);
        text += *text == ',';
    }
    return graph_constant_ints(g, "c", n, values);
}

static struct tensor *add_input(struct rule_run *r, const char *text)
{
    struct given *in = &r->given[r->n_given];
    int64_t dim[SHAPE_RANK_MAX];
    char name[16];
    if (*text == '-') return graph_absent(r->g);
    if (*text == 'c') return constant(r->g, text + 1);
    if (*text == 'r') return graph_constant_real(r->g, "r", DTYPE_F64, strtod(text + 1, NULL));
    *in = (struct given){.kind = strchr("+u=ib", *text) ? *text++ : 0};
    if (in->kind == 'i') {
        in->below = strtoll(text, (char **)(uintptr_t)&text, 10);
        text++;
    }
    snprintf(name, sizeof name, "x%d", r->n_given++);
    int rank = read_shape(text, dim);
    enum dtype d = in->kind == 'i' ? DTYPE_S64 : in->kind == 'b' ? DTYPE_BOOL : DTYPE_F64;
    return in->tensor = graph_input(r->g, name, d, rank, dim);
}

static void set_list(struct rule_run *r, const char *name, const char *text)
{
    int64_t ints[32];
    double reals[32];
    int n = 0;
    bool is_real = strchr(text, '.') != NULL;
    for (; *text && *text != ']'; text += *text == ',') {
        reals[n] = strtod(text, NULL);
        ints[n++] = strtoll(text, NULL, 10);
        text += strcspn(text, ",]");
    }
    if (is_real)
        node_set_floats(r->g, r->n, name, n, reals);
    else
        node_set_ints(r->g, r->n, name, n, ints);
}

static void set_words(struct rule_run *r, const char *name, char *text)
{
    const char *words[8];
    int n = 0;
    text[strcspn(text, "]")] = 0;
    while (*text) {
        words[n++] = text;
        text += strcspn(text, ",");
        if (*text) *text++ = 0;
    }
    node_set_strings(r->g, r->n, name, n, words);
}

static void set_attributes(struct rule_run *r, const char *text)
{
    char name[40], value[200];
    int used;
    while (sscanf(text, " %39[^=: ]%n", name, &used) == 1) {
        text += used;
        char kind = *text++;
        if (sscanf(text, "%199[^ ]%n", value, &used) == 1) text += used;
        if (kind == ':' && *value == '[')
            set_words(r, name, value + 1);
        else if (kind == ':')
            node_set_string(r->g, r->n, name, value);
        else if (*value == '[')
            set_list(r, name, value + 1);
        else if (strchr(value, '.'))
            node_set_float(r->g, r->n, name, strtod(value, NULL));
        else
            node_set_int(r->g, r->n, name, strtoll(value, NULL, 10));
    }
}

static struct tensor *made(struct rule_run *r, const char *op, int n, struct tensor *const *in)
{
    gable_error e = {0};
    struct node *node = graph_node(r->g, op, "", op, NULL, n, in, 1);
    assert_ok(ops_infer_node(r->g, node, &e), &e);
    return node->out[0];
}

/* Every output's values times drawn ones, all added. */
static struct tensor *loss_of(struct rule_run *r)
{
    struct tensor *loss = NULL;
    for (int i = 0; i < r->n->n_out; i++) {
        const struct tensor *y = r->n->out[i];
        if (y->dtype != DTYPE_F64) continue;
        struct given *by = &r->given[r->n_given++];
        *by = (struct given){.kind = '='};
        by->tensor = graph_input(r->g, "weights", DTYPE_F64, y->shape.rank, y->shape.dim);
        struct tensor *part = made(r, "Mul", 2, (struct tensor *[]){r->n->out[i], by->tensor});
        struct node *sum = graph_node(r->g, "ReduceSum", "", "sum", NULL, 1, &part, 1);
        gable_error e = {0};
        node_set_int(r->g, sum, "keepdims", 0);
        assert_ok(ops_infer_node(r->g, sum, &e), &e);
        loss = loss ? made(r, "Add", 2, (struct tensor *[]){loss, sum->out[0]}) : sum->out[0];
    }
    return loss;
}

static gable_status build(struct rule_run *r, const struct rule_case *c, rule_finish *finish, gable_error *e)
{
    struct tensor *in[RULE_INPUTS_MAX];
    int n = 0;
    const char *opset = strstr(c->attributes, "OPSET="), *outputs = strstr(c->attributes, "OUTPUTS=");
    r->g = graph_new("g", "test", 1 << 26);
    r->g->opset = opset ? atoi(opset + 6) : 18;
    for (; n < RULE_INPUTS_MAX && c->in[n]; n++) in[n] = add_input(r, c->in[n]);
    r->n = graph_node(r->g, c->op, "", "n", NULL, n, in, outputs ? atoi(outputs + 8) : 1);
    set_attributes(r, c->attributes);
    if (finish) finish(r->g, r->n);
    assert_ok(ops_infer_node(r->g, r->n, e), e);
    struct tensor *loss = loss_of(r);
    assert_non_null(loss);
    bool is_wanted[256] = {false};
    for (int i = 0; i < r->n_given; i++) {
        char kind = r->given[i].kind;
        is_wanted[r->given[i].tensor->index] = kind == 0 || kind == '+' || kind == 'u';
    }
    graph_output(r->g, loss);
    struct gradient back;
    gable_status s = gradient_append(r->g, loss, is_wanted, &back, e);
    for (int i = 0; i < r->n_given && !s; i++) {
        struct tensor *t = is_wanted[r->given[i].tensor->index] ? back.of[r->given[i].tensor->index] : NULL;
        if (is_wanted[r->given[i].tensor->index] && !t)
            fail_msg("%s %s: input %d has no gradient", c->op, c->attributes, i);
        r->wanted[i] = t ? r->g->n_outputs : -1;
        if (t) graph_output(r->g, t);
    }
    return s;
}

static void fill(struct rule_run *r, struct given *in)
{
    for (int64_t i = 0; i < in->value.n; i++) {
        double x = drawn(r), *to = (double *)in->value.data + i;
        switch (in->kind) {
        case 'i': ((int64_t *)in->value.data)[i] = (int64_t)(fabs(x) * 1e6) % in->below; break;
        case 'b': ((uint8_t *)in->value.data)[i] = x > 0; break;
        case '+': *to = 0.5 + 1.5 * fabs(x) / (fabs(x) + 1); break;
        case 'u': *to = 0.9 * x / (fabs(x) + 1); break;
        default: *to = x;
        }
    }
}

static double loss_at(struct rule_run *r, gable_error *e)
{
    assert_ok(general_run(r->session, e), e);
    return value_real(general_output(r->session, 0), 0);
}

static void compare(struct rule_run *r, const struct rule_case *c, int input)
{
    double by_rule[VALUES_MAX];
    gable_error e = {0};
    struct value *x = &r->given[input].value;
    loss_at(r, &e);
    const struct value *got = general_output(r->session, r->wanted[input]);
    if (!value_same_shape(got, x))
        fail_msg("%s %s: the gradient of input %d has another shape", c->op, c->attributes, input);
    assert_true(x->n <= VALUES_MAX);
    for (int64_t i = 0; i < x->n; i++) by_rule[i] = value_real(got, i);
    for (int64_t i = 0; i < x->n; i++) {
        double *at = (double *)x->data + i, kept = *at, side[2];
        for (int k = 0; k < 2; k++) {
            *at = kept + (k ? STEP : -STEP);
            side[k] = loss_at(r, &e);
        }
        *at = kept;
        double slope = (side[1] - side[0]) / (2 * STEP);
        if (!(fabs(slope - by_rule[i]) <= ALLOWED * (1 + fabs(slope))))
            fail_msg("%s %s: input %d at %lld: %.9g by rule, %.9g by differences", c->op, c->attributes, input,
                     (long long)i, by_rule[i], slope);
    }
}

static void run_release(struct rule_run *r)
{
    general_close(r->session);
    for (int i = 0; i < r->n_given; i++) value_release(&r->given[i].value);
    pool_free(r->pool);
    graph_free(r->g);
}

static void rule_holds(const struct rule_case *c, rule_finish *finish, const struct cpus *cpus)
{
    struct rule_run r = {.seed = 1, .pool = pool_new(1 << 26)};
    gable_error e = {0};
    assert_ok(build(&r, c, finish, &e), &e);
    const struct general_options how = {.threads = 1, .bytes_max = 1 << 28};
    assert_ok(general_open(r.g, NULL, cpus, &how, &r.session, &e), &e);
    for (int i = 0; i < r.n_given; i++) {
        struct given *in = &r.given[i];
        assert_ok(value_new(r.pool, in->tensor->dtype, in->tensor->shape.rank, in->tensor->shape.dim, &in->value, &e),
                  &e);
        fill(&r, in);
        assert_ok(general_set_input(r.session, i, &in->value, &e), &e);
    }
    for (int i = 0; i < r.n_given; i++)
        if (r.wanted[i] >= 0) compare(&r, c, i);
    run_release(&r);
}

void rules_hold_with(const struct rule_case *cases, size_t n, rule_finish *finish)
{
    struct cpus cpus;
    cpus_read("", &cpus);
    for (size_t i = 0; i < n; i++) rule_holds(&cases[i], finish, &cpus);
}
void rules_hold(const struct rule_case *cases, size_t n) { rules_hold_with(cases, n, NULL); }

void rule_refuses_with(const struct rule_case *c, rule_finish *finish, const char *words)
{
    struct rule_run r = {.seed = 1};
    gable_error e = {0};
    if (!build(&r, c, finish, &e)) fail_msg("%s %s is not refused: %s", c->op, c->attributes, words);
    assert_contains(e.where, c->op);
    assert_contains(e.why, words);
    run_release(&r);
}
void rule_refuses(const struct rule_case *c, const char *words) { rule_refuses_with(c, NULL, words); }
