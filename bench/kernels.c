/* gable_kernels [THREADS]: how fast the general engine's kernels move bytes, beside memcpy of as many bytes: each row
   is one node on values larger than the caches, the fastest of several passes, read and written bytes over its time. */
#include "base/cpus.h"
#include "engine/general/general.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PASSES = 7, LISTED_MAX = 4 };
struct bench_case {
    const char *op, *what, *list; /* list: an INTS attribute, its numbers below */
    int n_listed;
    int64_t listed[LISTED_MAX];
    int n_in;
    struct operand {
        enum dtype dtype;
        int rank;
        int64_t dim[4];
    } in[3];
};

/* clang-format off */
#define PLAIN NULL, 0, {0}
#define MILLIONS {DTYPE_F32, 2, {4096, 4096}}
static const struct bench_case cases[] = {
    {"Relu", "", PLAIN, 1, {MILLIONS}},
    {"Exp", "", PLAIN, 1, {MILLIONS}},
    {"Sigmoid", "", PLAIN, 1, {MILLIONS}},
    {"Tanh", "", PLAIN, 1, {MILLIONS}},
    {"Erf", "", PLAIN, 1, {MILLIONS}},
    {"Gelu", "", PLAIN, 1, {MILLIONS}},
    {"Mish", "", PLAIN, 1, {MILLIONS}},
    {"Sqrt", "", PLAIN, 1, {MILLIONS}},
    {"Floor", "", PLAIN, 1, {MILLIONS}},
    {"Add", "same shape", PLAIN, 2, {MILLIONS, MILLIONS}},
    {"Mul", "by a scalar", PLAIN, 2, {MILLIONS, {DTYPE_F32, 0, {0}}}},
    {"Add", "per channel, first", PLAIN, 2, {{DTYPE_F32, 4, {16, 64, 128, 128}}, {DTYPE_F32, 3, {64, 1, 1}}}},
    {"Add", "per channel, last", PLAIN, 2, {{DTYPE_F32, 4, {16, 128, 128, 64}}, {DTYPE_F32, 1, {64}}}},
    {"Mul", "boxes of 4", PLAIN, 2, {{DTYPE_F32, 3, {16, 1 << 18, 4}}, {DTYPE_F32, 3, {16, 1 << 18, 1}}}},
    {"Div", "f16", PLAIN, 2, {{DTYPE_F16, 2, {4096, 4096}}, {DTYPE_F16, 0, {0}}}},
    {"Less", "", PLAIN, 2, {MILLIONS, MILLIONS}},
    {"Where", "", PLAIN, 3, {{DTYPE_BOOL, 2, {4096, 4096}}, MILLIONS, MILLIONS}},
    {"Cast", "u8 to f32", "to", 1, {1}, 1, {{DTYPE_U8, 2, {4096, 4096}}}},
    {"Cast", "s64 to f32", "to", 1, {1}, 1, {{DTYPE_S64, 2, {4096, 4096}}}},
    {"Cast", "f32 to s64", "to", 1, {7}, 1, {MILLIONS}},
    {"Cast", "f32 to s32", "to", 1, {6}, 1, {MILLIONS}},
    {"Cast", "f32 to f16", "to", 1, {10}, 1, {MILLIONS}},
    {"Cast", "bool to f32", "to", 1, {1}, 1, {{DTYPE_BOOL, 2, {4096, 4096}}}},
    {"Cast", "s64 to s32", "to", 1, {6}, 1, {{DTYPE_S64, 2, {4096, 4096}}}},
    {"QuantizeLinear", "", PLAIN, 2, {MILLIONS, {DTYPE_F32, 0, {0}}}},
    {"Concat", "", PLAIN, 2, {MILLIONS, MILLIONS}},
    {"Transpose", "2-D", "perm", 2, {1, 0}, 1, {MILLIONS}},
    {"Transpose", "NCHW to NHWC", "perm", 4, {0, 2, 3, 1}, 1, {{DTYPE_F32, 4, {16, 64, 128, 128}}}},
    {"Transpose", "NHWC to NCHW", "perm", 4, {0, 3, 1, 2}, 1, {{DTYPE_F32, 4, {16, 128, 128, 64}}}},
    {"Transpose", "heads", "perm", 4, {0, 2, 1, 3}, 1, {{DTYPE_F32, 4, {16, 256, 64, 64}}}},
    {"Transpose", "pixels of 3", "perm", 4, {0, 3, 1, 2}, 1, {{DTYPE_F32, 4, {16, 512, 512, 3}}}},
    {"Transpose", "bytes", "perm", 2, {1, 0}, 1, {{DTYPE_U8, 2, {4096, 4096}}}},
    {"ReduceMean", "last axis", "axes", 1, {1}, 1, {MILLIONS}},
    {"ReduceMean", "first axis", "axes", 1, {0}, 1, {MILLIONS}},
    {"ReduceMean", "pixels", "axes", 2, {2, 3}, 1, {{DTYPE_F32, 4, {16, 64, 128, 128}}}},
    {"ReduceMean", "all", "axes", 2, {0, 1}, 1, {MILLIONS}},
    {"ReduceMax", "last axis", "axes", 1, {1}, 1, {MILLIONS}},
    {"ArgMax", "last axis", "", 0, {0}, 1, {{DTYPE_F32, 3, {1, 16, 1 << 20}}}},
};
/* clang-format on */

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct value made(struct pool *p, const struct operand *o)
{
    struct value v = {0}, wide = {0};
    gable_error e = {0};
    if (value_new(p, DTYPE_F32, o->rank, o->dim, &wide, &e) || value_new(p, o->dtype, o->rank, o->dim, &v, &e)) {
        fprintf(stderr, "%s\n", e.why);
        exit(1);
    }
    for (int64_t i = 0; i < wide.n; i++) ((float *)wide.data)[i] = (float)(i % 1021) * 0.01f - 4;
    value_convert(&wide, &v);
    value_release(&wide);
    return v;
}

