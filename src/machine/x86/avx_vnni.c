#if defined __x86_64__
#include "machine/chains.h"
#include "machine/x86/kernels.h"

#include <immintrin.h>

#define LOAD(p) _mm256_loadu_si256((const __m256i *)(p))
#define STEP(acc, a, b) _mm256_dpbusd_avx_epi32(acc, a, b)
CHAIN_KERNEL(avx_vnni, 12, __m256i, __m256i, "x", _mm256_setzero_si256(), LOAD, STEP, chains_sum_s32)
#endif
