#if defined __x86_64__
#include "machine/chains.h"
#include "machine/x86/kernels.h"

#include <immintrin.h>

#define STEP(acc, a, b) _mm512_dpbusd_epi32(acc, a, b)
CHAIN_KERNEL(avx512_vnni, 16, __m512i, __m512i, "v", _mm512_setzero_si512(), _mm512_loadu_si512, STEP, chains_sum_s32)
#endif