static size_t bytes_of(const struct value *v) { return (size_t)v->n * value_element_bytes(v->dtype); }

/* A graph with its inputs, to be timed. */
struct timing {
    struct graph *graph;
    struct pool *pool;
    int n_in;
    struct value in[3];
    struct tensor *x[3];
};
static struct timing timing_new(int n_in, const struct operand *in)
{
    static const char *const names[] = {"a", "b", "c"};
    struct timing t = {graph_new("g", "bench", 1 << 20), pool_new((size_t)1 << 31), .n_in = n_in};
    t.graph->opset = 17;
    for (int i = 0; i < n_in; i++) {
        t.in[i] = made(t.pool, &in[i]);
        t.x[i] = graph_input(t.graph, names[i], in[i].dtype, in[i].rank, in[i].dim);
    }
    return t;
}

static bool go_on(struct general_watch *w, const struct node *n, const struct tensor *t, const struct value *v)
{
    (void)w, (void)n, (void)t, (void)v;
    return true;
}

/* The fastest pass, and the bytes that it reads and writes; watched nodes run one by one. Ends the graph. */
static double timing_run(struct timing *t, int threads, bool is_watched, size_t *bytes)
{
    struct general_watch watch = {go_on};
    struct general *s = NULL;
    struct cpus cpus;
    gable_error e = {0};
    double best = 1e9;
    cpus_read("", &cpus);
    gable_status status = general_open(t->graph, NULL, &cpus, &(struct general_options){.threads = threads}, &s, &e);
    for (int i = 0; i < t->n_in && !status; i++) status = general_set_input(s, i, &t->in[i], &e);
    for (int i = 0; i < PASSES && !status; i++) {
        double start = now_s();
        status = is_watched ? general_run_watched(s, &watch, &e) : general_run(s, &e);
        double time = now_s() - start;
        best = time < best ? time : best;
    }
    if (status) {
        fprintf(stderr, "%s\n", e.why);
        exit(1);
    }
    *bytes = bytes_of(general_output(s, 0));
    for (int i = 0; i < t->n_in; i++) *bytes += bytes_of(&t->in[i]);
    general_close(s);
    for (int i = 0; i < t->n_in; i++) value_release(&t->in[i]);
    pool_free(t->pool);
    graph_free(t->graph);
    return best;
}

