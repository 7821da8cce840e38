#include "trial.h"

#include "check.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* splitmix64 */
int64_t trial_below(struct trial *t, int64_t n)
{
    uint64_t x = t->stream += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (int64_t)((x ^ (x >> 31)) % (uint64_t)n);
}

struct value *trial_input(struct trial *t, int rank, const int64_t *dim)
{
    gable_error e = {0};
    struct value *v = &t->in[t->n_in++];
    assert_ok(value_new(t->pool, DTYPE_F32, rank, dim, v, &e), &e);
    for (int64_t i = 0; i < v->n; i++) {
        int64_t quarters = trial_below(t, 64) - 32;
        ((float *)v->data)[i] = 0.25F * (float)(quarters < 0 ? quarters : quarters + 1);
    }
    return v;
}
void trial_dims(struct trial *t, int rank, int64_t least, int64_t *dim)
{
    for (int i = 0; i < rank; i++) dim[i] = least + trial_below(t, 7);
}
double trial_element(const struct value *v, int rank, const int64_t *at)
{
    int64_t i = 0;
    for (int k = 0; k < v->rank; k++) i = i * v->dim[k] + (v->dim[k] == 1 ? 0 : at[rank - v->rank + k]);
    return (double)((const float *)v->data)[i];
}

void trial_node(struct trial *t)
{
    static const char *const names[] = {"a", "b", "c"};
    struct tensor *in[3];
    for (int i = 0; i < t->n_in; i++) in[i] = graph_input(t->graph, names[i], DTYPE_F32, t->in[i].rank, t->in[i].dim);
    t->node = graph_node(t->graph, t->op, "", "n", NULL, t->n_in, in, 1);
}
void trial_constant(struct trial *t, int n, const int64_t *values)
{
    char name[16];
    struct node *node = t->node;
    struct tensor **in = arena_array(t->graph->arena, (size_t)node->n_in + 1, sizeof(struct tensor *));
    snprintf(name, sizeof name, "c%d", node->n_in);
    memcpy(in, node->in, (size_t)node->n_in * sizeof *in);
    in[node->n_in++] = graph_constant_ints(t->graph, name, n, values);
    node->in = in;
}

static void compare(const struct trial *t, expect *of, const struct value *got, int number)
{
    int64_t at[SHAPE_RANK_MAX];
    bool fits = got->kind == VALUE_TENSOR && got->rank == t->rank;
    for (int i = 0; i < t->rank && fits; i++) fits = got->dim[i] == t->dim[i];
    if (!fits) fail_msg("%s, trial %d: another shape", t->op, number);
    for (int64_t i = 0; i < got->n; i++) {
        int64_t rest = i;
        for (int k = t->rank - 1; k >= 0; rest /= t->dim[k--]) at[k] = rest % t->dim[k];
        double want = of(t, at), is = value_real(got, i);
        if (!(fabs(is - want) <= 1e-5 * (1 + fabs(want))))
            fail_msg("%s, trial %d: element %" PRId64 " is %.9g, not %.9g", t->op, number, i, is, want);
    }
}

void trial_run(draw_node *draw, expect *of, int number)
{
    struct trial t = {.stream = (uint64_t)number * 1000003, .pool = pool_new(1 << 24)};
    struct general *s = NULL;
    struct cpus cpus;
    gable_error e = {0};
    t.graph = graph_new("g", "test", 1 << 20);
    t.graph->opset = 17;
    draw(&t);
    graph_output(t.graph, t.node->out[0]);
    cpus_read("", &cpus);
    assert_ok(general_open(t.graph, NULL, &cpus, &(struct general_options){.threads = 1 + number % 2}, &s, &e), &e);
    for (int i = 0; i < t.n_in; i++) assert_ok(general_set_input(s, i, &t.in[i], &e), &e);
    assert_ok(general_run(s, &e), &e);
    compare(&t, of, general_output(s, 0), number);
    general_close(s);
    for (int i = 0; i < t.n_in; i++) value_release(&t.in[i]);
    pool_free(t.pool);
    graph_free(t.graph);
}
