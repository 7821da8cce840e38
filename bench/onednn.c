/* gable_onednn MODEL...: the second opinion. Every convolution of the models at batch 1, by the own kernels inside a
   pass of the engine, and by oneDNN alone in its own layout with a relu and warm weights, the faster of its direct and
   Winograd algorithms; alternately, both on OMP_NUM_THREADS threads. Times are the shortest seen. An own time holds
   more than oneDNN's: its real activation, sums and the sums of planes that a squeeze-excite needs. */
#include "base/cpus.h"
#include "engine/engine.h"
#include "engine/onednn/convolution.h"
#include "machine/machine.h"
#include "zoo/zoo.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 8, OWN_PASSES = 6, PEER_RUNS = 5, BLOCK = 16, FAMILIES_MAX = 16 };

struct layer { /* a convolution and who runs it */
    struct convolution_shape shape;
    struct convolution *peer[CONVOLUTION_ALGORITHMS];
    float *x, *packed, *bias, *y;
    void *scratch;
    double own_ns, peer_ns;
};
struct family { /* layers of one kind, added up */
    char name[32];
    int layers;
    double own_ns, peer_ns, flops;
};
struct contest {
    struct cpus cpus;
    int threads; /* of either side */
    struct onednn *dnnl;
    struct graph *graph;
    struct weights *weights;
    struct session *session;
    struct layer *layer; /* per group; x NULL where it is no convolution */
    double *group_ns;
    double peak;
};

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}
static void rest(void) /* until the other side's threads have stopped spinning */
{
    const struct timespec t = {.tv_nsec = 20000000};
    nanosleep(&t, NULL);
}

static const struct node *convolution_of(const struct graph *g, const struct group_info *group)
{
    const struct node *n = group->n_nodes ? g->nodes[group->nodes[0]] : NULL;
    return n && !strcmp(n->op_type, "Conv") ? n : NULL;
}
static struct convolution_shape shape_of(const struct node *n)
{
    const int64_t *x = n->in[0]->shape.dim, *w = n->in[1]->shape.dim, *y = n->out[0]->shape.dim;
    struct convolution_shape s = {.images = 1,
                                  .groups = (int)node_int(n, "group", 1),
                                  .height = (int)x[2],
                                  .width = (int)x[3],
                                  .out_height = (int)y[2],
                                  .out_width = (int)y[3],
                                  .in = {(int)x[1], (int)x[1], 0},
                                  .out = {(int)y[1], (int)y[1], 0},
                                  .block = BLOCK,
                                  .is_planar = x[1] < 4,
                                  .has_bias = true,
                                  .has_relu = true};
    const struct attribute *pads = node_attribute(n, "pads"), *strides = node_attribute(n, "strides");
    for (int i = 0; i < 2; i++) {
        s.kernel[i] = (int)w[2 + i];
        s.stride[i] = strides ? (int)strides->ints[i] : 1;
        s.dilation[i] = 1;
        s.pad_begin[i] = pads ? (int)pads->ints[i] : 0;
        s.pad_end[i] = pads ? (int)pads->ints[2 + i] : 0;
    }
    return s;
}
static void family_name(const struct layer *l, const struct group_info *group, char *out, size_t room)
{
    const struct convolution_shape *s = &l->shape;
    const char *kind = strstr(group->kernel, "winograd") ? "winograd"
                       : s->groups > 1                   ? "depthwise"
                       : s->is_planar                    ? "first layer"
                                                         : "matrix";
    snprintf(out, room, "%s %dx%d%s", kind, s->kernel[0], s->kernel[1], s->stride[0] > 1 ? " s2" : "");
}

static float *floats(size_t n)
{
    float *p = aligned_alloc(64, (n * sizeof *p + 64) / 64 * 64);
    if (!p) exit(1);
    for (size_t i = 0; i < n; i++) p[i] = (float)((int)(i % 17) - 8) / 64;
    return p;
}
static size_t plane_floats(int channels, int height, int width)
{
    return (size_t)((channels + BLOCK - 1) / BLOCK * BLOCK) * (size_t)height * (size_t)width;
}

