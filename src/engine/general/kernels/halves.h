/* Rows of reals of 16 bits into floats and back, nearest, ties to even: without branches, so that they become vectors.
 */
#ifndef ENGINE_GENERAL_KERNELS_HALVES_H
#define ENGINE_GENERAL_KERNELS_HALVES_H
#include <stdint.h>

typedef void halves_row(const void *from, void *to, int64_t n);
halves_row halves_to_floats, halves_from_floats, bfloats_to_floats, bfloats_from_floats;
#endif
