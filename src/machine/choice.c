#include "machine/choice.h"

#include <string.h>

const struct flop_kernel *choice_fp32(uint32_t isas)
{
    const struct flop_kernel *best = NULL;
    for (int i = 0; i < n_flop_kernels; i++) { /* the table ascends */
        const struct flop_kernel *k = &flop_kernels[i];
        if (k->dtype == DTYPE_F32 && (k->needs & isas) == k->needs) best = k;
    }
    return best;
}

const struct stream_set *choice_streams(uint32_t isas)
{
    for (int i = 0; i < n_stream_sets; i++)
        if ((stream_sets[i].needs & isas) == stream_sets[i].needs) return &stream_sets[i];
    return NULL;
}

const struct stream_kernel *choice_stream(const struct stream_set *set, const char *what)
{
    for (int i = 0; i < STREAM_KERNELS_N; i++)
        if (!strcmp(set->kernels[i].what, what)) return &set->kernels[i];
    return NULL;
}
