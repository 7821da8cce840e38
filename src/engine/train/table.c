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

long depthwise_padded(const struct depthwise_back *d, int vl)
{
    enum { SMALL = 32 };
    long height = (long)(d->out_height - 1) * d->stride[0] + (long)(d->kernel[0] - 1) * d->dilation[0] + 1;
    long width = (long)(d->out_width - 1) * d->stride[1] + (long)(d->kernel[1] - 1) * d->dilation[1] + 1;
    return d->out_width <= SMALL && d->out_height <= SMALL ? height * width * vl : 0;
}
