#if defined __x86_64__
#include "machine/chains.h"
#include "machine/streams.h"
#include "machine/x86/kernels.h"

#include <immintrin.h>

#define STEP_F32(acc, a, b) _mm512_fmadd_ps(a, b, acc)
#define STEP_F64(acc, a, b) _mm512_fmadd_pd(a, b, acc)
CHAIN_KERNEL(avx512_f32, 16, __m512, __m512, "v", _mm512_setzero_ps(), _mm512_loadu_ps, STEP_F32, chains_sum_f32)
CHAIN_KERNEL(avx512_f64, 16, __m512d, __m512d, "v", _mm512_setzero_pd(), _mm512_loadu_pd, STEP_F64, chains_sum_f64)

#define ONE _mm512_set1_ps(1)
#define LOAD(p) _mm512_load_ps((const void *)(p))
#define STORE(p, v) _mm512_store_ps((void *)(p), v)
#define PUSH(p, v) _mm512_stream_ps((void *)(p), v)
#define TRIAD(b, c) _mm512_fmadd_ps(_mm512_set1_ps(3), c, b)
STREAM_KERNELS(avx512_streams, __m512, "v", LOAD, STORE, PUSH, _mm_sfence(), TRIAD);
#endif
