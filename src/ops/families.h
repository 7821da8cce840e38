/* The families of operators, one file each; every array ends with a row without a name. Private to ops/. */
#ifndef OPS_FAMILIES_H
#define OPS_FAMILIES_H
#include "ops/ops.h"

extern const struct op conv_ops[], product_ops[], norm_ops[], elementwise_ops[], softmax_ops[], pool_ops[],
    reduce_ops[], move_ops[], reshape_ops[], shaping_ops[], gather_ops[], resize_ops[], recurrent_ops[], control_ops[],
    sequence_ops[], decided_ops[], signal_ops[], sample_ops[], quantise_ops[], draw_ops[], loss_ops[], einsum_ops[],
    word_ops[], attention_ops[];
#endif
