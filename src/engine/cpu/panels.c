#include "engine/cpu/panels.h"

#include "engine/cpu/lower.h"

#include <math.h>
#include <string.h>

const float *weights_of(const struct weights *w, const struct tensor *t) { return w->value[t->index]; }

struct folded folded_of(const struct node *n, const struct node *norm)
{
    bool is_gemm = strcmp(n->op_type, "Gemm") == 0, is_conv = strcmp(n->op_type, "Conv") == 0;
    struct folded f = {.weight = n->in[1], .norm = norm, .alpha = 1, .beta = 1, .taps = 1};
    if (n->n_in > 2 && n->in[2]->role != ROLE_ABSENT) f.bias = n->in[2];
    if (is_gemm) {
        f.alpha = node_float(n, "alpha", 1);
        f.beta = node_float(n, "beta", 1);
    }
    f.is_transposed = !is_conv && !(is_gemm && node_int(n, "transB", 0));
    const int64_t *dim = f.weight->shape.dim;
    f.outputs = (int)dim[f.is_transposed];
    f.inputs = f.is_transposed ? (int)dim[0] : (int)shape_product(&f.weight->shape, 1);
    return f;
}

struct folded folded_of_chain(const struct chain *c)
{
    struct folded f = folded_of(c->root, c->norm);
    f.constants = c->constants;
    return f;
}

/* Which of the weight's outputs stands at `output` of the panels. */
static int source_of(const struct folded *f, int output)
{
    int channels = f->outputs / f->taps;
    return f->is_by_tap ? output % channels * f->taps + output / channels : output;
}

static double by_channel(const struct weights *w, const struct tensor *t, int channel)
{
    return weights_of(w, t)[tensor_elements(t) == 1 ? 0 : channel];
}

static void fold_norm(const struct node *norm, const struct weights *w, int channel, double *scale, double *shift)
{
    double gamma = by_channel(w, norm->in[1], channel), beta = by_channel(w, norm->in[2], channel);
    double mean = by_channel(w, norm->in[3], channel), variance = by_channel(w, norm->in[4], channel);
    double by = gamma / sqrt(variance + node_float(norm, "epsilon", 1e-5));
    *scale *= by;
    *shift = (*shift - mean) * by + beta;
}

static void apply(enum constant_use use, double by, double *scale, double *shift)
{
    if (use == CONSTANT_ADDEND) {
        *shift += by;
        return;
    }
    *scale = use == CONSTANT_FACTOR ? *scale * by : *scale / by;
    *shift = use == CONSTANT_FACTOR ? *shift * by : *shift / by;
}

void folded_affine(const struct folded *f, const struct weights *w, int output, double *scale, double *shift)
{
    int channel = source_of(f, output) / f->taps;
    *scale = f->alpha;
    *shift = f->bias ? f->beta * by_channel(w, f->bias, channel) : 0;
    if (f->norm) fold_norm(f->norm, w, channel, scale, shift);
    for (int i = 0; i < f->constants.n; i++)
        apply(f->constants.at[i].use, by_channel(w, f->constants.at[i].of, channel), scale, shift);
}

/* Blocks of the next panel: what keeps the registers full. */
static int next_count(const struct kernels *k, int left, int width)
{
    if (k->wide == 4) return left == 5 ? 3 : left < 4 ? left : 4;
    if (width <= 9 && left != 4 && left != 2) return left < 3 ? left : 3;
    return left == 3 ? 3 : left < 2 ? left : 2;
}

bool panels_init(struct plan *p, struct panels *panels, int k, int outputs, int groups, int width, bool may_halve)
{
    int vl = p->kernels->vl, each = outputs / groups, blocks = blocks_needed(each, vl);
    *panels = (struct panels){.k = k};
    panels->panel = arena_array(p->memory, (size_t)blocks * (size_t)groups, sizeof *panels->panel);
    panels->off = arena_array(p->memory, (size_t)k * (size_t)groups, sizeof *panels->off);
    panels->map = arena_array(p->memory, (size_t)k, sizeof *panels->map);
    if (!panels->panel || !panels->off || !panels->map) return false;
    bool has_half = may_halve && p->kernels->gemm[GEMM_HALF] && blocks * vl - each >= vl / 2;
    for (int g = 0; g < groups; g++)
        for (int block = 0; block < blocks;) {
            int wide = next_count(p->kernels, blocks - block, width);
            int columns = wide * vl - (has_half && block + wide == blocks ? vl / 2 : 0);
            panels->panel[panels->n++] = (struct panel){g * blocks + block, wide, columns, g * k, panels->floats};
            panels->floats += (long)k * columns;
            block += wide;
        }
    return true;
}

