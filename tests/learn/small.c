#include "small.h"

#include "check.h"
#include "ops/ops.h"

#include <stdio.h>

static struct tensor *layer(struct graph *g, struct node *n)
{
    gable_error e = {0};
    assert_ok(ops_infer_node(g, n, &e), &e);
    return n->out[0];
}
static struct tensor *conv(struct graph *g, struct tensor *x, const char *name, int out)
{
    const int64_t dim[] = {out, x->shape.dim[1], 3, 3};
    char weight[32];
    snprintf(weight, sizeof weight, "%s.weight", name);
    struct tensor *in[] = {x, graph_initializer(g, weight, ROLE_WEIGHT, DTYPE_F32, 4, dim)};
    struct node *n = graph_node(g, "Conv", "", name, NULL, 2, in, 1);
    node_set_ints(g, n, "pads", 4, (const int64_t[]){1, 1, 1, 1});
    node_set_ints(g, n, "strides", 2, (const int64_t[]){2, 2});
    node_set_ints(g, n, "kernel_shape", 2, (const int64_t[]){3, 3});
    struct tensor *y = layer(g, n);
    return layer(g, graph_node(g, "Relu", "", "relu", NULL, 1, &y, 1));
}
static struct graph *small_network(int channels)
{
    struct graph *g = graph_new("small", "test", 1 << 24);
    struct tensor *x = graph_input(g, "x", DTYPE_F32, 4, (const int64_t[]){BATCH, channels, SIDE, SIDE});
    x = conv(g, conv(g, x, "first", 8), "second", 16);
    struct tensor *ratio = graph_constant_real(g, "ratio", DTYPE_F32, 0.1);
    x = layer(g, graph_node(g, "Dropout", "", "dropout", NULL, 2, (struct tensor *[]){x, ratio}, 1));
    x = layer(g, graph_node(g, "GlobalAveragePool", "", "pool", NULL, 1, &x, 1));
    x = layer(g, graph_node(g, "Flatten", "", "flatten", NULL, 1, &x, 1));
    struct tensor *in[] = {x,
                           graph_initializer(g, "fc.weight", ROLE_WEIGHT, DTYPE_F32, 2, (const int64_t[]){CLASSES, 16}),
                           graph_initializer(g, "fc.bias", ROLE_WEIGHT, DTYPE_F32, 1, (const int64_t[]){CLASSES})};
    struct node *n = graph_node(g, "Gemm", "", "fc", NULL, 3, in, 1);
    node_set_int(g, n, "transB", 1);
    graph_output(g, layer(g, n));
    return g;
}

struct setting begin(struct dataset data)
{
    struct setting s = {.graph = small_network(data.channels), .data = data};
    struct weights *w = NULL;
    struct cpus cpus;
    gable_error e = {0};
    struct trainer_options o = {.optimizer = OPTIMIZER_ADAM, .rate = 0.01, .threads = 1, .seed = 3};
    cpus_read("", &cpus);
    assert_ok(weights_new(s.graph, 1, &w, &e), &e);
    assert_ok(trainer_open(s.graph, w, &cpus, &o, &s.trainer, &e), &e);
    weights_free(w);
    return s;
}
void end(struct setting *s)
{
    trainer_close(s->trainer);
    graph_free(s->graph);
    dataset_release(&s->data);
}
