#include "graph/sparse.h"

bool sparse_fits(const struct shape *dense, const struct shape *indices, int64_t n_values)
{
    bool is_list = indices->rank == 1, is_table = indices->rank == 2 && indices->dim[1] == dense->rank;
    return (is_list || is_table) && indices->dim[0] == n_values;
}

int64_t sparse_place(const struct shape *dense, int indices_rank, const int64_t *indices, int64_t i)
{
    int64_t place = 0, most = shape_product(dense, 0);
    if (indices_rank == 1) return indices[i] >= 0 && indices[i] < most ? indices[i] : -1;
    for (int k = 0; k < dense->rank; k++) {
        int64_t coordinate = indices[i * dense->rank + k];
        if (coordinate < 0 || coordinate >= dense->dim[k]) return -1;
        place = place * dense->dim[k] + coordinate;
    }
    return place;
}
