#include "machine/pipes.h"

#include <string.h>

/* Instructions per cycle: multiply and add (pairs, without fusing), FMA scalar, 128, 256, 512 bits, vpdpbusd 256 and
   512, vdpbf16ps 512, AMX tile product, SVE FMLA. 0: the core has none, or no source says. */
struct core {
    const char *vendor;
    int family, model_first, model_last; /* aarch64: family is not looked at, model is the part number */
    const char *marks; /* words of the CPU's name that must stand there, separated by |; NULL for any */
    const char *name;
    double per_cycle[ISSUE_N];
};
#define AMD_ZEN(name, family, first, last, ...)                          \
    {                                                                    \
        "AuthenticAMD", family, first, last, NULL, name, { __VA_ARGS__ } \
    }
#define INTEL(name, first, last, marks, ...)                         \
    {                                                                \
        "GenuineIntel", 6, first, last, marks, name, { __VA_ARGS__ } \
    }
#define ARM(name, vendor, part, ...)                       \
    {                                                      \
        vendor, 0, part, part, NULL, name, { __VA_ARGS__ } \
    }

/* Sources. AMD: Software Optimization Guides 55723 (17h), 56305 (17h Zen 2), 56665 (19h Zen 3), 57647 (Zen 4), 58455
   (Zen 5): two FMA/multiply and two add pipes each; 512-bit operations pass a 256-bit pipe twice up to Zen 4. Intel: 64
   and IA-32 Architectures Optimization Reference Manual, chapters 2 and 20: FMA on ports 0 and 1, at 512 bits ports 0+1
   fused and, on servers, port 5. Arm: the Software Optimization Guide of each core, "FP multiply accumulate".
   Model numbers: Linux, arch/x86/include/asm/intel-family.h, arch/x86/kernel/cpu/amd.c, arch/arm64/.../cputype.h. */
static const struct core cores[] = {
    /*                          mul+add, scalar, 128, 256, 512, dot256, dot512, bf16, tile */
    AMD_ZEN("Zen", 23, 0x00, 0x2f, 2, 2, 2, 1),
    AMD_ZEN("Zen 2", 23, 0x30, 0xff, 2, 2, 2, 2),
    AMD_ZEN("Zen 3", 25, 0x00, 0x0f, 2, 2, 2, 2),
    AMD_ZEN("Zen 4", 25, 0x10, 0x1f, 2, 2, 2, 2, 1, 2, 1, 1),
    AMD_ZEN("Zen 3", 25, 0x20, 0x5f, 2, 2, 2, 2),
    AMD_ZEN("Zen 4", 25, 0x60, 0x7f, 2, 2, 2, 2, 1, 2, 1, 1),
    AMD_ZEN("Zen 4", 25, 0xa0, 0xaf, 2, 2, 2, 2, 1, 2, 1, 1),
    AMD_ZEN("Zen 5", 26, 0x00, 0x1f, 2, 2, 2, 2, 2, 2, 2),
    AMD_ZEN("Zen 5", 26, 0x40, 0x4f, 2, 2, 2, 2, 2, 2, 2),
    INTEL("Haswell", 0x3c, 0x3c, NULL, 1, 2, 2, 2),
    INTEL("Haswell", 0x3f, 0x3f, NULL, 1, 2, 2, 2),
    INTEL("Broadwell", 0x4f, 0x4f, NULL, 1, 2, 2, 2),
    INTEL("Skylake", 0x4e, 0x4e, NULL, 1, 2, 2, 2),
    INTEL("Skylake", 0x5e, 0x5e, NULL, 1, 2, 2, 2),
    INTEL("Skylake-SP", 0x55, 0x55, "Platinum|Gold 6|Gold 5122|W-21|W-22|W-3", 1, 2, 2, 2, 2, 0, 2),
    INTEL("Skylake-SP", 0x55, 0x55, NULL, 1, 2, 2, 2),
    INTEL("Ice Lake-SP", 0x6a, 0x6c, NULL, 1, 2, 2, 2, 2, 0, 2),
    INTEL("Ice Lake", 0x7d, 0x7e, NULL, 1, 2, 2, 2, 1, 0, 1),
    INTEL("Tiger Lake", 0x8c, 0x8d, NULL, 1, 2, 2, 2, 1, 0, 1),
    INTEL("Coffee Lake", 0x8e, 0x8e, NULL, 1, 2, 2, 2),
    INTEL("Sapphire Rapids", 0x8f, 0x8f, NULL, 1.5, 2, 2, 2, 2, 2, 2, 0, 1. / 16),
    INTEL("Coffee Lake", 0x9e, 0x9e, NULL, 1, 2, 2, 2),
    INTEL("Comet Lake", 0xa5, 0xa6, NULL, 1, 2, 2, 2),
    INTEL("Rocket Lake", 0xa7, 0xa7, NULL, 1, 2, 2, 2, 1, 0, 1),
    INTEL("Granite Rapids", 0xad, 0xae, NULL, 1.5, 2, 2, 2, 2, 2, 2, 0, 1. / 16),
    INTEL("Emerald Rapids", 0xcf, 0xcf, NULL, 1.5, 2, 2, 2, 2, 2, 2, 0, 1. / 16),
    ARM("Cortex-A76", "ARM", 0xd0b, 0, 2, 2),
    ARM("Neoverse N1", "ARM", 0xd0c, 0, 2, 2),
    ARM("Neoverse V1", "ARM", 0xd40, 0, 4, 4, [ISSUE_SVE] = 2),
    ARM("Neoverse N2", "ARM", 0xd49, 0, 2, 2, [ISSUE_SVE] = 2),
    ARM("Neoverse V2", "ARM", 0xd4f, 0, 4, 4, [ISSUE_SVE] = 4),
    ARM("A64FX", "Fujitsu", 0x001, 0, 2, 2, [ISSUE_SVE] = 2),
};

static bool has_a_mark(const char *cpu, const char *marks)
{
    while (*marks) {
        char mark[32];
        size_t n = strcspn(marks, "|");
        memcpy(mark, marks, n);
        mark[n] = '\0';
        if (strstr(cpu, mark)) return true;
        marks += n + (marks[n] == '|');
    }
    return false;
}

static const struct core *core_of(const struct topology *t)
{
    for (size_t i = 0; i < COUNT_OF(cores); i++) {
        const struct core *c = &cores[i];
        if (strcmp(c->vendor, t->vendor) || (c->family && c->family != t->family)) continue;
        if (t->model < c->model_first || t->model > c->model_last) continue;
        if (!c->marks || has_a_mark(t->cpu, c->marks)) return c;
    }
    return NULL;
}

const char *pipes_core_name(const struct topology *t)
{
    const struct core *c = core_of(t);
    return c ? c->name : "";
}

double pipes_per_cycle(const struct topology *t, enum issue issue)
{
    const struct core *c = core_of(t);
    return c ? c->per_cycle[issue] : 0;
}

double pipes_flops_per_cycle(const struct topology *t, const struct flop_kernel *k)
{
    return pipes_per_cycle(t, k->issue) * 2 * flop_kernel_macs(k) / k->instructions;
}
