/* DepthToSpace and SpaceToDepth are transposes of a finer shape; ReverseSequence turns the first places of each line.
 */
#include "engine/general/kernels/move.h"

#include <inttypes.h>
#include <string.h>

static gable_status block_size(struct call *c, int64_t *b)
{
    const struct value *x = c->in[0];
    *b = node_int(c->node, "blocksize", 0);
    if (x->rank != 4) return call_refuse(c, "needs 4 dimensions, the input has %d", x->rank);
    if (*b < 1 || *b > 1 << 20) return call_refuse(c, "a blocksize of %" PRId64, *b);
    return GABLE_OK;
}

/* The input seen with six dimensions, those in another order, seen as the output's four. */
static gable_status rearrange(struct call *c, const int64_t *fine, const int *order, const int64_t *dim)
{
    struct value seen = *c->in[0];
    seen.rank = 6;
    for (int i = 0; i < 6; i++) seen.dim[i] = fine[i];
    gable_status s = call_make(c, 0, seen.dtype, 4, dim);
    return s || seen.n == 0 ? s : move_transposed(c, &seen, order, c->out[0]);
}

static gable_status run_depth_to_space(struct call *c)
{
    static const int by_depth[] = {0, 3, 4, 1, 5, 2}, by_column[] = {0, 1, 4, 2, 5, 3};
    const struct attribute *mode = node_attribute(c->node, "mode");
    const int64_t *d = c->in[0]->dim;
    int64_t b = 0;
    gable_status s = block_size(c, &b);
    if (!s && d[1] % (b * b))
        s = call_refuse(c, "%" PRId64 " channels are no blocks of %" PRId64 " by %" PRId64, d[1], b, b);
    if (s) return s;
    bool is_columns = mode && mode->s && !strcmp(mode->s, "CRD");
    int64_t rest = d[1] / (b * b), dim[] = {d[0], rest, count_mul(d[2], b), count_mul(d[3], b)};
    int64_t depth[] = {d[0], b, b, rest, d[2], d[3]}, columns[] = {d[0], rest, b, b, d[2], d[3]};
    return rearrange(c, is_columns ? columns : depth, is_columns ? by_column : by_depth, dim);
}

static gable_status run_space_to_depth(struct call *c)
{
    static const int order[] = {0, 3, 5, 1, 2, 4};
    const int64_t *d = c->in[0]->dim;
    int64_t b = 0;
    gable_status s = block_size(c, &b);
    if (!s && (d[2] % b || d[3] % b))
        s = call_refuse(c, "%" PRId64 " by %" PRId64 " places are no blocks of %" PRId64, d[2], d[3], b);
    if (s) return s;
    int64_t dim[] = {d[0], count_mul(d[1], b * b), d[2] / b, d[3] / b};
    int64_t fine[] = {d[0], d[1], d[2] / b, b, d[3] / b, b};
    return rearrange(c, fine, order, dim);
}

/* Batch and time are the first two axes, in either order. */
static gable_status run_reverse_sequence(struct call *c)
{
    const struct value *x = c->in[0], *lengths = c->in[1];
    int64_t time = node_int(c->node, "time_axis", 0), batch = node_int(c->node, "batch_axis", 1);
    if (x->rank < 2 || time < 0 || time > 1 || batch != 1 - time)
        return call_refuse(c, "time and batch must be the first two axes");
    if (lengths->n != x->dim[batch] || (lengths->dtype != DTYPE_S64 && lengths->dtype != DTYPE_S32))
        return call_refuse(c, "%" PRId64 " lengths for %" PRId64 " sequences", lengths->n, x->dim[batch]);
    gable_status s = call_like(c, 0, x);
    if (s || x->n == 0) return s;
    int64_t block = value_count(x, 2, x->rank) * (int64_t)value_element_bytes(x->dtype);
    int64_t time_step = block * (time == 0 ? x->dim[1] : 1), batch_step = block * (batch == 0 ? x->dim[1] : 1);
    for (int64_t b = 0; b < x->dim[batch]; b++) {
        int64_t length = value_int(lengths, b);
        if (length < 0 || length > x->dim[time]) {
            memset(c->out[0]->data, 0, (size_t)c->out[0]->n * value_element_bytes(x->dtype));
            return call_refuse(c, "sequence %" PRId64 " of %" PRId64 " has a length of %" PRId64, b, x->dim[time],
                               length);
        }
        for (int64_t t = 0; t < x->dim[time]; t++) {
            int64_t from = t < length ? length - 1 - t : t;
            memcpy((char *)c->out[0]->data + b * batch_step + t * time_step,
                   (const char *)x->data + b * batch_step + from * time_step, (size_t)block);
        }
    }
    return operand_own(c, c->out[0]);
}

const struct kernel kernels_space[] = {
    {.op = "DepthToSpace", .domain = "", .run = run_depth_to_space},
    {.op = "SpaceToDepth", .domain = "", .run = run_space_to_depth},
    {.op = "ReverseSequence", .domain = "", .run = run_reverse_sequence},
    {0},
};
