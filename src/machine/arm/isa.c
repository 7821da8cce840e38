#if defined __aarch64__
#include "machine/isa.h"

#include <sys/auxv.h>

/* Bits of AT_HWCAP and AT_HWCAP2 [Linux, Documentation/arch/arm64/elf_hwcaps.rst]. */
static const struct {
    enum isa isa;
    unsigned long type;
    int bit;
} bits[] = {
    {ISA_NEON, AT_HWCAP, 1}, {ISA_DOTPROD, AT_HWCAP, 20},   {ISA_BF16, AT_HWCAP2, 14},    {ISA_I8MM, AT_HWCAP2, 13},
    {ISA_SVE, AT_HWCAP, 22}, {ISA_SVE_BF16, AT_HWCAP2, 12}, {ISA_SVE_I8MM, AT_HWCAP2, 9},
};

uint32_t isa_read(void)
{
    uint32_t set = 0;
    for (unsigned i = 0; i < sizeof bits / sizeof *bits; i++)
        if (getauxval(bits[i].type) >> bits[i].bit & 1) set |= (uint32_t)1 << bits[i].isa;
    return set;
}
#endif
