/* Scan: a body for each slice of its inputs, with state between them. Since opset 9 without a batch; before, the first
   dimension of everything is one, and each of its items is scanned by itself, as far as sequence_lens says. */
#include "engine/general/kernels/bodies.h"
#include "engine/general/kernels/stack.h"
#include "engine/general/tables.h"

#include <inttypes.h>

struct scan {
    struct call *c;
    struct graph *body;
    int n_states, n_scanned, n_stacked;
    int64_t length;                   /* iterations */
    const struct value *in;           /* states, then what is scanned */
    struct value *out;                /* states, then stacks */
    struct value *operands, *results; /* of the body */
    struct stack *stacks;
};

static int64_t listed(const struct scan *s, const char *name, int i) { return node_int_at(s->c->node, name, i, 0); }

/* The length of the scanned axis, the same in all inputs. */
static gable_status find_length(struct scan *s)
{
    s->length = -1;
    for (int i = 0; i < s->n_scanned; i++) {
        const struct value *x = &s->in[s->n_states + i];
        int axis;
        if (!call_axis(listed(s, "scan_input_axes", i), x->rank, &axis))
            return call_refuse(s->c, "scanned input %d of %d dimensions has no axis %" PRId64, i, x->rank,
                               listed(s, "scan_input_axes", i));
        if (s->length >= 0 && x->dim[axis] != s->length)
            return call_refuse(s->c, "scanned inputs are %" PRId64 " and %" PRId64 " long", s->length, x->dim[axis]);
        s->length = x->dim[axis];
    }
    return s->length < 0 ? call_refuse(s->c, "scans nothing") : GABLE_OK;
}

static gable_status allocate(struct scan *s)
{
    gable_status status = values_absent(s->c, s->body->n_inputs, &s->operands);
    if (!status) status = values_absent(s->c, s->body->n_outputs, &s->results);
    if (status) return status;
    s->stacks = call_scratch(s->c, (size_t)(s->n_stacked + 1) * sizeof *s->stacks);
    if (!s->stacks) return error_set(s->c->e, GABLE_NO_MEMORY, "no memory for the results of a scan");
    for (int i = 0; i < s->n_stacked; i++) s->stacks[i] = (struct stack){.room = s->length};
    return GABLE_OK;
}

/* Operands of one iteration: the states are there already. */
static gable_status slice(struct scan *s, int64_t at)
{
    gable_status status = GABLE_OK;
    const char *directions = s->c->opset < 9 ? "directions" : "scan_input_directions";
    for (int i = 0; i < s->n_scanned && !status; i++) {
        const struct value *x = &s->in[s->n_states + i];
        int axis = 0;
        call_axis(listed(s, "scan_input_axes", i), x->rank, &axis);
        struct value *to = &s->operands[s->n_states + i];
        value_release(to);
        status = slice_of(s->c, x, axis, listed(s, directions, i) ? s->length - 1 - at : at, to);
    }
    return status;
}

static gable_status keep(struct scan *s, int64_t at)
{
    gable_status status = GABLE_OK;
    for (int i = 0; i < s->n_states; i++) {
        value_release(&s->operands[i]);
        value_share(&s->results[i], &s->operands[i]);
    }
    for (int i = 0; i < s->n_stacked && !status; i++) {
        const struct value *item = &s->results[s->n_states + i];
        int axis;
        if (!call_axis(listed(s, "scan_output_axes", i), item->rank + 1, &axis))
            return call_refuse(s->c, "scan output %d has no axis %" PRId64, i, listed(s, "scan_output_axes", i));
        s->stacks[i].axis = axis;
        status = stack_put(s->c, &s->stacks[i], listed(s, "scan_output_directions", i) ? s->length - 1 - at : at, item);
    }
    return status;
}

static gable_status iterate(struct scan *s)
{
    gable_status status = GABLE_OK;
    for (int i = 0; i < s->n_states; i++) value_share(&s->in[i], &s->operands[i]);
    for (int64_t at = 0; at < s->length && !status; at++) {
        int mark = call_mark(s->c);
        status = slice(s, at);
        if (!status) status = call_body(s->c, s->body, s->body->n_inputs, s->operands, s->body->n_outputs, s->results);
        if (!status) status = keep(s, at);
        values_release(s->results, s->body->n_outputs);
        call_end_since(s->c, mark);
        if (status) error_within(s->c->e, "iteration %" PRId64, at);
    }
    return status;
}

/* One scan from in[] to out[]; out[] is released by the caller. */
static gable_status scan_once(struct scan *s)
{
    gable_status status = find_length(s);
    if (!status) status = allocate(s);
    if (!status) status = iterate(s);
    for (int i = 0; i < s->n_states && !status; i++) value_share(&s->operands[i], &s->out[i]);
    for (int i = 0; i < s->n_stacked && !status; i++) stack_take(&s->stacks[i], s->length, &s->out[s->n_states + i]);
    for (int i = 0; s->stacks && i < s->n_stacked; i++) stack_release(&s->stacks[i]);
    values_release(s->operands, s->body->n_inputs);
    return status;
}

