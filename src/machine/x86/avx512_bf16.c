#if defined __x86_64__
#include "machine/chains.h"
#include "machine/x86/kernels.h"

#include <immintrin.h>

#define LOAD(p) ((__m512bh)_mm512_loadu_si512(p))
#define STEP(acc, a, b) _mm512_dpbf16_ps(acc, a, b)
CHAIN_KERNEL(avx512_bf16, 24, __m512, __m512bh, "v", _mm512_setzero_ps(), LOAD, STEP, chains_sum_f32)
#endif
