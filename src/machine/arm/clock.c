#if defined __aarch64__
#include "machine/kernels.h"

int64_t clock_chain(int64_t n)
{
    enum { LINKS = 64 };
    uint64_t x = 1, y = 3;
    int64_t rounds = (n + LINKS - 1) / LINKS;
    for (int64_t r = 0; r < rounds; r++) __asm__ volatile(".rept 64\n\tadd %0, %0, %1\n\t.endr" : "+r"(x) : "r"(y));
    return rounds * LINKS;
}
#endif
