/* LSTM, GRU, RNN: the products of all steps' inputs are one product; then, step by step, that of the state. Layers with
   constant weights run packed (recurrent_packed.c); here is what any layer can do. */
#include "engine/general/kernels/recurrent.h"

#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/operands.h"
#include "engine/general/kernels/product.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum stage { GATE_FILL, GATE_OPEN, GATE_CLOSE };
struct pass { /* one direction of a layer, one step */
    const struct recurrent *l;
    int direction;
    bool is_reverse;
    int64_t step;
    const char *late_bias; /* GRU: what is added to the state's product before the reset gate */
    char *y;               /* NULL where nobody reads it */
    enum stage stage;
};

static const struct value *optional(const struct call *c, int i) { return call_has(c, i) ? c->in[i] : NULL; }

static bool is_shape(const struct value *v, int rank, int64_t a, int64_t b, int64_t d)
{
    const int64_t want[] = {a, b, d};
    if (!v) return true;
    for (int i = 0; i < rank && v->rank == rank; i++)
        if (v->dim[i] != want[i]) return false;
    return v->rank == rank;
}

static gable_status check_shapes(struct call *c, const struct recurrent *l)
{
    int64_t d = l->directions, rows = l->gates * l->hidden;
    bool first = l->is_batch_first;
    for (int i = 0; i < c->n_in; i++)
        if (i != 4 && call_has(c, i) && c->in[i]->dtype != l->dtype)
            return call_refuse(c, "input %d is of type %s, X of %s", i, dtype_name(c->in[i]->dtype),
                               dtype_name(l->dtype));
    if (!is_shape(l->w, 3, d, rows, l->inputs) || !is_shape(l->r, 3, d, rows, l->hidden) ||
        !is_shape(l->bias, 2, d, 2 * rows, 0) || !is_shape(l->peephole, 2, d, 3 * l->hidden, 0))
        return call_refuse(c, "the shapes of W, R, B or P do not fit %d directions of %" PRId64 " units", l->directions,
                           l->hidden);
    if (!is_shape(l->h0, 3, first ? l->batch : d, first ? d : l->batch, l->hidden) ||
        !is_shape(l->c0, 3, first ? l->batch : d, first ? d : l->batch, l->hidden))
        return call_refuse(c, "the first state does not fit %" PRId64 " sequences of %" PRId64 " units", l->batch,
                           l->hidden);
    if (!is_shape(l->lengths, 1, l->batch, 0, 0)) return call_refuse(c, "needs a length for each sequence");
    for (int64_t i = 0; i < (l->lengths ? l->batch : 0); i++)
        if (value_int(l->lengths, i) < 0 || value_int(l->lengths, i) > l->steps)
            return call_refuse(c, "sequence %" PRId64 " of %" PRId64 " steps has a length of %" PRId64, i, l->steps,
                               value_int(l->lengths, i));
    return GABLE_OK;
}

static gable_status read_layer(struct call *c, int gates, struct recurrent *l)
{
    gable_status s = operand_tensors(c, 3);
    if (s) return s;
    const char *direction = operand_text(c, "direction", "forward");
    l->x = c->in[0], l->w = c->in[1], l->r = c->in[2];
    l->bias = optional(c, 3), l->lengths = optional(c, 4), l->h0 = optional(c, 5);
    l->c0 = gates == 4 ? optional(c, 6) : NULL, l->peephole = gates == 4 ? optional(c, 7) : NULL;
    l->dtype = l->x->dtype, l->bytes = value_element_bytes(l->dtype);
    l->gates = gates;
    if (l->dtype != DTYPE_F32 && l->dtype != DTYPE_F64)
        return call_refuse(c, "runs on f32 and f64, not %s", dtype_name(l->dtype));
    if (l->x->rank != 3 || l->r->rank != 3) return call_refuse(c, "X, W and R have 3 dimensions each");
    l->directions = !strcmp(direction, "bidirectional") ? 2 : 1;
    if (l->directions == 1 && strcmp(direction, "forward") != 0 && strcmp(direction, "reverse") != 0)
        return call_refuse(c, "knows no direction %.40s", direction);
    l->is_batch_first = node_int(c->node, "layout", 0) == 1;
    l->is_linear_first = gates == 3 && node_int(c->node, "linear_before_reset", 0) != 0;
    l->steps = l->x->dim[l->is_batch_first], l->batch = l->x->dim[!l->is_batch_first];
    l->inputs = l->x->dim[2], l->hidden = l->r->dim[2];
    if (node_int(c->node, "hidden_size", l->hidden) != l->hidden || l->hidden < 1)
        return call_refuse(c, "R is for %" PRId64 " units, hidden_size is %" PRId64, l->hidden,
                           node_int(c->node, "hidden_size", l->hidden));
    return check_shapes(c, l);
}

