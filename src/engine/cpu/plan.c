#include "engine/cpu/plan.h"

#include "engine/cpu/lower.h"
#include "engine/cpu/place.h"
#include "engine/plan/groups.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

enum { STEPS_PER_NODE = 4, BUFFERS_PER_NODE = 6, SPARE = 16, FLOATS_PER_LINE = 16 };

static long rounded(long floats) { return (floats + FLOATS_PER_LINE - 1) / FLOATS_PER_LINE * FLOATS_PER_LINE; }

int plan_buffer(struct plan *p, long floats)
{
    if (p->n_buffers == p->room_buffers) return -1;
    p->buffers[p->n_buffers] = (struct buffer){.floats = rounded(floats), .first = p->n_steps, .last = p->n_steps};
    return p->n_buffers++;
}
void plan_touch_buffer(struct plan *p, int buffer)
{
    if (buffer >= 0 && p->buffers[buffer].last < p->n_steps) p->buffers[buffer].last = p->n_steps;
}
void plan_touch(struct plan *p, const struct layout *l)
{
    if (l->input >= 0) return;
    for (int c = 0; c < l->channels; c++) plan_touch_buffer(p, l->place[c].buffer);
}

struct layout *plan_own(struct plan *p, int channels, int height, int width)
{
    struct layout *l = layout_new(p->memory, channels, height, width);
    int vl = p->kernels->vl, buffer = plan_buffer(p, (long)blocks_needed(channels, vl) * height * width * vl);
    if (!l || buffer < 0) return NULL;
    l->writer = p->n_steps;
    layout_own(l, vl, buffer);
    return l;
}
struct layout *plan_resized(struct plan *p, const struct layout *in, const struct blocks *b, int height, int width,
                            int *buffer)
{
    struct layout *l = layout_new(p->memory, in->channels, height, width);
    int vl = p->kernels->vl;
    *buffer = plan_buffer(p, (long)b->n * height * width * vl);
    if (!l || !b->n || *buffer < 0) return NULL;
    for (int i = 0; i < in->channels; i++) {
        int block = blocks_find(b, in->place[i], vl);
        l->place[i] = (struct place){*buffer, block * height * width * vl + in->place[i].offset % vl};
    }
    l->writer = p->n_steps;
    return l;
}
struct layout *plan_head(struct plan *p, int features)
{
    struct layout *l = layout_new(p->memory, features, 1, 1);
    int vl = p->kernels->vl, buffer = plan_buffer(p, (long)blocks_needed(features, vl) * p->batch * vl);
    if (!l || buffer < 0) return NULL;
    p->buffers[buffer].is_head = true;
    l->is_head = true;
    l->pixels = p->batch;
    l->writer = p->n_steps;
    layout_own(l, vl, buffer);
    return l;
}

struct step *plan_step(struct plan *p, const struct step_type *type)
{
    if (p->n_steps == p->room_steps) return NULL;
    struct step *s = &p->steps[p->n_steps];
    *s = (struct step){.type = type, .group = p->current_group};
    return s;
}
void plan_add(struct plan *p) { p->n_steps++; }

/* The tail begins where planes have become small: from there on weights, not activations, fill the caches. */
static void find_tail(struct plan *p)
{
    p->tail = p->n_steps;
    if (p->choices.tail_group < 2 || p->batch < 2 * p->threads) return;
    for (int i = p->n_steps - 1; i >= 0 && (p->steps[i].is_head || step_rows(&p->steps[i]) <= p->choices.tail_rows);
         i--)
        p->tail = i;
}

static void find_weights(struct plan *p)
{
    for (int i = 0; i < p->n_steps; i++) {
        struct step *s = &p->steps[i];
        s->weights_at = p->weight_floats;
        if (s->type->weight_floats) p->weight_floats += rounded(s->type->weight_floats(p, s));
    }
}

