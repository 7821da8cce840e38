#include "operators.h"
#include "windows.h"

/* Adds to one output plane what one tap of one input plane gives it. */
static void add_tap(const struct window *w, const struct shape *x, const struct shape *y, const double *image,
                    double weight, int64_t i, int64_t j, double *plane)
{
    int64_t first = 0, end = y->dim[3], shift = j * w->dilation[1] - w->begin[1];
    while (first < end && window_position(w, x, 1, first, j) < 0) first++;
    while (end > first && window_position(w, x, 1, end - 1, j) < 0) end--;
    for (int64_t row = 0; row < y->dim[2]; row++) {
        int64_t from = window_position(w, x, 0, row, i);
        if (from < 0) continue;
        const double *line = image + from * x->dim[3];
        for (int64_t col = first; col < end; col++)
            plane[row * y->dim[3] + col] += weight * line[col * w->stride[1] + shift];
    }
}

const char *reference_conv(const struct node *n, const struct operand *in, double *const *out)
{
    const struct shape *x = in[0].shape, *k = in[1].shape, *y = &n->out[0]->shape;
    struct window w;
    const char *missing = window_of(n, x, &w);
    if (missing) return missing;
    int64_t size_in = x->dim[2] * x->dim[3], size_out = y->dim[2] * y->dim[3];
    int64_t outputs_per_group = y->dim[1] / node_int(n, "group", 1);
    for (int64_t image = 0; image < y->dim[0]; image++)
        for (int64_t o = 0; o < y->dim[1]; o++) {
            double *plane = out[0] + (image * y->dim[1] + o) * size_out;
            for (int64_t p = 0; p < size_out; p++) plane[p] = in[2].shape ? operand_at(&in[2], o) : 0;
            for (int64_t c = 0, at = o * (int64_t)shape_product(k, 1); c < k->dim[1]; c++) {
                int64_t channel = o / outputs_per_group * k->dim[1] + c;
                const double *from = in[0].value + (image * x->dim[1] + channel) * size_in;
                for (int64_t i = 0; i < k->dim[2]; i++)
                    for (int64_t j = 0; j < k->dim[3]; j++)
                        add_tap(&w, x, y, from, operand_at(&in[1], at++), i, j, plane);
            }
        }
    return NULL;
}

/* Y = alpha A' B' + beta C, A' and B' transposed where transA and transB say so; C along the rows or whole. */
const char *reference_gemm(const struct node *n, const struct operand *in, double *const *out)
{
    const struct shape *a = in[0].shape, *b = in[1].shape, *y = &n->out[0]->shape;
    int64_t rows = y->dim[0], cols = y->dim[1], trans_a = node_int(n, "transA", 0), trans_b = node_int(n, "transB", 0);
    int64_t inner = trans_a ? a->dim[0] : a->dim[1];
    double alpha = node_float(n, "alpha", 1), beta = node_float(n, "beta", 1);
    const struct shape *c = in[2].shape;
    if (c && (c->rank < 1 || c->dim[c->rank - 1] != cols || (c->rank == 2 && c->dim[0] != 1 && c->dim[0] != rows)))
        return "only a third matrix with a value for each column";
    for (int64_t row = 0; row < rows; row++)
        for (int64_t col = 0; col < cols; col++) {
            double sum = 0;
            for (int64_t k = 0; k < inner; k++)
                sum += operand_at(&in[0], trans_a ? k * a->dim[1] + row : row * a->dim[1] + k) *
                       operand_at(&in[1], trans_b ? col * b->dim[1] + k : k * b->dim[1] + col);
            bool is_whole = c && c->rank == 2 && c->dim[0] == rows;
            double added = c ? operand_at(&in[2], is_whole ? row * cols + col : col) : 0;
            out[0][row * cols + col] = alpha * sum + beta * added;
        }
    return NULL;
}