/* Alphas and betas stand in lists, one for each activation that takes one. */
static gable_status read_squash(struct call *c, const char *name, int *alphas, int *betas, struct squash *out)
{
    const struct attribute *alpha = node_attribute(c->node, "activation_alpha");
    const struct attribute *beta = node_attribute(c->node, "activation_beta");
    bool has_alpha = false, has_beta = false;
    if (!squash_find(name, out, &has_alpha, &has_beta)) return call_refuse(c, "knows no activation %.40s", name);
    if (has_alpha && alpha && alpha->type == ATTRIBUTE_FLOATS && *alphas < alpha->n)
        out->alpha = alpha->floats[(*alphas)++];
    if (has_beta && beta && beta->type == ATTRIBUTE_FLOATS && *betas < beta->n) out->beta = beta->floats[(*betas)++];
    double clip = node_float(c->node, "clip", 0);
    if (clip > 0) out->clip = clip;
    return GABLE_OK;
}

static gable_status read_cells(struct call *c, struct recurrent *l)
{
    static const char *const usual[][3] = {
        [1] = {"Tanh"}, [3] = {"Sigmoid", "Tanh"}, [4] = {"Sigmoid", "Tanh", "Tanh"}};
    const struct attribute *listed = node_attribute(c->node, "activations");
    int each = l->gates == 1 ? 1 : l->gates - 1, alphas = 0, betas = 0;
    bool has_names = listed && listed->type == ATTRIBUTE_STRINGS;
    gable_status s = GABLE_OK;
    if (has_names && listed->n != each * l->directions)
        return call_refuse(c, "names %d activations, %d are needed", listed->n, each * l->directions);
    for (int d = 0; d < l->directions && !s; d++) {
        struct squash squash[3] = {0};
        for (int i = 0; i < each && !s; i++)
            s = read_squash(c, has_names ? listed->strings[d * each + i] : usual[l->gates][i], &alphas, &betas,
                            &squash[i]);
        if (s) return s;
        struct cell *cell = &l->cell[d];
        *cell = (struct cell){.dtype = l->dtype, .hidden = l->hidden, .stride = l->hidden, .f = squash[0]};
        if (each > 1) cell->g = squash[1];
        if (each > 2) cell->h = squash[2];
        cell->is_coupled = l->gates == 4 && node_int(c->node, "input_forget", 0) != 0;
        if (l->peephole) cell->peephole = (char *)l->peephole->data + (size_t)(d * 3 * l->hidden) * l->bytes;
    }
    return s;
}

static gable_status make_outputs(struct call *c, const struct recurrent *l)
{
    bool first = l->is_batch_first;
    int64_t d = l->directions, y[] = {l->steps, d, l->batch, l->hidden},
            by_batch[] = {l->batch, l->steps, d, l->hidden};
    int64_t state[] = {first ? l->batch : d, first ? d : l->batch, l->hidden};
    gable_status s = c->n_out > 0 ? call_make(c, 0, l->dtype, 4, first ? by_batch : y) : GABLE_OK;
    if (!s && c->n_out > 0) memset(c->out[0]->data, 0, (size_t)c->out[0]->n * l->bytes);
    for (int i = 1; i < c->n_out && i < (l->gates == 4 ? 3 : 2) && !s; i++) s = call_make(c, i, l->dtype, 3, state);
    return s;
}