static gable_status open_layer(struct contest *c, const struct convolution_shape *shape, struct layer *l,
                               gable_error *e)
{
    gable_status s = GABLE_OK;
    size_t packed = 0, scratch = 0;
    l->shape = *shape;
    l->own_ns = l->peer_ns = INFINITY;
    for (int a = 0; a < CONVOLUTION_ALGORITHMS && !s; a++) {
        s = convolution_new(c->dnnl, &l->shape, CONVOLUTION_FORWARD, (enum convolution_algorithm)a, &l->peer[a], e);
        if (s || !l->peer[a]) continue;
        size_t floats_of = convolution_packed_floats(l->peer[a]), bytes = convolution_scratch_bytes(l->peer[a]);
        packed = floats_of > packed ? floats_of : packed;
        scratch = bytes > scratch ? bytes : scratch;
    }
    l->x = floats(plane_floats(l->shape.in.n, l->shape.height, l->shape.width));
    l->y = floats(plane_floats(l->shape.out.n, l->shape.out_height, l->shape.out_width));
    l->packed = floats(packed);
    l->bias = floats((size_t)l->shape.out.n + BLOCK);
    l->scratch = floats(scratch / sizeof(float) + 16);
    return s;
}
static void close_layer(struct layer *l)
{
    for (int a = 0; a < CONVOLUTION_ALGORITHMS; a++) convolution_free(l->peer[a]);
    free(l->x);
    free(l->y);
    free(l->packed);
    free(l->bias);
    free(l->scratch);
}

static gable_status open_model(struct contest *c, const char *model, gable_error *e)
{
    const struct zoo_options zoo = {.batch = 1};
    const struct engine_options options = {.tune = true, .threads = c->threads};
    gable_status s = zoo_build(model, &zoo, &c->graph, e);
    if (!s) s = weights_new(c->graph, 1, &c->weights, e);
    if (!s) s = engine_cpu.open(c->graph, c->weights, &c->cpus, &options, &c->session, e);
    if (s) return s;
    c->layer = calloc((size_t)c->session->n_groups + 1, sizeof *c->layer);
    c->group_ns = calloc((size_t)c->session->n_groups + 1, sizeof *c->group_ns);
    if (!c->layer || !c->group_ns) return error_set(e, GABLE_NO_MEMORY, "no memory for %s", model);
    for (int i = 0; i < c->session->n_groups && !s; i++) {
        const struct node *n = convolution_of(c->graph, &c->session->groups[i]);
        struct convolution_shape shape = n ? shape_of(n) : (struct convolution_shape){0};
        if (n) s = open_layer(c, &shape, &c->layer[i], e);
    }
    return s;
}
static void close_model(struct contest *c)
{
    for (int i = 0; c->layer && i < c->session->n_groups; i++) close_layer(&c->layer[i]);
    free(c->layer);
    free(c->group_ns);
    engine_cpu.close(c->session);
    weights_free(c->weights);
    graph_free(c->graph);
    c->layer = NULL;
    c->group_ns = NULL;
    c->session = NULL;
    c->weights = NULL;
    c->graph = NULL;
}

