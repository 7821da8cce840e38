#if defined __x86_64__
#include "machine/isa.h"

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { EAX, EBX, ECX, EDX };
/* Bits of XCR0: the registers that the system saves. */
enum { SAVES_YMM = 0x6, SAVES_ZMM = 0xe6, SAVES_TILES = 0x60006 };

/* [Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2A, CPUID] */
static const struct {
    enum isa isa;
    unsigned leaf, subleaf;
    int reg, bit;
    uint64_t saves;
} bits[] = {
    {ISA_SSE2, 1, 0, EDX, 26, 0},
    {ISA_AVX, 1, 0, ECX, 28, SAVES_YMM},
    {ISA_FMA, 1, 0, ECX, 12, SAVES_YMM},
    {ISA_AVX2, 7, 0, EBX, 5, SAVES_YMM},
    {ISA_AVX512F, 7, 0, EBX, 16, SAVES_ZMM},
    {ISA_AVX512BW, 7, 0, EBX, 30, SAVES_ZMM},
    {ISA_AVX512VL, 7, 0, EBX, 31, SAVES_ZMM},
    {ISA_AVX512_VNNI, 7, 0, ECX, 11, SAVES_ZMM},
    {ISA_AVX512_BF16, 7, 1, EAX, 5, SAVES_ZMM},
    {ISA_AVX_VNNI, 7, 1, EAX, 4, SAVES_YMM},
    {ISA_AMX_TILE, 7, 0, EDX, 24, SAVES_TILES},
    {ISA_AMX_BF16, 7, 0, EDX, 22, SAVES_TILES},
    {ISA_AMX_INT8, 7, 0, EDX, 25, SAVES_TILES},
};

static uint64_t saved_registers(void)
{
    unsigned a, b, c, d, low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) return 0; /* OSXSAVE */
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

/* Linux grants the 8 KiB of tile registers on request [Documentation/arch/x86/xstate.rst]. */
static int may_use_tiles(void)
{
    enum { ARCH_REQUEST_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    return syscall(SYS_arch_prctl, ARCH_REQUEST_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

uint32_t isa_read(void)
{
    const uint32_t amx = ISA_BIT(AMX_TILE) | ISA_BIT(AMX_BF16) | ISA_BIT(AMX_INT8);
    uint64_t saved = saved_registers();
    uint32_t set = 0;
    for (unsigned i = 0; i < sizeof bits / sizeof *bits; i++) {
        unsigned reg[4] = {0};
        if (!__get_cpuid_count(bits[i].leaf, bits[i].subleaf, &reg[EAX], &reg[EBX], &reg[ECX], &reg[EDX])) continue;
        if (reg[bits[i].reg] >> bits[i].bit & 1 && (saved & bits[i].saves) == bits[i].saves)
            set |= (uint32_t)1 << bits[i].isa;
    }
    if (set & amx && !may_use_tiles()) set &= ~amx;
    return set;
}
#endif