static gable_status open_scan(struct scan *s, int first_input)
{
    struct call *c = s->c;
    s->body = body_of(c, "body");
    if (!s->body) return call_refuse(c, "lacks its body");
    int64_t n_scanned = node_int(c->node, "num_scan_inputs", 0), n_in = c->n_in - first_input;
    if (n_scanned < 1 || n_scanned > n_in)
        return call_refuse(c, "num_scan_inputs is %" PRId64 " of %" PRId64 " inputs", n_scanned, n_in);
    s->n_scanned = (int)n_scanned;
    s->n_states = (int)(n_in - n_scanned);
    s->n_stacked = c->n_out - s->n_states;
    if (s->n_stacked < 0 || s->body->n_inputs != n_in || s->body->n_outputs != c->n_out)
        return call_refuse(c, "the body has %d inputs and %d outputs, the node %" PRId64 " and %d", s->body->n_inputs,
                           s->body->n_outputs, n_in, c->n_out);
    return values_absent(c, c->n_out, &s->out);
}

static gable_status give(struct scan *s, gable_status status)
{
    for (int i = 0; i < s->c->n_out && !status; i++)
        if (s->out[i].kind == VALUE_ABSENT)
            status = stack_empty(s->c, i, s->body->outputs[i], 0);
        else
            call_pass(s->c, i, &s->out[i]);
    values_release(s->out, s->c->n_out);
    return status;
}

static gable_status scan_9(struct scan *s)
{
    struct value *in = NULL;
    gable_status status = open_scan(s, 0);
    if (!status) status = values_absent(s->c, s->c->n_in, &in);
    if (status) return status;
    for (int i = 0; i < s->c->n_in; i++) value_share(s->c->in[i], &in[i]);
    s->in = in;
    status = scan_once(s);
    values_release(in, s->c->n_in);
    return give(s, status);
}

/* Inputs of item `at` of the batch; what is scanned is cut to the sequence's length. */
static gable_status batch_item(struct scan *s, struct value *in, int64_t at, int64_t length)
{
    gable_status status = GABLE_OK;
    for (int i = 1; i < s->c->n_in && !status; i++) {
        status = slice_of(s->c, s->c->in[i], 0, at, &in[i - 1]);
        if (status || i <= s->n_states) continue;
        if (in[i - 1].rank < 1 || length > in[i - 1].dim[0] || length < 0)
            return call_refuse(s->c, "sequence_lens holds %" PRId64, length);
        in[i - 1].n = value_count(&in[i - 1], 1, in[i - 1].rank) * length;
        in[i - 1].dim[0] = length;
    }
    return status;
}

static gable_status scan_8(struct scan *s)
{
    struct call *c = s->c;
    struct value *in = NULL;
    gable_status status = open_scan(s, 1);
    if (status) return status;
    if (c->in[c->n_in - 1]->rank < 2) return call_refuse(c, "what is scanned has no batch and sequence");
    int64_t batch = c->in[c->n_in - 1]->dim[0], longest = c->in[c->n_in - 1]->dim[1];
    for (int i = 1; i < c->n_in; i++)
        if (c->in[i]->rank < 1 || c->in[i]->dim[0] != batch) return call_refuse(c, "input %d has another batch", i);
    struct stack *batches = call_scratch(c, (size_t)(c->n_out + 1) * sizeof *batches);
    status = batches ? values_absent(c, c->n_in, &in) : error_set(c->e, GABLE_NO_MEMORY, "no memory for a batch");
    if (status) return status;
    for (int i = 0; i < c->n_out; i++) batches[i] = (struct stack){.room = batch};
    if (call_has(c, 0) && c->in[0]->n != batch) return call_refuse(c, "sequence_lens is not of the batch's length");
    s->in = in;
    for (int64_t at = 0; at < batch && !status; at++) {
        int64_t length = call_has(c, 0) ? value_int(c->in[0], at) : longest;
        if (length != longest) status = call_refuse(c, "sequences of different lengths are not scanned");
        if (!status) status = batch_item(s, in, at, length);
        if (!status) status = scan_once(s);
        for (int i = 0; i < c->n_out && !status; i++) status = stack_put(c, &batches[i], at, &s->out[i]);
        values_release(s->out, c->n_out);
        values_release(in, c->n_in);
    }
    for (int i = 0; i < c->n_out; i++)
        if (!status)
            stack_take(&batches[i], batch, &s->out[i]);
        else
            stack_release(&batches[i]);
    return give(s, status);
}

static gable_status run_scan(struct call *c)
{
    struct scan s = {.c = c};
    return c->opset < 9 ? scan_8(&s) : scan_9(&s);
}

const struct kernel kernels_scan[] = {
    {.op = "Scan", .domain = "", .run = run_scan},
    {0},
};
