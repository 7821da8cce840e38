/* Recurrent layers whose weights never change: those are packed once for the tiles of the planned engine. What a step
   reads and makes stands in blocks of vl units, [unit / vl][sequence][unit % vl], one gate behind the other: so what
   products give is squashed and multiplied as one long row, and the new state is what the next product reads. */
#include "engine/cpu/kernels/kernels.h"
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/operands.h"
#include "engine/general/kernels/recurrent.h"

#include <stdlib.h>
#include <string.h>

enum { MACS_MIN = 1 << 16, ROWS_BYTES = 1 << 18 }; /* worth waking a thread for; rows of x that stay in the cache */

/* Columns of a product in panels of `each` blocks: [panel][k][block][vl], the last panel may have fewer. */
struct packed {
    float *weights, *bias; /* bias: [block][vl] */
    int depth, blocks, each;
};
struct packed_direction {
    struct packed input, state, last; /* last: GRU's candidate; empty for others */
};
struct packed_layer { /* the node's memory */
    const struct kernels *kernels;
    int blocks; /* of a gate */
    struct packed_direction direction[2];
};

static float *floats_new(size_t n) { return aligned_alloc(64, (n * sizeof(float) + 127) / 64 * 64); }

static void packed_end(struct packed *p)
{
    free(p->weights);
    free(p->bias);
}

void recurrent_forget(void *state)
{
    struct packed_layer *p = state;
    for (int d = 0; d < 2; d++) {
        packed_end(&p->direction[d].input);
        packed_end(&p->direction[d].state);
        packed_end(&p->direction[d].last);
    }
    free(p);
}

/* Rows first..first + n of some gates' weights, [gate][unit][k], as columns of panels; units are filled up to whole
   blocks with zeros. bias: of each row, or NULL. */
struct source {
    const float *weights, *bias, *more_bias; /* of the first of these gates */
    int gates, depth;
    int64_t hidden;
    int64_t n_more; /* rows that have more_bias too */
};
static void pack_block(const struct packed_layer *l, const struct source *s, struct packed *p, int block)
{
    int vl = l->kernels->vl, panel = block / p->each, at = block % p->each;
    int wide = p->blocks - panel * p->each < p->each ? p->blocks - panel * p->each : p->each;
    float *to = p->weights + (size_t)panel * (size_t)(p->each * vl) * (size_t)p->depth + at * vl;
    for (int lane = 0; lane < vl; lane++) {
        int64_t unit = (int64_t)(block % l->blocks) * vl + lane, row = block / l->blocks * s->hidden + unit;
        bool is_there = unit < s->hidden;
        float bias = is_there && s->bias ? s->bias[row] : 0;
        if (is_there && s->more_bias && row < s->n_more) bias += s->more_bias[row];
        p->bias[(size_t)block * (size_t)vl + (size_t)lane] = bias;
        for (int64_t k = 0; k < p->depth; k++) to[k * wide * vl + lane] = is_there ? s->weights[row * p->depth + k] : 0;
    }
}

static bool pack(const struct packed_layer *l, const struct source *s, int64_t rows, struct packed *p)
{
    const struct kernels *k = l->kernels;
    *p = (struct packed){.depth = s->depth, .blocks = s->gates * l->blocks};
    p->each = rows > k->most_pixels[GEMM_BLOCKS] ? k->wide : GEMM_BLOCKS;
    size_t columns = (size_t)p->blocks * (size_t)k->vl;
    p->weights = floats_new(columns * (size_t)p->depth);
    p->bias = floats_new(columns);
    for (int i = 0; i < p->blocks && p->weights && p->bias; i++) pack_block(l, s, p, i);
    return p->weights && p->bias;
}

