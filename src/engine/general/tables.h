/* Every file of kernels: its table here, once declared and once listed. */
#ifndef ENGINE_GENERAL_TABLES_H
#define ENGINE_GENERAL_TABLES_H
#include "engine/general/kernel.h"

extern const struct kernel kernels_identity[], kernels_control[], kernels_scan[], kernels_sequence[], kernels_binary[],
    kernels_cast[], kernels_concat[], kernels_extreme[], kernels_gather[], kernels_make[], kernels_pad[],
    kernels_power[], kernels_reduce[], kernels_scatter[], kernels_slice[], kernels_topk[], kernels_transpose[],
    kernels_unary[], kernels_variadic[], kernels_views[], kernels_where[], kernels_choose[], kernels_cumsum[],
    kernels_dropout[], kernels_quantize[], kernels_random[], kernels_space[], kernels_text[];
#define KERNEL_TABLES                                                                                                  \
    kernels_identity, kernels_control, kernels_scan, kernels_sequence, kernels_binary, kernels_cast, kernels_concat,   \
        kernels_extreme, kernels_gather, kernels_make, kernels_pad, kernels_power, kernels_reduce, kernels_scatter,    \
        kernels_slice, kernels_topk, kernels_transpose, kernels_unary, kernels_variadic, kernels_views, kernels_where, \
        kernels_choose, kernels_cumsum, kernels_dropout, kernels_quantize, kernels_random, kernels_space, kernels_text
#endif