long panels_floats(const struct plan *p, const struct panels *panels, int outputs, int groups)
{
    return panels->floats + (long)blocks_needed(outputs / groups, p->kernels->vl) * groups * p->kernels->vl;
}

static void pack_row(const struct folded *f, const float *source, int output, double scale, const struct panels *panels,
                     const struct panel *panel, int column, float *to)
{
    output = source_of(f, output);
    for (int k = 0; k < panels->k; k++) {
        long at =
            f->is_transposed ? (long)panels->map[k] * f->outputs + output : (long)output * f->inputs + panels->map[k];
        to[panel->at + (long)k * panel->columns + column] = (float)(scale * source[at]);
    }
}
void panels_pack(const struct plan *p, struct panels *panels, const struct folded *f, int outputs, int groups,
                 const struct weights *w, float *to)
{
    int vl = p->kernels->vl, each = outputs / groups, blocks = blocks_needed(each, vl);
    const float *source = weights_of(w, f->weight);
    memset(to, 0, (size_t)panels->floats * sizeof *to);
    for (int i = 0; i < panels->n; i++) {
        const struct panel *panel = &panels->panel[i];
        int group = panel->first / blocks, first = (panel->first % blocks) * vl;
        for (int j = 0; j < panel->columns && first + j < each; j++) {
            double scale, shift;
            folded_affine(f, w, group * each + first + j, &scale, &shift);
            pack_row(f, source, group * each + first + j, scale, panels, panel, j, to);
        }
    }
    panels->w = to;
    bias_pack(p, f, outputs, groups, w, to + panels->floats);
    panels->bias = to + panels->floats;
}
void bias_pack(const struct plan *p, const struct folded *f, int outputs, int groups, const struct weights *w,
               float *to)
{
    int vl = p->kernels->vl, each = outputs / groups, blocks = blocks_needed(each, vl);
    for (int i = 0; i < blocks * groups * vl; i++) {
        double scale, shift = 0;
        int in_group = i % (blocks * vl);
        if (in_group < each) folded_affine(f, w, i / (blocks * vl) * each + in_group, &scale, &shift);
        to[i] = (float)shift;
    }
}

void panels_run(const struct kernels *k, struct gemm *g, const struct panels *panels, const float *weights,
                enum gemm_variant variant, const struct span_of_pixels *s)
{
    static const float no_bias[GEMM_BLOCKS * 16];
    for (int i = s->first_panel; i < s->last_panel; i++) {
        const struct panel *panel = &panels->panel[i];
        int most = k->most_pixels[panel->count], n = (s->pixels + most - 1) / most, done = 0;
        int shares = s->shares > 1 ? s->shares * n : n;
        const gemm_tiles *tiles = k->gemm[panel->columns < panel->count * k->vl ? GEMM_HALF : variant];
        const float *w = weights + panel->at + (long)s->first_k * panel->columns;
        const float *bias = s->first_k > 0 ? no_bias : panels->bias + (long)panel->first * k->vl;
        long shift = panel->first - panels->panel[s->first_panel].first;
        bool is_last = i + 1 == panels->n && s->first_k + g->k == panels->k;
        g->off = panels->off + panel->off_at + s->first_k;
        g->ahead_step = is_last ? 0 : panel->columns / shares;
        g->ahead = w + (long)g->k * (panel->columns + s->share * n * g->ahead_step); /* what the next panel reads */
        for (int t = 0; t < n; t++, g->ahead += (long)g->k * g->ahead_step) {
            int m = (s->pixels - done + (n - t) - 1) / (n - t);
            (*tiles)[panel->count][m](g, s->x + (long)done * s->step, w, bias,
                                      s->res ? s->res + shift * g->res_block + (long)done * k->vl : NULL,
                                      s->out + shift * g->block + (long)done * k->vl);
            done += m;
        }
    }
}