static bool pack_direction(const struct recurrent *l, struct packed_layer *p, int direction)
{
    struct packed_direction *d = &p->direction[direction];
    const int64_t width = l->gates * l->hidden, early = l->gates == 3 ? 2 : l->gates;
    const float *w = (const float *)l->w->data + direction * width * l->inputs;
    const float *r = (const float *)l->r->data + direction * width * l->hidden;
    const float *bias = l->bias ? (const float *)l->bias->data + direction * 2 * width : NULL;
    const float *more = bias ? bias + width : NULL;
    struct source all = {w, bias, more, l->gates, (int)l->inputs, l->hidden, width};
    struct source state = {r, NULL, NULL, (int)early, (int)l->hidden, l->hidden, 0}, last = state;
    if (l->is_linear_first) all.n_more = 2 * l->hidden;
    if (!pack(p, &all, l->steps * l->batch, &d->input) || !pack(p, &state, l->batch, &d->state)) return false;
    if (l->gates != 3) return true;
    last.gates = 1;
    last.weights = r + 2 * l->hidden * l->hidden;
    last.bias = l->is_linear_first && more ? more + 2 * l->hidden : NULL;
    return pack(p, &last, l->batch, &d->last);
}

static gable_status pack_layer(struct call *c, const struct recurrent *l)
{
    if (*c->state) return GABLE_OK;
    struct packed_layer *p = calloc(1, sizeof *p);
    if (!p) return operand_no_memory(c);
    p->kernels = kernels_for(ISA_BEST);
    p->blocks = (int)((l->hidden + p->kernels->vl - 1) / p->kernels->vl);
    for (int d = 0; d < l->directions; d++)
        if (!pack_direction(l, p, d)) {
            recurrent_forget(p);
            return operand_no_memory(c);
        }
    *c->state = p;
    return GABLE_OK;
}

/* out[block][row][vl] = bias + more + x W for all blocks; row m of x begins at x + m * step. */
struct product {
    const struct kernels *kernels;
    const struct packed *packed;
    const float *x, *more; /* more: like out, its blocks `more_block` floats apart; or NULL */
    const int *off;        /* of each k in a row of x */
    int64_t rows, step, more_block;
    float *out;
};
static void run_tiles(const struct product *p, struct gemm *g, int64_t panel, int64_t first, int64_t end)
{
    const struct kernels *k = p->kernels;
    const struct packed *w = p->packed;
    int64_t column = panel * w->each, rows = end - first;
    int blocks = w->blocks - column < w->each ? (int)(w->blocks - column) : w->each;
    int64_t tiles = (rows + k->most_pixels[blocks] - 1) / k->most_pixels[blocks];
    const float *weights = w->weights + column * k->vl * w->depth;
    g->ahead = weights + (int64_t)blocks * k->vl * w->depth; /* beyond the last panel nothing is fetched */
    g->ahead_step = (int64_t)blocks * k->vl;
    for (int64_t t = 0; t < tiles; t++) {
        int64_t row = first + rows * t / tiles, next = first + rows * (t + 1) / tiles;
        const float *more = p->more ? p->more + column * p->more_block + row * k->vl : NULL;
        (*k->gemm[p->step == k->vl ? GEMM_FLAT : GEMM_ANY])[blocks][next - row](
            g, p->x + row * p->step, weights, w->bias + column * k->vl, more, p->out + column * g->block + row * k->vl);
    }
}
static void run_panels(void *arg, int64_t first, int64_t end)
{
    const struct product *p = arg;
    int64_t at_once = ROWS_BYTES / (int64_t)sizeof(float) / p->packed->depth + GEMM_PIXELS;
    struct gemm g = {.off = p->off, .k = p->packed->depth, .step = (int)p->step};
    g.block = p->rows * p->kernels->vl;
    g.res_block = p->more_block;
    for (int64_t row = 0; row < p->rows; row += at_once)
        for (int64_t i = first; i < end; i++)
            run_tiles(p, &g, i, row, row + at_once < p->rows ? row + at_once : p->rows);
}
static void run_product(struct call *c, struct product *p)
{
    const struct packed *w = p->packed;
    int64_t panel_macs = p->rows * w->each * p->kernels->vl * w->depth;
    call_parallel(c, (w->blocks + w->each - 1) / w->each, MACS_MIN / (panel_macs + 1) + 1, run_panels, p);
}

