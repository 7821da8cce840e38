/* NonMaxSuppression: of each class of each picture the boxes by falling score, without those that cover too much of one
   taken before. */
#include "engine/general/kernels/loops.h"
#include "engine/general/kernels/operands.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

struct box {
    float top, left, bottom, right, area;
};
struct candidate {
    float score;
    int64_t index;
};

/* One class of one picture: its candidates first, then the boxes that are taken, in the same memory's order. */
struct suppression {
    int64_t pictures, classes, places;
    const float *scores;
    const struct box *boxes;      /* pictures x places */
    struct candidate *candidates; /* pictures x classes x places */
    int64_t *taken;               /* how many, for each class of each picture: they stand first then */
    int64_t most;
    float overlap, least_score;
    bool has_least;
};

/* (y1, x1, y2, x2) with corners in either order, or (x, y, width, height) about the centre. */
static struct box box_of(const float *v, bool is_centred)
{
    struct box b = {.top = fminf(v[0], v[2]), .left = fminf(v[1], v[3])};
    b.bottom = fmaxf(v[0], v[2]), b.right = fmaxf(v[1], v[3]);
    if (is_centred) {
        b.left = v[0] - v[2] / 2, b.right = v[0] + v[2] / 2;
        b.top = v[1] - v[3] / 2, b.bottom = v[1] + v[3] / 2;
    }
    b.area = (b.right - b.left) * (b.bottom - b.top);
    return b;
}

static bool covers(const struct box *a, const struct box *b, float overlap)
{
    float width = fminf(a->right, b->right) - fmaxf(a->left, b->left);
    float height = fminf(a->bottom, b->bottom) - fmaxf(a->top, b->top);
    if (!(width > 0 && height > 0 && a->area > 0 && b->area > 0)) return false;
    float common = width * height, all = a->area + b->area - common;
    return all > 0 && common > overlap * all;
}

static int by_score(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static void suppress(void *arg, int64_t first, int64_t end)
{
    const struct suppression *s = arg;
    for (int64_t k = first; k < end; k++) {
        const float *score = s->scores + k * s->places;
        const struct box *boxes = s->boxes + k / s->classes * s->places;
        struct candidate *list = s->candidates + k * s->places;
        int64_t n = 0, taken = 0;
        for (int64_t i = 0; i < s->places; i++)
            if (score[i] == score[i] && (!s->has_least || score[i] > s->least_score))
                list[n++] = (struct candidate){score[i], i};
        qsort(list, (size_t)n, sizeof *list, by_score);
        for (int64_t i = 0; i < n && taken < s->most; i++) {
            bool is_covered = false;
            for (int64_t t = 0; t < taken && !is_covered; t++)
                is_covered = covers(&boxes[list[i].index], &boxes[list[t].index], s->overlap);
            if (!is_covered) list[taken++] = list[i];
        }
        s->taken[k] = taken;
    }
}

static gable_status read_limits(struct call *c, struct suppression *s)
{
    gable_status status = GABLE_OK;
    for (int i = 3; i < 5; i++)
        if (call_has(c, i) && (c->in[i]->dtype != DTYPE_F32 || c->in[i]->n != 1))
            return call_refuse(c, "input %d is one f32", i);
    if (call_has(c, 2)) status = operand_int(c, 2, &s->most);
    s->overlap = call_has(c, 3) ? *(const float *)c->in[3]->data : 0;
    s->has_least = call_has(c, 4);
    if (s->has_least) s->least_score = *(const float *)c->in[4]->data;
    if (!status && !(s->overlap >= 0 && s->overlap <= 1))
        status = call_refuse(c, "an overlap of %g, it is a part between 0 and 1", (double)s->overlap);
    return status;
}

static gable_status read_boxes(struct call *c, struct suppression *s)
{
    const struct value *boxes = c->in[0], *scores = c->in[1];
    if (boxes->dtype != DTYPE_F32 || scores->dtype != DTYPE_F32)
        return call_refuse(c, "boxes and scores are of type f32");
    if (boxes->rank != 3 || scores->rank != 3 || boxes->dim[2] != 4 || boxes->dim[0] != scores->dim[0] ||
        boxes->dim[1] != scores->dim[2])
        return call_refuse(c, "needs boxes of pictures x places x 4 and scores of pictures x classes x places");
    s->pictures = scores->dim[0], s->classes = scores->dim[1], s->places = scores->dim[2];
    s->scores = scores->data;
    if (scores->n == 0) return GABLE_OK;
    int64_t n = s->pictures * s->places;
    struct box *made = call_scratch(c, (size_t)n * sizeof *made);
    s->candidates = call_scratch(c, (size_t)scores->n * sizeof *s->candidates);
    s->taken = call_scratch(c, (size_t)(s->pictures * s->classes) * sizeof *s->taken);
    if (!made || !s->candidates || !s->taken) return operand_no_memory(c);
    bool is_centred = node_int(c->node, "center_point_box", 0) != 0;
    for (int64_t i = 0; i < n; i++) made[i] = box_of((const float *)boxes->data + 4 * i, is_centred);
    s->boxes = made;
    return GABLE_OK;
}

static gable_status run_suppression(struct call *c)
{
    struct suppression s = {.most = 0};
    int64_t dim[] = {0, 3};
    gable_status status = operand_tensors(c, 2);
    if (!status) status = read_limits(c, &s);
    if (!status) status = read_boxes(c, &s);
    if (status) return status;
    if (c->in[1]->n == 0) return call_make(c, 0, DTYPE_S64, 2, dim);
    int64_t lists = s.pictures * s.classes;
    call_parallel(c, lists, GRAIN / (8 * s.places + 1) + 1, suppress, &s);
    for (int64_t k = 0; k < lists; k++) dim[0] += s.taken[k];
    status = call_make(c, 0, DTYPE_S64, 2, dim);
    if (status) return status;
    int64_t *y = c->out[0]->data;
    for (int64_t k = 0; k < lists; k++)
        for (int64_t i = 0; i < s.taken[k]; i++) {
            *y++ = k / s.classes;
            *y++ = k % s.classes;
            *y++ = s.candidates[k * s.places + i].index;
        }
    return status;
}

const struct kernel kernels_suppress[] = {
    {.op = "NonMaxSuppression", .domain = "", .run = run_suppression},
    {0},
};
