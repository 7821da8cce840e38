#include "engine/cpu/axes.h"

struct axes axes_image(int channels, int height, int width)
{
    return (struct axes){4, {{1, 0, 0}, {channels, 1, 0}, {height, 0, width}, {width, 0, 1}}};
}

bool axes_tokens(const struct shape *s, struct axes *out)
{
    int64_t pixels = 1;
    if (s->rank < 1 || s->rank > AXES_MAX) return false;
    *out = (struct axes){.rank = s->rank};
    out->at[s->rank - 1] = (struct axis){s->dim[s->rank - 1], 1, 0};
    for (int i = s->rank - 2; i >= 0; i--) {
        out->at[i] = (struct axis){s->dim[i], 0, pixels};
        pixels *= s->dim[i];
    }
    return true;
}

static bool same_step(const struct axis *a, const struct axis *b)
{
    return a->size == b->size && (a->size == 1 || (a->channels == b->channels && a->pixels == b->pixels));
}
bool axes_equal(const struct axes *a, const struct axes *b)
{
    bool is_equal = a->rank == b->rank;
    for (int i = 0; i < a->rank && is_equal; i++) is_equal = same_step(&a->at[i], &b->at[i]);
    return is_equal;
}

bool axes_are_image(const struct axes *a, const struct layout *l)
{
    if (a->rank != 4 || a->at[1].size != l->channels) return false;
    struct axes image = axes_image(l->channels, (int)a->at[2].size, (int)a->at[3].size);
    return axes_equal(a, &image) && a->at[2].size * a->at[3].size == l->pixels;
}

bool axes_are_tokens(const struct axes *a, const struct layout *l)
{
    struct axes tokens;
    int64_t dim[AXES_MAX], pixels = 1;
    for (int i = 0; i < a->rank; i++) {
        dim[i] = a->at[i].size;
        if (i + 1 < a->rank) pixels *= dim[i];
    }
    return axes_tokens(&(struct shape){a->rank, dim}, &tokens) && axes_equal(a, &tokens) &&
           dim[a->rank - 1] == l->channels && pixels == l->pixels;
}

void axes_permute(const struct axes *a, const int64_t *from, struct axes *out)
{
    out->rank = a->rank;
    for (int i = 0; i < a->rank; i++) out->at[i] = a->at[from[i]];
}

/* Dimensions first..end - 1 as one; false where they do not follow each other. */
static bool join(const struct axis *at, int first, int end, struct axis *out)
{
    *out = (struct axis){1, 0, 0};
    for (int i = end - 1; i >= first; i--) {
        if (at[i].size == 1) continue;
        if (out->size == 1)
            *out = at[i];
        else if (at[i].channels == out->channels * out->size && at[i].pixels == out->pixels * out->size)
            out->size *= at[i].size;
        else
            return false;
    }
    return true;
}
static void cut(struct axis joined, const int64_t *dim, int first, int end, struct axis *out)
{
    for (int i = end - 1; i >= first; i--) {
        out[i] = (struct axis){dim[i], joined.channels, joined.pixels};
        joined.channels *= dim[i];
        joined.pixels *= dim[i];
    }
}

/* Runs of old and new dimensions of the same size: the shortest ones, so that as little as possible is joined. */
bool axes_reshape(const struct axes *a, const struct shape *to, struct axes *out)
{
    int i = 0, j = 0;
    if (to->rank > AXES_MAX) return false;
    out->rank = to->rank;
    while (i < a->rank || j < to->rank) {
        int first = i, start = j;
        int64_t had = i < a->rank ? a->at[i++].size : 1, has = j < to->rank ? to->dim[j++] : 1;
        while (had != has) {
            bool is_short = had < has;
            if (is_short ? i == a->rank : j == to->rank) return false;
            if (is_short)
                had *= a->at[i++].size;
            else
                has *= to->dim[j++];
        }
        struct axis joined;
        if (!join(a->at, first, i, &joined)) return false;
        cut(joined, to->dim, start, j, out->at);
    }
    return true;
}

bool axes_is_outermost(const struct axes *a, int axis)
{
    for (int i = 0; i < a->rank; i++)
        if (i != axis && a->at[i].size > 1 && a->at[i].size * a->at[i].channels > a->at[axis].channels) return false;
    return a->at[axis].size == 1 || a->at[axis].channels > 0;
}