/* One direction while it runs. Floats of a gate: of all sequences, in blocks. */
struct unrolled {
    const struct recurrent *layer;
    const struct packed_direction *packed;
    const struct kernels *kernels;
    struct cell cell;
    int64_t gate_floats;
    int *x_off, *h_off;
    float *sums, *gates, *through, *h, *c;
    enum { CELL_OPEN, CELL_CLOSE } stage;
};

static gable_status make_room(struct call *c, const struct packed_layer *p, struct unrolled *u)
{
    const struct recurrent *l = u->layer;
    const int64_t vl = p->kernels->vl, dim[] = {l->gates * p->blocks, l->steps * l->batch, vl};
    size_t gate = (size_t)u->gate_floats * sizeof(float);
    struct value sums;
    gable_status s = call_temporary(c, DTYPE_F32, 3, dim, &sums);
    if (s) return s;
    u->sums = sums.data;
    u->x_off = call_scratch(c, (size_t)l->inputs * sizeof *u->x_off);
    u->h_off = call_scratch(c, (size_t)l->hidden * sizeof *u->h_off);
    u->gates = call_scratch(c, (size_t)l->gates * gate);
    u->through = call_scratch(c, gate), u->h = call_scratch(c, gate), u->c = call_scratch(c, gate);
    if (!u->x_off || !u->h_off || !u->gates || !u->through || !u->h || !u->c) return operand_no_memory(c);
    for (int64_t i = 0; i < l->inputs; i++) u->x_off[i] = (int)i;
    for (int64_t i = 0; i < l->hidden; i++) u->h_off[i] = (int)(i / vl * l->batch * vl + i % vl);
    return GABLE_OK;
}

/* Rows of units to blocks, or back. */
static void copy_rows(const struct unrolled *u, float *rows, float *blocks, bool is_back)
{
    const struct recurrent *l = u->layer;
    const int64_t vl = u->kernels->vl;
    for (int64_t unit = 0; unit < l->hidden; unit += vl)
        for (int64_t n = 0; n < l->batch; n++) {
            float *row = rows + n * l->hidden + unit, *block = blocks + unit * l->batch + n * vl;
            size_t bytes = (size_t)(l->hidden - unit < vl ? l->hidden - unit : vl) * sizeof *row;
            memcpy(is_back ? row : block, is_back ? block : row, bytes);
        }
}
static void first_state(const struct unrolled *u, const struct value *from, int direction, float *blocks)
{
    memset(blocks, 0, (size_t)u->gate_floats * sizeof *blocks);
    if (from) copy_rows(u, (float *)from->data + direction * u->layer->batch * u->layer->hidden, blocks, false);
}

static void run_cells(void *arg, int64_t first, int64_t end)
{
    const struct unrolled *u = arg;
    const struct recurrent *l = u->layer;
    struct cell cell = u->cell;
    float *gates = u->gates + first, *h = u->h + first, *through = u->through + first;
    cell.hidden = end - first;
    cell.stride = u->gate_floats;
    if (l->gates == 4)
        cell_lstm(&cell, gates, u->c + first, h);
    else if (l->gates == 1)
        cell_rnn(&cell, gates, h);
    else if (u->stage == CELL_CLOSE)
        cell_gru_close(&cell, gates, l->is_linear_first ? through : NULL, h);
    else if (l->is_linear_first)
        cell_gru_open_late(&cell, gates, through);
    else
        cell_gru_open(&cell, gates, h, through);
}

