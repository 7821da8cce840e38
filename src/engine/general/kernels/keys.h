/* Keys: 64 bits without sign whose order is that of the values, whatever their type; NaNs are greatest, -0 is 0. */
#ifndef ENGINE_GENERAL_KERNELS_KEYS_H
#define ENGINE_GENERAL_KERNELS_KEYS_H
#include "engine/general/kernel.h"

/* n keys of every step-th element from `first` on. */
void keys_read(const struct value *v, int64_t first, int64_t n, int64_t step, uint64_t *key);
#endif