static gable_status make_room(struct call *c, struct recurrent *l)
{
    size_t units = (size_t)(l->batch * l->hidden) * l->bytes, gates = (size_t)l->gates;
    const int64_t dim[] = {l->steps, l->batch, l->gates, l->hidden};
    struct value sums;
    gable_status s = call_temporary(c, l->dtype, 4, dim, &sums);
    if (s) return s;
    l->sums = sums.data;
    l->gate = call_scratch(c, gates * units), l->through = call_scratch(c, units);
    l->h = call_scratch(c, units), l->c = call_scratch(c, units);
    if (!l->gate || !l->through || !l->h || !l->c) return operand_no_memory(c);
    memset(l->gate, 0, gates * units);
    memset(l->through, 0, units);
    return GABLE_OK;
}

/* Sequence n's state of one direction, in the values that hold all of them. */
static size_t state_at(const struct recurrent *l, int direction, int64_t n)
{
    int64_t row = l->is_batch_first ? n * l->directions + direction : direction * l->batch + n;
    return (size_t)(row * l->hidden) * l->bytes;
}

static void copy_states(const struct recurrent *l, int direction, const struct value *from, struct value *to,
                        char *state)
{
    size_t row = (size_t)l->hidden * l->bytes;
    for (int64_t n = 0; n < l->batch; n++) {
        char *at = state + (size_t)n * row;
        if (to)
            memcpy((char *)to->data + state_at(l, direction, n), at, row);
        else if (from)
            memcpy(at, (const char *)from->data + state_at(l, direction, n), row);
        else
            memset(at, 0, row);
    }
}

/* sums = both biases, then + X W^T. GRU's candidate takes its second bias later where it is linear first. */
static void sum_inputs(const struct recurrent *l, int direction)
{
    int64_t width = l->gates * l->hidden, rows = l->steps * l->batch;
    size_t row = (size_t)width * l->bytes;
    const char *w = (const char *)l->w->data + (size_t)(direction * width * l->inputs) * l->bytes;
    if (rows == 0) return;
    if (l->bias) {
        const struct value *b = l->bias;
        int64_t both = l->is_linear_first ? 2 * l->hidden : width, first = direction * 2 * width;
        for (int64_t i = 0; i < width; i++) {
            double sum = value_real(b, first + i) + (i < both ? value_real(b, first + width + i) : 0);
            if (l->dtype == DTYPE_F32)
                ((float *)l->sums)[i] = (float)sum;
            else
                ((double *)l->sums)[i] = sum;
        }
        for (int64_t i = 1; i < rows; i++) memcpy(l->sums + (size_t)i * row, l->sums, row);
    }
    product_run(l->dtype, rows, width, l->inputs, (struct matrix){l->x->data, l->inputs, false},
                (struct matrix){w, l->inputs, true}, l->bias != NULL, l->sums, width);
}

/* The place in time of sequence n in a step; -1 after its end. */
static int64_t time_of(const struct pass *p, int64_t n)
{
    int64_t length = p->l->lengths ? value_int(p->l->lengths, n) : p->l->steps;
    if (p->step >= length) return -1;
    return p->is_reverse ? length - 1 - p->step : p->step;
}

static void close_cell(const struct pass *p, int64_t n, int64_t time)
{
    const struct recurrent *l = p->l;
    size_t unit = (size_t)l->hidden * l->bytes;
    char *gate = l->gate + (size_t)n * (size_t)l->gates * unit, *h = l->h + (size_t)n * unit;
    const struct cell *cell = &l->cell[p->direction];
    if (l->gates == 4)
        cell_lstm(cell, gate, l->c + (size_t)n * unit, h);
    else if (l->gates == 3)
        cell_gru_close(cell, gate, l->is_linear_first ? l->through + (size_t)n * unit : NULL, h);
    else
        cell_rnn(cell, gate, h);
    int64_t row = l->is_batch_first ? (n * l->steps + time) * l->directions + p->direction
                                    : (time * l->directions + p->direction) * l->batch + n;
    if (p->y) memcpy(p->y + (size_t)row * unit, h, unit);
}

