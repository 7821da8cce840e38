#include "passes/passes.h"

#include "passes/edit.h"

#include <string.h>

static const struct pass passes[] = {
    {"constants", "what shapes alone decide becomes a constant", pass_constants, NEEDS_SHAPES},
    {"nothing", "nodes that hand on what they get are left out", pass_nothing, NEEDS_SHAPES},
    {"pads", "zeros around what a convolution or an average reads become its own pads", pass_pads, NEEDS_SHAPES},
    {"repeats", "a node that computes what an earlier one does is left out", pass_repeats, NEEDS_NO_SHAPES},
    {"gelu", "x / 2 times 1 + erf, or 1 + tanh of a cubic, becomes Gelu", pass_gelu, NEEDS_NO_SHAPES},
    {"swish", "x times its sigmoid becomes Swish, its hard sigmoid HardSwish", pass_swish, NEEDS_NO_SHAPES},
    {"layer_norm", "mean, deviation, quotient, scale and shift become LayerNormalization", pass_layer_norm,
     NEEDS_SHAPES},
    {"attention", "product, scale, masks, Softmax, product become one operator without all scores", pass_attention,
     NEEDS_SHAPES},
    {"fold", "what follows a convolution or product by channel goes into its weights", pass_fold, NEEDS_SHAPES},
    {"dead", "what no output of the model needs is left out", pass_dead, NEEDS_NO_SHAPES},
};

const struct pass *pass_at(int i) { return i < (int)COUNT_OF(passes) ? &passes[i] : NULL; }

static gable_status run(const struct pass *p, struct graph *g, struct rewrites *log, gable_error *e)
{
    struct edit edit = {.g = g, .log = log, .pass = p->name, .scratch = arena_new((size_t)1 << 30)};
    gable_status s = edit.scratch && edit_begin(&edit)
                         ? p->run(&edit, e)
                         : error_set(e, GABLE_NO_MEMORY, "no memory to rewrite %d nodes", g->n_nodes);
    if (!s && !edit_end(&edit)) s = error_set(e, GABLE_NO_MEMORY, "no memory to rewrite %d nodes", g->n_nodes);
    arena_free(edit.scratch);
    return s;
}

/* The shapes in it are those that it runs with: a branch that was inferred, not the body of a loop. */
static bool has_its_shapes(const struct node *n, const struct graph *body)
{
    bool is_known = !strcmp(n->op_type, "If");
    for (int i = 0; i < body->n_nodes && is_known; i++)
        for (int k = 0; k < body->nodes[i]->n_out && is_known; k++) is_known = tensor_is_known(body->nodes[i]->out[k]);
    return is_known;
}

static gable_status clean(struct graph *g, bool has_shapes, struct rewrites *log, gable_error *e)
{
    gable_status s = GABLE_OK;
    for (int i = 0; i < g->n_nodes && !s; i++)
        for (int k = 0; k < g->nodes[i]->n_attributes && !s; k++) {
            const struct attribute *a = &g->nodes[i]->attributes[k];
            if (a->type != ATTRIBUTE_GRAPH || !a->graph) continue;
            s = clean(a->graph, has_shapes && has_its_shapes(g->nodes[i], a->graph), log, e);
        }
    for (size_t i = 0; i < COUNT_OF(passes) && !s; i++)
        if (has_shapes || passes[i].needs == NEEDS_NO_SHAPES) s = run(&passes[i], g, log, e);
    return s;
}

gable_status passes_run(struct graph *g, struct rewrites *out, gable_error *e)
{
    *out = (struct rewrites){0};
    gable_status s = clean(g, true, out, e);
    if (!s) s = ops_infer(g, e);
    return s ? s : graph_check(g, e);
}
