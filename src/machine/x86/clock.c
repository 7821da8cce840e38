#if defined __x86_64__
#include "machine/kernels.h"

/* Register plus register: additions of constants are folded at renaming by Golden Cove and later. */
int64_t clock_chain(int64_t n)
{
    enum { LINKS = 64 };
    uint64_t x = 1, y = 3;
    int64_t rounds = (n + LINKS - 1) / LINKS;
    for (int64_t r = 0; r < rounds; r++) __asm__ volatile(".rept 64\n\tadd %1, %0\n\t.endr" : "+r"(x) : "r"(y) : "cc");
    return rounds * LINKS;
}
#endif
