/* Denormal numbers count as zero while kernels run: on x86 one of them costs a hundred cycles. */
#ifndef ENGINE_CPU_DENORMALS_H
#define ENGINE_CPU_DENORMALS_H
#include <stdint.h>
#if defined __x86_64__
#include <xmmintrin.h>
#endif

/* Sets the mode of this thread; returns the old one for denormals_restore. */
static inline uint64_t denormals_flush(void)
{
#if defined __x86_64__
    unsigned old = _mm_getcsr();
    _mm_setcsr(old | 0x8040u); /* FTZ, DAZ */
    return old;
#elif defined __aarch64__
    uint64_t old;
    __asm__ volatile("mrs %0, fpcr" : "=r"(old));
    __asm__ volatile("msr fpcr, %0" : : "r"(old | (UINT64_C(1) << 24))); /* FZ */
    return old;
#else
    return 0;
#endif
}
static inline void denormals_restore(uint64_t old)
{
#if defined __x86_64__
    _mm_setcsr((unsigned)old);
#elif defined __aarch64__
    __asm__ volatile("msr fpcr, %0" : : "r"(old));
#else
    (void)old;
#endif
}
#endif
