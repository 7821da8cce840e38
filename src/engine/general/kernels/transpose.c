/* Transpose: where the innermost axis stays, rows are copied; else two axes change places in tiles that fit the first
   cache, of which eight by eight floats pass through registers. */
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/move.h"

enum { TILE_ROWS = 64, TILE_COLUMNS = 256, SQUARE = 8 };

/* out[r * to_step + k] = in[k * from_step + r], in elements */
struct tile {
    char *to;
    const char *from;
    int64_t to_step, from_step, rows, columns;
};

#if defined __has_builtin
#if __has_builtin(__builtin_shufflevector)
#define HAS_SHUFFLES
#endif
#endif
#ifdef HAS_SHUFFLES
/* Rows of eight, whatever their bits. Pairs of rows are mixed three times: neighbours, then pairs, then fours. */
#define MIX(a, b, i, j, k, l, m, n, o, p) __builtin_shufflevector(a, b, i, j, k, l, m, n, o, p)
#define FLIP_SQUARE(bits)                                                                                         \
    typedef uint##bits##_t row_##bits __attribute__((vector_size(bits), aligned(bits / 8), may_alias));           \
    HOT static void square_##bits(const uint##bits##_t *x, int64_t from_step, uint##bits##_t *y, int64_t to_step) \
    {                                                                                                             \
        row_##bits a[SQUARE], b[SQUARE];                                                                          \
        for (int i = 0; i < SQUARE; i++) a[i] = *(const row_##bits *)(const void *)(x + i * from_step);           \
        for (int i = 0; i < SQUARE; i += 2) {                                                                     \
            b[i] = MIX(a[i], a[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);                                                \
            b[i + 1] = MIX(a[i], a[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);                                            \
        }                                                                                                         \
        for (int i = 0; i < SQUARE; i += 4)                                                                       \
            for (int j = i; j < i + 2; j++) {                                                                     \
                a[j] = MIX(b[j], b[j + 2], 0, 1, 8, 9, 4, 5, 12, 13);                                             \
                a[j + 2] = MIX(b[j], b[j + 2], 2, 3, 10, 11, 6, 7, 14, 15);                                       \
            }                                                                                                     \
        for (int i = 0; i < SQUARE / 2; i++) {                                                                    \
            *(row_##bits *)(void *)(y + i * to_step) = MIX(a[i], a[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);             \
            *(row_##bits *)(void *)(y + (i + 4) * to_step) = MIX(a[i], a[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);     \
        }                                                                                                         \
    }
#else
#define FLIP_SQUARE(bits)                                                                                     \
    static void square_##bits(const uint##bits##_t *x, int64_t from_step, uint##bits##_t *y, int64_t to_step) \
    {                                                                                                         \
        for (int i = 0; i < SQUARE; i++)                                                                      \
            for (int j = 0; j < SQUARE; j++) y[i * to_step + j] = x[j * from_step + i];                       \
    }
#endif

#define FLIP(bits)                                                                                         \
    FLIP_SQUARE(bits)                                                                                      \
    static void flip_##bits(const struct tile *t)                                                          \
    {                                                                                                      \
        uint##bits##_t *y = (uint##bits##_t *)(void *)t->to;                                               \
        const uint##bits##_t *x = (const uint##bits##_t *)(const void *)t->from;                           \
        int64_t rows = t->rows / SQUARE * SQUARE, columns = t->columns / SQUARE * SQUARE;                  \
        for (int64_t r = 0; r < rows; r += SQUARE)                                                         \
            for (int64_t k = 0; k < columns; k += SQUARE)                                                  \
                square_##bits(x + k * t->from_step + r, t->from_step, y + r * t->to_step + k, t->to_step); \
        for (int64_t r = 0; r < t->rows; r++)                                                              \
            for (int64_t k = r < rows ? columns : 0; k < t->columns; k++)                                  \
                y[r * t->to_step + k] = x[k * t->from_step + r];                                           \
    }
FLIP(8)
FLIP(16)
FLIP(32)
FLIP(64)

static void flip(const struct tile *t, size_t bytes)
{
    (bytes == 1 ? flip_8 : bytes == 2 ? flip_16 : bytes == 4 ? flip_32 : flip_64)(t);
}

struct flips { /* all of them: tiles of two axes, in each place of the others */
    struct tile whole;
    int64_t row_tiles, column_tiles;
    size_t bytes;
    struct walk others; /* operand 0 is the input, 1 the output */
};

static void flip_work(void *arg, int64_t first, int64_t end)
{
    const struct flips *f = arg;
    const int64_t bytes = (int64_t)f->bytes;
    for (int64_t at = first; at < end; at++) {
        int64_t column = at % f->column_tiles * TILE_COLUMNS, rest = at / f->column_tiles;
        int64_t row = rest % f->row_tiles * TILE_ROWS, other = rest / f->row_tiles;
        int64_t from = column * f->whole.from_step + row, to = row * f->whole.to_step + column;
        for (int i = f->others.rank - 1; i >= 0; i--) {
            int64_t index = other % f->others.dim[i];
            other /= f->others.dim[i];
            from += index * f->others.stride[0][i];
            to += index * f->others.stride[1][i];
        }
        struct tile t = f->whole;
        t.from += from * bytes;
        t.to += to * bytes;
        t.rows = t.rows - row < TILE_ROWS ? t.rows - row : TILE_ROWS;
        t.columns = t.columns - column < TILE_COLUMNS ? t.columns - column : TILE_COLUMNS;
        flip(&t, f->bytes);
    }
}

/* Axis j of the walk is the input's innermost, the last is the output's. */
static void flip_all(struct call *c, const struct walk *w, int j, const struct value *x, struct value *y)
{
    struct flips f = {.bytes = value_element_bytes(x->dtype), .others = {.operands = 2}};
    int last = w->rank - 1;
    int64_t stride = 1, tiles = 1;
    f.whole = (struct tile){.to = y->data, .from = x->data, .rows = w->dim[j], .columns = w->dim[last]};
    f.whole.from_step = w->stride[0][last];
    for (int i = last; i >= 0; i--) {
        if (i == j) f.whole.to_step = stride;
        if (i != j && i != last) {
            int at = f.others.rank++;
            f.others.dim[at] = w->dim[i];
            f.others.stride[0][at] = w->stride[0][i];
            f.others.stride[1][at] = stride;
            tiles *= w->dim[i];
        }
        stride *= w->dim[i];
    }
    f.row_tiles = (f.whole.rows + TILE_ROWS - 1) / TILE_ROWS;
    f.column_tiles = (f.whole.columns + TILE_COLUMNS - 1) / TILE_COLUMNS;
    call_parallel(c, tiles * f.row_tiles * f.column_tiles, 2, flip_work, &f);
}

static gable_status read_order(struct call *c, int rank, int *order)
{
    int64_t listed[SHAPE_RANK_MAX];
    bool is_taken[SHAPE_RANK_MAX] = {false};
    int n = -1;
    gable_status s = operand_ints(c, "perm", c->n_in, SHAPE_RANK_MAX, listed, &n);
    if (!s && n >= 0 && n != rank) s = call_refuse(c, "perm lists %d axes, the input has %d", n, rank);
    for (int i = 0; i < rank && !s; i++) {
        int axis = rank - 1 - i;
        if (n >= 0 && (!call_axis(listed[i], rank, &axis) || is_taken[axis]))
            s = call_refuse(c, "perm is no order of %d axes", rank);
        if (s) break;
        is_taken[axis] = true;
        order[i] = axis;
    }
    return s;
}

gable_status move_transposed(struct call *c, const struct value *x, const int *order, struct value *out)
{
    int64_t stride[SHAPE_RANK_MAX] = {0}, step = 1;
    struct walk w = {.operands = 1, .rank = x->rank};
    for (int i = x->rank - 1; i >= 0; i--) {
        stride[i] = step;
        step *= x->dim[i];
    }
    for (int i = 0; i < x->rank; i++) {
        w.dim[i] = x->dim[order[i]];
        w.stride[0][i] = stride[order[i]];
    }
    walk_merge(&w);
    for (int j = 0; j < w.rank - 1; j++)
        if (w.stride[0][j] == 1) {
            flip_all(c, &w, j, x, out);
            return operand_own(c, out);
        }
    return move_walk(c, &w, x, out);
}

static gable_status run_transpose(struct call *c)
{
    const struct value *x = c->in[0];
    int order[SHAPE_RANK_MAX];
    int64_t dim[SHAPE_RANK_MAX];
    gable_status s = read_order(c, x->rank, order);
    for (int i = 0; i < x->rank && !s; i++) dim[i] = x->dim[order[i]];
    if (!s) s = call_make(c, 0, x->dtype, x->rank, dim);
    return s || x->n == 0 ? s : move_transposed(c, x, order, c->out[0]);
}

const struct kernel kernels_transpose[] = {{.op = "Transpose", .domain = "", .run = run_transpose}, {0}};
