#include "cli/plot.h"

#include "base/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_WIDTH = 40, LEAST_HEIGHT = 10, MOST = 400 };

/* Dots are counted from the lower left corner; a character holds across x up of them. */
struct canvas {
    int columns, rows, across, up;
    double x0, y0, x_per_dot, y_per_dot; /* log10 */
    unsigned char *dots;                 /* columns x rows: braille bits */
    char *marks;                         /* columns x rows: a letter or digit over the dots; 0 none */
};
struct range {
    double low, high;
};

static bool is_drawable(double a, double b) { return a > 0 && b > 0 && isfinite(a) && isfinite(b); }

static void widen(struct range *r, double value)
{
    if (value < r->low) r->low = value;
    if (value > r->high) r->high = value;
}

/* Intensities from well left of the first ridge to right of the last, and what the roofs and points reach there. */
static bool ranges(const struct plot *p, struct range *x, struct range *y)
{
    *x = *y = (struct range){INFINITY, -INFINITY};
    for (int i = 0; i < p->n_roofs; i++) {
        const struct roof *r = &p->roofs[i].roof;
        if (!is_drawable(r->peak, r->bandwidth)) continue;
        double ridge = log10(roof_ridge(r));
        widen(x, ridge - 1.5);
        widen(x, ridge + 1);
        widen(y, log10(r->peak) + 0.1);
    }
    for (int i = 0; i < p->n_points; i++) {
        const struct plot_point *q = &p->points[i];
        if (!is_drawable(q->intensity, q->flops_per_s)) continue;
        widen(x, log10(q->intensity) - 0.2);
        widen(x, log10(q->intensity) + 0.2);
        widen(y, log10(q->flops_per_s) - 0.1);
        widen(y, log10(q->flops_per_s) + 0.1);
    }
    if (!(x->high > x->low)) return false;
    for (int i = 0; i < p->n_roofs; i++)
        if (is_drawable(p->roofs[i].roof.peak, p->roofs[i].roof.bandwidth))
            widen(y, log10(roof_attainable(&p->roofs[i].roof, pow(10, x->low))));
    return y->high > y->low;
}

static int x_dot(const struct canvas *c, double log_x) { return (int)floor((log_x - c->x0) / c->x_per_dot); }
static int y_dot(const struct canvas *c, double log_y) { return (int)floor((log_y - c->y0) / c->y_per_dot); }

static void set_dot(struct canvas *c, int x, int y)
{
    static const unsigned char braille[4][2] = {
        {0x40, 0x80}, {0x04, 0x20}, {0x02, 0x10}, {0x01, 0x08}}; /* from below */
    if (x < 0 || y < 0 || x >= c->columns * c->across || y >= c->rows * c->up) return;
    int cell = (c->rows - 1 - y / c->up) * c->columns + x / c->across;
    c->dots[cell] |= c->up == 1 ? 1 : braille[y % 4][x % 2];
}

static void set_mark(struct canvas *c, int x, int y, char mark)
{
    if (x < 0 || y < 0 || x >= c->columns * c->across || y >= c->rows * c->up) return;
    c->marks[(c->rows - 1 - y / c->up) * c->columns + x / c->across] = mark;
}

static void draw_roof(struct canvas *c, const struct roof *r, int index)
{
    int last = -1, y = -1, n = c->columns * c->across;
    for (int x = 0; x < n; x++) {
        double intensity = pow(10, c->x0 + (x + 0.5) * c->x_per_dot);
        y = y_dot(c, log10(roof_attainable(r, intensity)));
        for (int between = last < 0 ? y : last + (last < y); between <= y; between++) set_dot(c, x, between);
        last = y;
    }
    set_mark(c, n - 1 - 2 * (index % 4) * c->across, y, (char)('1' + index)); /* equal flats keep both numbers */
}

static char letter(int i) { return (char)(i < 26 ? 'a' + i : 'A' + i - 26); }

static void add_row(const struct canvas *c, int row, struct text *out)
{
    for (int i = 0; i < c->columns; i++) {
        int cell = row * c->columns + i;
        unsigned dots = c->dots[cell];
        if (c->marks[cell])
            text_add_n(out, &c->marks[cell], 1);
        else if (!dots)
            text_add(out, " ");
        else if (c->up == 1)
            text_add(out, "*");
        else {
            const unsigned char utf8[3] = {0xe2, (unsigned char)(0xa0 | (dots >> 6)),
                                           (unsigned char)(0x80 | (dots & 63))};
            text_add_n(out, (const char *)utf8, 3);
        }
    }
    while (out->len && out->data[out->len - 1] == ' ') out->data[--out->len] = '\0';
    text_add(out, "\n");
}

/* A power of ten whose line falls into that row is written beside it. */
static void add_gutter(const struct canvas *c, int row, struct text *out)
{
    int bottom = (c->rows - 1 - row) * c->up, decade = (int)ceil(c->y0 + bottom * c->y_per_dot);
    char label[32] = "";
    if (y_dot(c, decade) < bottom + c->up) {
        struct quantity q = quantity(pow(10, decade), "");
        double shown = strtod(q.text, NULL);
        snprintf(label, sizeof label, "%.0f%s", shown, strchr(q.text, ' ') ? strchr(q.text, ' ') : "");
    }
    text_addf(out, "%*s|", PLOT_GUTTER - 1, label);
}

