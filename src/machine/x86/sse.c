#if defined __x86_64__
#include "machine/chains.h"
#include "machine/streams.h"
#include "machine/x86/kernels.h"

#include <emmintrin.h>

/* Written out: left alone, compilers add the accumulator to the product and spill what they must rename. */
#define STEP(function, vector, multiply, add)                                        \
    static inline vector function(vector acc, vector a, vector b)                    \
    {                                                                                \
        __asm__(multiply " %2, %1\n\t" add " %1, %0" : "+x"(acc), "+x"(a) : "x"(b)); \
        return acc;                                                                  \
    }
STEP(vector_f32, __m128, "mulps", "addps")
STEP(vector_f64, __m128d, "mulpd", "addpd")
STEP(one_f32, float, "mulss", "addss")
STEP(one_f64, double, "mulsd", "addsd")

#define LOAD_F64(p) _mm_loadu_pd((const double *)(p))
#define SCALAR_F32(p) (*(const float *)(p))
#define SCALAR_F64(p) (*(const double *)(p))
CHAIN_KERNEL(sse_f32, 12, __m128, __m128, "x", _mm_setzero_ps(), _mm_loadu_ps, vector_f32, chains_sum_f32)
CHAIN_KERNEL(sse_f64, 12, __m128d, __m128d, "x", _mm_setzero_pd(), LOAD_F64, vector_f64, chains_sum_f64)
CHAIN_KERNEL(scalar_f32, 12, float, float, "x", 0, SCALAR_F32, one_f32, chains_sum_f32)
CHAIN_KERNEL(scalar_f64, 12, double, double, "x", 0, SCALAR_F64, one_f64, chains_sum_f64)

#define ONE _mm_set1_ps(1)
#define LOAD(p) _mm_load_ps((const float *)(p))
#define STORE(p, v) _mm_store_ps((float *)(p), v)
#define PUSH(p, v) _mm_stream_ps((float *)(p), v)
#define TRIAD(b, c) _mm_add_ps(b, _mm_mul_ps(_mm_set1_ps(3), c))
STREAM_KERNELS(sse_streams, __m128, "x", LOAD, STORE, PUSH, _mm_sfence(), TRIAD);
#endif