static void time_peer(struct layer *l)
{
    for (int a = 0; a < CONVOLUTION_ALGORITHMS; a++)
        for (int i = 0; i < PEER_RUNS && l->peer[a]; i++) {
            double start = now_ns();
            convolution_run(l->peer[a], l->x, l->packed, l->bias, l->y, l->scratch);
            l->peer_ns = fmin(l->peer_ns, now_ns() - start);
        }
}
/* Makes the peer start its threads, as long as no CPU is anybody's own. */
static gable_status start_peer(struct contest *c, gable_error *e)
{
    const struct convolution_shape shape = {.images = 1,
                                            .groups = 1,
                                            .height = 56,
                                            .width = 56,
                                            .out_height = 56,
                                            .out_width = 56,
                                            .in = {64, 64, 0},
                                            .out = {64, 64, 0},
                                            .kernel = {1, 1},
                                            .stride = {1, 1},
                                            .dilation = {1, 1},
                                            .block = BLOCK,
                                            .has_bias = true,
                                            .has_relu = true};
    struct layer l = {0};
    gable_status s = onednn_new(&c->dnnl, e);
    if (!s) s = open_layer(c, &shape, &l, e);
    if (!s) time_peer(&l);
    close_layer(&l);
    return s;
}
static void run_rounds(struct contest *c)
{
    for (int round = 0; round < ROUNDS; round++) {
        rest();
        for (int pass = 0; pass < OWN_PASSES; pass++) {
            engine_cpu.run_timed(c->session, c->group_ns);
            for (int i = 0; i < c->session->n_groups; i++)
                c->layer[i].own_ns = fmin(c->layer[i].own_ns, c->group_ns[i]);
        }
        rest();
        for (int i = 0; i < c->session->n_groups; i++)
            if (c->layer[i].x) time_peer(&c->layer[i]);
    }
}
static gable_status probe(struct contest *c, gable_error *e)
{
    struct probe *p = NULL;
    gable_status s = probe_new(c->session->team, &p, e);
    for (int i = 0; i < 3 && !s; i++) c->peak = fmax(c->peak, probe_flops(p, 0.03));
    probe_free(p);
    return s;
}

static struct family *family_of(struct family *all, int *n, const char *name)
{
    for (int i = 0; i < *n; i++)
        if (!strcmp(all[i].name, name)) return &all[i];
    if (*n == FAMILIES_MAX) return &all[FAMILIES_MAX - 1];
    snprintf(all[*n].name, sizeof all[*n].name, "%s", name);
    return &all[(*n)++];
}
static void gather(const struct contest *c, struct family *all, int *n)
{
    for (int i = 0; i < c->session->n_groups; i++) {
        const struct layer *l = &c->layer[i];
        char name[32];
        if (!l->x || !isfinite(l->peer_ns)) continue;
        family_name(l, &c->session->groups[i], name, sizeof name);
        struct family *f = family_of(all, n, name);
        f->layers++;
        f->own_ns += l->own_ns;
        f->peer_ns += l->peer_ns;
        f->flops += (double)c->session->groups[i].flops_executed;
    }
}
static void print(const char *model, const struct family *all, int n, double peak)
{
    for (int i = 0; i < n; i++) {
        const struct family *f = &all[i];
        printf("| %s | %s | %d | %.0f | %.0f | **%.2f** | %.0f %% |\n", model, f->name, f->layers, f->own_ns / 1e3,
               f->peer_ns / 1e3, f->peer_ns / f->own_ns, 100 * f->flops / (f->own_ns * 1e-9) / peak);
    }
    fflush(stdout);
}

static gable_status compare(struct contest *c, const char *model, gable_error *e)
{
    struct family all[FAMILIES_MAX] = {0};
    int n = 0;
    gable_status s = open_model(c, model, e);
    if (!s) s = probe(c, e);
    if (!s) {
        run_rounds(c);
        gather(c, all, &n);
        print(model, all, n, c->peak);
    }
    if (c->session) close_model(c);
    return s;
}

int main(int argc, char **argv)
{
    struct contest c = {.peak = 0};
    gable_error e = {0};
    cpus_read("", &c.cpus);
    const char *threads = getenv("OMP_NUM_THREADS");
    c.threads = threads ? atoi(threads) : 1;
    gable_status s = start_peer(&c, &e);
    printf("| model | own kernel | layers | own, us | oneDNN, us | ratio | own share of peak "
           "|\n|---|---|---|---|---|---|---|\n");
    for (int i = 1; i < argc && !s; i++) s = compare(&c, argv[i], &e);
    if (s) fprintf(stderr, "gable_onednn: %s%s%s\n", e.where, e.where[0] ? ": " : "", e.why);
    onednn_free(c.dnnl);
    return s ? 1 : 0;
}