static gable_status make(struct plan *p, gable_error *e)
{
    gable_status s = lower_graph(p, e);
    if (s) return s;
    find_tail(p);
    if ((s = place_buffers(p, e))) return s;
    for (int i = 0; i < p->n_steps; i++)
        if (p->steps[i].type->resolve) p->steps[i].type->resolve(p, &p->steps[i]);
    find_weights(p);
    return GABLE_OK;
}

static gable_status allocate(struct plan *p, const struct choices *choices, gable_error *e)
{
    size_t nodes = (size_t)p->graph->n_nodes, groups = (size_t)p->grouping.n_groups;
    p->room_steps = (int)nodes * STEPS_PER_NODE + SPARE;
    p->room_buffers = (int)nodes * BUFFERS_PER_NODE + SPARE;
    p->steps = arena_array(p->memory, (size_t)p->room_steps, sizeof *p->steps);
    p->buffers = arena_array(p->memory, (size_t)p->room_buffers, sizeof *p->buffers);
    p->uses = arena_array(p->memory, (size_t)p->graph->n_tensors, sizeof *p->uses);
    p->layout = arena_array(p->memory, (size_t)p->graph->n_tensors, sizeof(struct layout *));
    p->axes = arena_array(p->memory, (size_t)p->graph->n_tensors, sizeof(struct axes *));
    p->outputs = arena_array(p->memory, (size_t)p->graph->n_outputs, sizeof(struct layout *));
    p->choices = *choices;
    p->choices.winograd = arena_array(p->memory, groups, sizeof *p->choices.winograd);
    if (!p->steps || !p->buffers || !p->uses || !p->layout || !p->axes || !p->outputs || !p->choices.winograd)
        return error_set(e, GABLE_NO_MEMORY, "no memory to plan %zu nodes", nodes);
    for (size_t i = 0; i < groups; i++) p->choices.winograd[i] = choices->winograd && choices->winograd[i];
    return GABLE_OK;
}

static long l2_budget(void)
{
    long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
    if (bytes < 256L << 10) bytes = 1L << 20;
    return bytes / (long)sizeof(float) * 3 / 16;
}

gable_status plan_new(const struct graph *g, const struct kernels *k, int threads, const struct choices *choices,
                      struct plan **out, gable_error *e)
{
    struct plan *p = calloc(1, sizeof *p);
    if (!p) return error_set(e, GABLE_NO_MEMORY, "no memory for a plan");
    *p = (struct plan){.graph = g, .kernels = k, .threads = threads, .l2_floats = l2_budget()};
    p->batch = (int)g->inputs[0]->shape.dim[0];
    p->memory = arena_new(SIZE_MAX / 2);
    gable_status s =
        p->memory ? groups_find(g, &p->grouping, e) : error_set(e, GABLE_NO_MEMORY, "no memory for a plan");
    if (!s) s = allocate(p, choices, e);
    if (!s) s = make(p, e);
    if (s) {
        plan_free(p);
        return s;
    }
    *out = p;
    return GABLE_OK;
}

void plan_free(struct plan *p)
{
    if (!p) return;
    arena_free(p->memory);
    free(p);
}

int plan_slots(const struct plan *p) { return p->tail < p->n_steps ? p->choices.tail_group : 1; }

size_t plan_arena_bytes(const struct plan *p)
{
    long slots = p->arena_floats + (plan_slots(p) - 1) * p->tail_floats;
    return ((size_t)p->threads * (size_t)(slots + p->scratch_floats) + (size_t)p->head_floats) * sizeof(float);
}

size_t plan_total_bytes(const struct plan *p)
{
    size_t bytes = plan_arena_bytes(p) + (size_t)p->weight_floats * sizeof(float) + arena_used(p->memory);
    for (int i = 0; i < p->graph->n_inputs; i++) bytes += (size_t)tensor_bytes(p->graph->inputs[i]);
    for (int i = 0; i < p->graph->n_outputs; i++) bytes += (size_t)tensor_bytes(p->graph->outputs[i]);
    return bytes;
}
