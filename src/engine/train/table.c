#include "engine/train/kernels/train_kernels.h"

/* Best first. */
#if defined __x86_64__
extern const struct train_kernels train_kernels_plain, train_kernels_avx2, train_kernels_avx512;
static const struct train_kernels *const builds[] = {&train_kernels_avx512, &train_kernels_avx2, &train_kernels_plain};
#elif defined __aarch64__
extern const struct train_kernels train_kernels_neon;
static const struct train_kernels *const builds[] = {&train_kernels_neon};
#else
extern const struct train_kernels train_kernels_plain;
static const struct train_kernels *const builds[] = {&train_kernels_plain};
#endif

const struct train_kernels *train_kernels_for(enum isa isa)
{
    for (size_t i = 0; i < COUNT_OF(builds); i++)
        if ((isa == ISA_BEST || isa == builds[i]->isa) && isa_is_here(builds[i]->isa)) return builds[i];
    return NULL;
}
