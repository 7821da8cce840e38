#include "engine/train/lower.h"
#include "engine/train/winograd.h"

#include "engine/crew.h"

#include <string.h>

enum { PLAN_BYTES_MAX = 1 << 28 };

void *train_plan_grow(struct train_plan *p, void **array, int *n, int *room, size_t size)
{
    if (*n == *room) {
        int more = *room ? 2 * *room : 16;
        char *grown = arena_array(p->memory, (size_t)more, size);
        if (!grown) return NULL;
        if (*n) memcpy(grown, *array, (size_t)*n * size);
        *array = grown;
        *room = more;
    }
    return (char *)*array + (size_t)(*n)++ * size;
}

long value_pixels(const struct value *v) { return (long)v->height * v->width; }
size_t value_image_floats(const struct train_plan *p, const struct value *v)
{
    return (size_t)v->blocks * (size_t)value_pixels(v) * (size_t)p->vl;
}

static gable_status set_machine(struct train_plan *p, const struct cpus *cpus, gable_error *e)
{
    p->kernels = train_kernels_for(p->options.isa);
    p->forward_kernels = kernels_for(p->options.isa);
    if (!p->kernels || !p->forward_kernels)
        return error_set(e, GABLE_BAD_INPUT, "this machine cannot run %s", isa_name(p->options.isa));
    p->vl = p->kernels->vl;
    p->threads = p->options.threads ? p->options.threads : cpus->n_cores;
    if (p->threads < 1 || p->threads > cpus->n_allowed)
        return error_set(e, GABLE_BAD_INPUT, "%d threads asked, %d CPUs allowed", p->threads, cpus->n_allowed);
    return GABLE_OK;
}

static void measure_scratch(struct train_plan *p)
{
    for (int i = 0; i < p->n_parts; i++) {
        const struct part *part = p->parts[i];
        size_t bytes = part->type->scratch ? part->type->scratch(p, part) : 0;
        if (bytes > p->scratch_bytes) p->scratch_bytes = bytes;
        size_t fixed = 0;
        if (part->may_be_winograd) winograd_scratch(p, part, &fixed);
        if (fixed > p->scratch_fixed) p->scratch_fixed = fixed;
        for (int k = 0; k < 3 && part->convolution[k]; k++) {
            size_t packed = convolution_packed_floats(part->convolution[k]) * sizeof(float);
            if (packed > p->scratch_fixed) p->scratch_fixed = packed;
        }
    }
    if (p->scratch_fixed > p->scratch_bytes) p->scratch_fixed = p->scratch_bytes;
    p->scratch_bytes = (p->scratch_bytes + 127) / 64 * 64;
}

gable_status train_plan_new(const struct graph *g, const struct cpus *cpus, const struct trainer_options *o,
                            struct train_plan **out, gable_error *e)
{
    struct arena *memory = arena_new(PLAN_BYTES_MAX);
    struct train_plan *p = arena_alloc(memory, sizeof *p);
    if (!p || g->n_inputs < 1 || g->inputs[0]->shape.rank < 1) {
        arena_free(memory);
        return p ? error_set(e, GABLE_BAD_INPUT, "%s has no input with a batch", g->name)
                 : error_set(e, GABLE_NO_MEMORY, "no memory to plan %s", g->name);
    }
    *p = (struct train_plan){.memory = memory, .graph = g, .options = *o, .batch = (int)g->inputs[0]->shape.dim[0]};
    trainer_defaults(&p->options);
    gable_status s = set_machine(p, cpus, e);
    if (!s) s = onednn_new(&p->onednn, e);
    if (!s) s = train_lower(p, e);
    if (!s) s = train_schedule(p, e);
    if (!s) train_fuse(p);
    if (!s) s = train_place(p, e);
    int before = crew_expect(p->threads); /* a convolution keeps the threads that it was made for */
    if (!s) s = train_convolutions_new(p, e);
    crew_expect(before);
    if (s) {
        train_plan_free(p);
        return error_within(e, "%s", g->name);
    }
    measure_scratch(p);
    *out = p;
    return GABLE_OK;
}
void train_plan_free(struct train_plan *p)
{
    if (!p) return;
    for (int i = 0; i < p->n_parts; i++)
        for (int k = 0; k < 3; k++) convolution_free(p->parts[i]->convolution[k]);
    onednn_free(p->onednn);
    arena_free(p->memory);
}

static size_t state_floats(const struct train_plan *p)
{
    switch (p->options.optimizer) {
    case OPTIMIZER_MOMENTUM: return p->n_trained;
    case OPTIMIZER_ADAM:
    case OPTIMIZER_ADAMW: return 2 * p->n_trained;
    case OPTIMIZER_SGD:
    case OPTIMIZER_N: break;
    }
    return 0;
}
/* Inputs, row-major outputs, labels and targets of one image. */
static size_t edge_bytes(const struct train_plan *p)
{
    count floats = 0;
    for (int i = 0; i < p->graph->n_inputs; i++) floats = count_add(floats, tensor_elements(p->graph->inputs[i]));
    floats = count_add(floats, count_mul(2, tensor_elements(p->graph->outputs[0])));
    return ((size_t)floats / (size_t)p->batch + 1) * sizeof(float);
}
/* Per primitive and for the first product of matrices, as anonymous memory grew by on AVX-512 with oneDNN 2.6: within
   2 MiB for six models of the zoo (docs/TRAINING.md). */
enum { PRIMITIVE_BYTES = 40 << 10, PRODUCT_BYTES = 4 << 20, HUGE_PAGE = 2 << 20 };
static size_t library_bytes(const struct train_plan *p)
{
    size_t bytes = arena_used(p->memory), product = 0;
    for (int i = 0; i < p->n_parts; i++) {
        const struct part *part = p->parts[i];
        if (part->type == &part_linear) product = PRODUCT_BYTES;
        for (int k = 0; k < 3; k++) bytes += PRIMITIVE_BYTES * (size_t)(part->convolution[k] != NULL);
    }
    return bytes + product + HUGE_PAGE / 2;
}
void train_plan_measure(const struct train_plan *p, size_t limit, struct trainer_memory *out)
{
    size_t batch = (size_t)p->batch, edges = edge_bytes(p), arena = p->arena_floats * sizeof(float);
    size_t saved = p->saved_floats < p->arena_floats ? p->saved_floats : p->arena_floats;
    *out = (struct trainer_memory){.weights = (p->n_parameters + p->n_statistics) * sizeof(float),
                                   .gradients = p->n_trained * sizeof(float),
                                   .optimizer = state_floats(p) * sizeof(float),
                                   .saved = saved * sizeof(float) * batch,
                                   .working = (p->arena_floats - saved) * sizeof(float) * batch,
                                   .workspace = p->scratch_bytes + p->partial_bytes,
                                   .edges = edges * batch,
                                   .library = library_bytes(p)};
    size_t fixed = out->weights + out->gradients + out->optimizer + p->scratch_fixed + out->library;
    size_t growing = out->workspace - p->scratch_fixed; /* as good as in proportion to the batch */
    out->total = fixed + growing + out->saved + out->working + out->edges;
    size_t most = limit > fixed ? (limit - fixed) / (arena + edges + (growing + batch - 1) / batch) : 0;
    out->batch_most = most > INT32_MAX ? INT32_MAX : (int)most;
}