/* GRU's candidate reads what the reset gate lets through: of the state, or of the state's product. */
static void run_candidate(struct call *c, struct unrolled *u, const float *sums)
{
    const struct recurrent *l = u->layer;
    const int64_t vl = u->kernels->vl, sums_block = l->steps * l->batch * vl, block = l->batch * vl;
    const int64_t blocks = u->gate_floats / block;
    float *candidate = u->gates + 2 * u->gate_floats;
    struct product p = {
        .kernels = u->kernels, .packed = &u->packed->last, .off = u->h_off, .rows = l->batch, .step = vl};
    sums += 2 * blocks * sums_block;
    p.x = l->is_linear_first ? u->h : u->through;
    p.out = l->is_linear_first ? u->through : candidate;
    p.more = l->is_linear_first ? NULL : sums;
    p.more_block = sums_block;
    u->stage = CELL_OPEN;
    if (l->is_linear_first) {
        run_product(c, &p);
        for (int64_t i = 0; i < blocks; i++)
            memcpy(candidate + i * block, sums + i * sums_block, (size_t)block * sizeof *sums);
    }
    call_parallel(c, u->gate_floats, GRAIN / 8, run_cells, u);
    if (!l->is_linear_first) run_product(c, &p);
}

static void run_time(struct call *c, struct unrolled *u, int64_t time, float *y)
{
    const struct recurrent *l = u->layer;
    const int64_t vl = u->kernels->vl;
    const float *sums = u->sums + time * l->batch * vl;
    struct product p = {
        .kernels = u->kernels, .packed = &u->packed->state, .off = u->h_off, .rows = l->batch, .step = vl};
    p.x = u->h, p.out = u->gates;
    p.more = sums, p.more_block = l->steps * l->batch * vl;
    run_product(c, &p);
    if (l->gates == 3) run_candidate(c, u, sums);
    u->stage = CELL_CLOSE;
    call_parallel(c, u->gate_floats, GRAIN / 8, run_cells, u);
    if (y) copy_rows(u, y, u->h, true);
}

static void run_direction(struct call *c, struct unrolled *u, int direction)
{
    const struct recurrent *l = u->layer;
    const int64_t row = l->batch * l->hidden;
    bool is_reverse = direction == 1 || !strcmp(operand_text(c, "direction", "forward"), "reverse");
    struct product inputs = {.kernels = u->kernels, .packed = &u->packed->input, .x = l->x->data, .off = u->x_off};
    inputs.rows = l->steps * l->batch, inputs.step = l->inputs, inputs.out = u->sums;
    run_product(c, &inputs);
    first_state(u, l->h0, direction, u->h);
    first_state(u, l->c0, direction, u->c);
    for (int64_t step = 0; step < l->steps; step++) {
        int64_t time = is_reverse ? l->steps - 1 - step : step;
        float *y = c->n_out > 0 ? (float *)c->out[0]->data + (time * l->directions + direction) * row : NULL;
        run_time(c, u, time, y);
    }
    if (c->n_out > 1) copy_rows(u, (float *)c->out[1]->data + direction * row, u->h, true);
    if (c->n_out > 2 && l->gates == 4) copy_rows(u, (float *)c->out[2]->data + direction * row, u->c, true);
}

bool recurrent_packs(const struct call *c, const struct recurrent *l)
{
    bool is_whole = true, is_constant = call_is_constant(c, 1) && call_is_constant(c, 2);
    if (l->bias) is_constant = is_constant && call_is_constant(c, 3);
    for (int64_t i = 0; l->lengths && i < l->batch; i++) is_whole = is_whole && value_int(l->lengths, i) == l->steps;
    const count floats = count_mul(count_mul(l->batch, l->hidden + 16), 4), inputs = count_mul(l->steps, l->inputs);
    return is_constant && is_whole && l->dtype == DTYPE_F32 && !l->is_batch_first && !l->peephole && l->steps > 0 &&
           l->batch > 0 && l->inputs > 0 && floats < INT32_MAX && inputs < INT32_MAX;
}

gable_status recurrent_run_packed(struct call *c, const struct recurrent *l)
{
    gable_status s = pack_layer(c, l);
    const struct packed_layer *p = *c->state;
    if (s) return s;
    struct unrolled u = {.layer = l, .kernels = p->kernels, .gate_floats = l->batch * p->blocks * p->kernels->vl};
    s = make_room(c, p, &u);
    for (int d = 0; d < l->directions && !s; d++) {
        u.packed = &p->direction[d];
        u.cell = l->cell[d];
        run_direction(c, &u, d);
    }
    return s;
}
