/* A picture in another size: for every place of a side, the pixels under it and
   their weights in 2^-22, a triangle over the next pixel on either side, or
   over as many as the scale makes one of. */
#include "learn/picture.h"

#include <math.h>
#include <stdlib.h>

enum { BITS = 22, HALF = 1 << (BITS - 1) };
struct side {
    int n, taps, *first, *count;
    int *weight; /* [n][taps] */
};
static void weigh(struct side *side, int i, double centre, double reach, int pixels)
{
    int first = (int)(centre - reach + 0.5), end = (int)(centre + reach + 0.5);
    int *weight = side->weight + (size_t)i * (size_t)side->taps;
    double sum = 0;
    first = first < 0 ? 0 : first;
    end = end > pixels ? pixels : end;
    for (int k = first; k < end; k++) sum += fmax(1 - fabs((k - centre + 0.5) / reach), 0);
    for (int k = first; k < end; k++)
        weight[k - first] = (int)(0.5 + fmax(1 - fabs((k - centre + 0.5) / reach), 0) / sum * (1 << BITS));
    side->first[i] = first;
    side->count[i] = end - first;
}
/* The n places from `from` of those that `all` make of so many pixels. */
static bool make_side(struct side *side, int pixels, int all, int from, int n)
{
    double scale = (double)pixels / all, reach = fmax(scale, 1);
    *side = (struct side){.n = n, .taps = 2 * (int)ceil(reach) + 1};
    side->first = calloc((size_t)n, sizeof *side->first);
    side->count = calloc((size_t)n, sizeof *side->count);
    side->weight = calloc((size_t)n * (size_t)side->taps, sizeof *side->weight);
    if (!side->first || !side->count || !side->weight) return false;
    for (int i = 0; i < n; i++) weigh(side, i, (from + i + 0.5) * scale, reach, pixels);
    return true;
}
static void release_side(struct side *side)
{
    free(side->first);
    free(side->count);
    free(side->weight);
}
/* Values that stand `step` bytes apart, weighed as place i says. */
static uint8_t weighed(const struct side *side, int i, const uint8_t *from, size_t step)
{
    const int *weight = side->weight + (size_t)i * (size_t)side->taps;
    int sum = HALF;
    from += (size_t)side->first[i] * step;
    for (int k = 0; k < side->count[i]; k++) sum += weight[k] * from[(size_t)k * step];
    sum >>= BITS;
    return (uint8_t)(sum > 255 ? 255 : sum);
}
/* The rows of the part that some place needs, in their new width. */
static void narrow(const struct picture *p, const struct box *from, const struct side *columns, int first, int rows,
                   uint8_t *out)
{
    size_t c = (size_t)p->channels;
    for (int y = 0; y < rows; y++) {
        const uint8_t *row = p->pixels + ((size_t)(from->top + first + y) * (size_t)p->width + (size_t)from->left) * c;
        for (int x = 0; x < columns->n; x++)
            for (size_t k = 0; k < c; k++) *out++ = weighed(columns, x, row + k, c);
    }
}
gable_status picture_see(const struct picture *p, const struct view *v, uint8_t *out, gable_error *e)
{
    struct side rows = {0}, columns = {0};
    uint8_t *narrowed = NULL;
    bool ok = make_side(&rows, v->from.height, v->height, v->top, v->height_kept) &&
              make_side(&columns, v->from.width, v->width, v->left, v->width_kept);
    int last = v->height_kept - 1, first = ok ? rows.first[0] : 0;
    int n = ok ? rows.first[last] + rows.count[last] - first : 0;
    size_t line = (size_t)v->width_kept * (size_t)p->channels;
    if (ok) narrowed = malloc((size_t)n * line);
    if (narrowed) {
        narrow(p, &v->from, &columns, first, n, narrowed);
        for (int y = 0; y < v->height_kept; y++) {
            rows.first[y] -= first;
            for (size_t x = 0; x < line; x++) *out++ = weighed(&rows, y, narrowed + x, line);
        }
    }
    ok = narrowed;
    free(narrowed);
    release_side(&rows);
    release_side(&columns);
    return ok ? GABLE_OK : error_set(e, GABLE_NO_MEMORY, "no memory to scale an image");
}