static double time_node(const struct bench_case *k, int threads, size_t *bytes)
{
    struct timing t = timing_new(k->n_in, k->in);
    struct node *n = graph_node(t.graph, k->op, "", "n", NULL, k->n_in, t.x, 1);
    if (!strcmp(k->op, "Cast"))
        node_set_int(t.graph, n, "to", k->listed[0]);
    else if (k->n_listed)
        node_set_ints(t.graph, n, k->list, k->n_listed, k->listed);
    if (!strcmp(k->op, "Concat")) node_set_int(t.graph, n, "axis", 1);
    if (!strcmp(k->op, "ArgMax")) node_set_int(t.graph, n, "axis", 2);
    graph_output(t.graph, n->out[0]);
    return timing_run(&t, threads, false, bytes);
}

/* x * sigmoid(x + c) * 2, clipped at 6, c per channel: five nodes. */
static double time_chain(int threads, bool is_watched, size_t *bytes)
{
    static const struct operand in[] = {{DTYPE_F32, 4, {16, 64, 128, 128}}, {DTYPE_F32, 3, {64, 1, 1}}};
    static const char *const ops[] = {"Add", "Sigmoid", "Mul", "Mul", "Min"};
    struct timing t = timing_new(2, in);
    struct tensor *operand[] = {t.x[1], NULL, t.x[0], graph_constant_real(t.graph, "two", DTYPE_F32, 2),
                                graph_constant_real(t.graph, "six", DTYPE_F32, 6)};
    struct tensor *y = t.x[0];
    for (int i = 0; i < 5; i++)
        y = graph_node(t.graph, ops[i], "", ops[i], NULL, operand[i] ? 2 : 1, (struct tensor *[]){y, operand[i]}, 1)
                ->out[0];
    graph_output(t.graph, y);
    return timing_run(&t, threads, is_watched, bytes);
}

/* Bytes read and written per second by memcpy on one thread. */
static double copy_speed(void)
{
    size_t n = (size_t)64 << 20;
    char *a = malloc(n), *b = malloc(n);
    double best = 1e9;
    volatile char seen = 0; /* so that the copies are made */
    if (!a || !b) exit(1);
    memset(a, 1, n);
    memset(b, 2, n);
    for (int i = 0; i < PASSES; i++) {
        double start = now_s();
        memcpy(a, b, n);
        seen = a[(size_t)i * 4096];
        double time = now_s() - start;
        best = time < best ? time : best;
    }
    free(a);
    free(b);
    (void)seen;
    return 2 * (double)n / best;
}

static void print_row(const char *op, const char *what, double time, size_t bytes, double copy)
{
    printf("%-14s %-20s %7.2f ms %6.1f GB/s %5.2f of memcpy\n", op, what, 1e3 * time, (double)bytes / time / 1e9,
           (double)bytes / time / copy);
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    double copy = copy_speed();
    printf("memcpy, one thread: %.1f GB/s; kernels on %d threads\n", copy / 1e9, threads);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t bytes;
        double time = time_node(&cases[i], threads, &bytes);
        print_row(cases[i].op, cases[i].what, time, bytes, copy);
    }
    for (int is_watched = 0; is_watched < 2; is_watched++) {
        size_t bytes;
        double time = time_chain(threads, is_watched, &bytes);
        print_row("five nodes", is_watched ? "one by one" : "as a chain", time, bytes, copy);
    }
    return 0;
}