static void run_rows(void *arg, int64_t first, int64_t end)
{
    const struct pass *p = arg;
    const struct recurrent *l = p->l;
    size_t unit = (size_t)l->hidden * l->bytes, row = (size_t)l->gates * unit;
    for (int64_t n = first; n < end; n++) {
        int64_t time = time_of(p, n), at = l->is_batch_first ? n * l->steps + time : time * l->batch + n;
        char *gate = l->gate + (size_t)n * row, *through = l->through + (size_t)n * unit;
        if (time < 0) continue;
        if (p->stage == GATE_FILL) {
            memcpy(gate, l->sums + (size_t)at * row, row);
            if (p->late_bias) memcpy(through, p->late_bias, unit);
        } else if (p->stage == GATE_CLOSE) {
            close_cell(p, n, time);
        } else if (l->is_linear_first) {
            cell_gru_open_late(&l->cell[p->direction], gate, through);
        } else {
            cell_gru_open(&l->cell[p->direction], gate, l->h + (size_t)n * unit, through);
        }
    }
}

static void run_stage(struct call *c, struct pass *p, enum stage stage)
{
    p->stage = stage;
    call_parallel(c, p->l->batch, GRAIN / (p->l->gates * p->l->hidden) + 1, run_rows, p);
}

static void run_one_step(struct call *c, struct pass *p)
{
    const struct recurrent *l = p->l;
    int64_t hidden = l->hidden, width = l->gates * hidden, first = l->gates == 3 ? 2 * hidden : width;
    const char *r = (const char *)l->r->data + (size_t)(p->direction * width * hidden) * l->bytes;
    const char *last = r + (size_t)(2 * hidden * hidden) * l->bytes; /* GRU's candidate */
    struct matrix h = {l->h, hidden, false}, through = {l->through, hidden, false};
    run_stage(c, p, GATE_FILL);
    product_run(l->dtype, l->batch, first, hidden, h, (struct matrix){r, hidden, true}, true, l->gate, width);
    if (l->gates == 3 && l->is_linear_first)
        product_run(l->dtype, l->batch, hidden, hidden, h, (struct matrix){last, hidden, true}, p->late_bias != NULL,
                    l->through, hidden);
    if (l->gates == 3) run_stage(c, p, GATE_OPEN);
    if (l->gates == 3 && !l->is_linear_first)
        product_run(l->dtype, l->batch, hidden, hidden, through, (struct matrix){last, hidden, true}, true,
                    l->gate + (size_t)(2 * hidden) * l->bytes, width);
    run_stage(c, p, GATE_CLOSE);
}

static void run_direction(struct call *c, const struct recurrent *l, int direction)
{
    struct pass p = {.l = l, .direction = direction, .y = c->n_out > 0 ? c->out[0]->data : NULL};
    p.is_reverse = direction == 1 || !strcmp(operand_text(c, "direction", "forward"), "reverse");
    if (l->is_linear_first && l->bias)
        p.late_bias = (const char *)l->bias->data + (size_t)((direction * 6 + 5) * l->hidden) * l->bytes;
    copy_states(l, direction, l->h0, NULL, l->h);
    copy_states(l, direction, l->c0, NULL, l->c);
    sum_inputs(l, direction);
    for (p.step = 0; p.step < l->steps; p.step++) run_one_step(c, &p);
    if (c->n_out > 1) copy_states(l, direction, NULL, c->out[1], l->h);
    if (c->n_out > 2 && l->gates == 4) copy_states(l, direction, NULL, c->out[2], l->c);
}

static gable_status run_layer(struct call *c, int gates)
{
    struct recurrent l = {.gates = gates};
    gable_status s = read_layer(c, gates, &l);
    if (!s) s = read_cells(c, &l);
    if (!s) s = make_outputs(c, &l);
    if (!s && recurrent_packs(c, &l)) return recurrent_run_packed(c, &l);
    if (!s) s = make_room(c, &l);
    for (int d = 0; d < l.directions && !s && l.batch > 0; d++) run_direction(c, &l, d);
    return s;
}
static gable_status run_lstm(struct call *c) { return run_layer(c, 4); }
static gable_status run_gru(struct call *c) { return run_layer(c, 3); }
static gable_status run_rnn(struct call *c) { return run_layer(c, 1); }

const struct kernel kernels_recurrent[] = {
    {.op = "LSTM", .domain = "", .run = run_lstm, .free_state = recurrent_forget, .in_f32 = true},
    {.op = "GRU", .domain = "", .run = run_gru, .free_state = recurrent_forget, .in_f32 = true},
    {.op = "RNN", .domain = "", .run = run_rnn, .free_state = recurrent_forget, .in_f32 = true},
    {0},
};
