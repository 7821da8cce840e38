#include "cli/skyline.h"

enum { EIGHTHS = 8 };

/* Value k stands in column k * columns / n. */
static int column_of(const struct skyline *s, int columns, int k) { return (int)((int64_t)k * columns / s->n); }

static count largest(const struct skyline *s, int columns, int column)
{
    count most = 0;
    int first = (int)(((int64_t)column * s->n + columns - 1) / columns);
    for (int k = first; k < s->n && column_of(s, columns, k) == column; k++)
        if (s->values[k] > most) most = s->values[k];
    return most < s->most ? most : s->most;
}

/* Eighths of a character in one row, of a value; a value that is not zero shows at the bottom. */
static int eighths(const struct skyline *s, count value, int row)
{
    double full = s->most > 0 ? (double)value / (double)s->most * s->height * EIGHTHS : 0;
    int filled = (int)(full + 0.5) - row * EIGHTHS;
    if (row == 0 && value > 0 && filled < 1) filled = 1;
    return filled < 0 ? 0 : filled > EIGHTHS ? EIGHTHS : filled;
}

void skyline_draw(const struct skyline *s, struct text *out)
{
    static const char *const blocks[EIGHTHS + 1] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const ascii[EIGHTHS + 1] = {" ", ".", ".", ".", ":", ":", ":", "#", "#"};
    int columns = s->n < s->width ? s->n : s->width;
    if (columns < 1) return;
    for (int row = s->height - 1; row >= 0; row--) {
        for (int c = 0; c < columns; c++)
            text_add(out, (s->is_utf8 ? blocks : ascii)[eighths(s, largest(s, columns, c), row)]);
        text_add(out, "\n");
    }
    for (int c = column_of(s, columns, s->mark); c > 0; c--) text_add(out, " ");
    text_add(out, "^\n");
}
