#include "passes/passes.h"

#include "passes/edit.h"

static const struct pass passes[] = {
    {"constants", "what shapes alone decide becomes a constant", pass_constants},
    {"nothing", "nodes that hand on what they get are left out", pass_nothing},
    {"pads", "zeros around what a convolution or an average reads become its own pads", pass_pads},
    {"repeats", "a node that computes what an earlier one does is left out", pass_repeats},
    {"gelu", "x / sqrt 2, erf, + 1, times x / 2 becomes Gelu", pass_gelu},
    {"swish", "x times its sigmoid becomes Swish, its hard sigmoid HardSwish", pass_swish},
    {"layer_norm", "mean, deviation, quotient, scale and shift become LayerNormalization", pass_layer_norm},
    {"attention", "product, scale, mask, Softmax, product become one operator without all scores", pass_attention},
    {"fold", "what follows a convolution or product by channel goes into its weights", pass_fold},
    {"dead", "what no output of the model needs is left out", pass_dead},
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

gable_status passes_run(struct graph *g, struct rewrites *out, gable_error *e)
{
    gable_status s = GABLE_OK;
    *out = (struct rewrites){0};
    for (size_t i = 0; i < COUNT_OF(passes) && !s; i++) s = run(&passes[i], g, out, e);
    if (!s) s = ops_infer(g, e);
    return s ? s : graph_check(g, e);
}
