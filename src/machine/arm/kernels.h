/* The kernels of aarch64, one file per instruction set, each compiled with its own flags. */
#ifndef MACHINE_ARM_KERNELS_H
#define MACHINE_ARM_KERNELS_H
#include "machine/kernels.h"

typedef double chain_function(int64_t n, const void *a, const void *b);
chain_function scalar_f32, scalar_f64, neon_f32, neon_f64, neon_bf16, neon_dot, neon_i8mm;
chain_function sve_f32, sve_f64, sve_s8;
/* Multiply-accumulates of one iteration, by the vector length of this machine. */
int sve_f32_macs(void), sve_f64_macs(void), sve_s8_macs(void);
extern const struct stream_kernel neon_streams[];
#endif