static void add_x_axis(const struct canvas *c, struct text *out)
{
    char *ticks = calloc((size_t)c->columns + 16, 1), *labels = calloc((size_t)c->columns + 16, 1);
    if (!ticks || !labels) {
        out->failed = true;
        free(ticks), free(labels);
        return;
    }
    memset(ticks, '-', (size_t)c->columns);
    memset(labels, ' ', (size_t)c->columns);
    double end = c->x0 + c->columns * c->across * c->x_per_dot;
    for (int decade = (int)ceil(c->x0), free_from = 0; decade < end; decade++) {
        int column = x_dot(c, decade) / c->across;
        char number[16];
        int len = snprintf(number, sizeof number, "%g", pow(10, decade));
        if (column < 0 || column + len > c->columns) continue;
        ticks[column] = '+';
        if (column < free_from) continue;
        memcpy(labels + column, number, (size_t)len);
        free_from = column + len + 1;
    }
    text_addf(out, "%*s+%s\n", PLOT_GUTTER - 1, "", ticks);
    size_t len = (size_t)c->columns;
    while (len && labels[len - 1] == ' ') labels[--len] = '\0';
    text_addf(out, "%*s%s\n", PLOT_GUTTER, "", labels);
    free(ticks);
    free(labels);
}

static void add_legend(const struct plot *p, int n_roofs, int n_points, struct text *out)
{
    for (int i = 0; i < n_roofs; i++) {
        const struct roof *r = &p->roofs[i].roof;
        text_addf(out, "  %d  ", i + 1);
        text_add_safe(out, p->roofs[i].label, 40);
        text_addf(out, ": %s, %s, ridge %.3g FLOP/byte\n",
                  quantity(r->peak, p->roofs[i].unit ? p->roofs[i].unit : "FLOP/s").text,
                  quantity(r->bandwidth, "B/s").text, roof_ridge(r));
    }
    for (int i = 0; i < n_points; i++) {
        text_addf(out, "  %c  ", letter(i));
        text_add_safe(out, p->points[i].label, 40);
        text_addf(out, ": %s at %.3g FLOP/byte\n", quantity(p->points[i].flops_per_s, "FLOP/s").text,
                  p->points[i].intensity);
    }
    if (p->n_roofs > n_roofs || p->n_points > n_points)
        text_addf(out, "  and %d roofs and %d points that are not drawn\n", p->n_roofs - n_roofs,
                  p->n_points - n_points);
}

static bool canvas_init(struct canvas *c, const struct plot *p)
{
    struct range x, y;
    if (!ranges(p, &x, &y)) return false;
    int width = p->width < LEAST_WIDTH ? LEAST_WIDTH : p->width > MOST ? MOST : p->width;
    int height = p->height < LEAST_HEIGHT ? LEAST_HEIGHT : p->height > MOST ? MOST : p->height;
    *c = (struct canvas){.columns = width - PLOT_GUTTER,
                         .rows = height - 3, /* title, axis, its numbers */
                         .across = p->is_utf8 ? 2 : 1,
                         .up = p->is_utf8 ? 4 : 1,
                         .x0 = x.low,
                         .y0 = y.low};
    c->x_per_dot = (x.high - x.low) / (c->columns * c->across);
    c->y_per_dot = (y.high - y.low) / (c->rows * c->up);
    c->dots = calloc((size_t)c->columns, (size_t)c->rows);
    c->marks = calloc((size_t)c->columns, (size_t)c->rows);
    return c->dots && c->marks;
}

void plot_draw(const struct plot *p, struct text *out)
{
    struct plot shown = *p;
    if (shown.n_roofs > PLOT_ROOFS_MAX) shown.n_roofs = PLOT_ROOFS_MAX;
    if (shown.n_points > PLOT_POINTS_MAX) shown.n_points = PLOT_POINTS_MAX;
    struct canvas c = {0};
    if (canvas_init(&c, &shown)) {
        for (int i = 0; i < shown.n_roofs; i++)
            if (is_drawable(p->roofs[i].roof.peak, p->roofs[i].roof.bandwidth)) draw_roof(&c, &p->roofs[i].roof, i);
        for (int i = 0; i < shown.n_points; i++)
            if (is_drawable(p->points[i].intensity, p->points[i].flops_per_s))
                set_mark(&c, x_dot(&c, log10(p->points[i].intensity)), y_dot(&c, log10(p->points[i].flops_per_s)),
                         letter(i));
        text_addf(out, "%*s FLOP/s (OP/s for integers) over FLOP/byte\n", PLOT_GUTTER - 1, "");
        for (int row = 0; row < c.rows; row++) {
            add_gutter(&c, row, out);
            add_row(&c, row, out);
        }
        add_x_axis(&c, out);
    }
    add_legend(p, shown.n_roofs, shown.n_points, out);
    free(c.dots);
    free(c.marks);
}
