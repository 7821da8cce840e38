#include "engine/cpu/kernels/kernels.h"

static const char *const names[ISA_N] = {
    [ISA_BEST] = "best", [ISA_PLAIN] = "plain", [ISA_NEON] = "neon", [ISA_AVX2] = "avx2", [ISA_AVX512] = "avx512",
};
const char *isa_name(enum isa i) { return i >= 0 && i < ISA_N ? names[i] : "unknown"; }

#if defined __x86_64__
extern const struct kernels kernels_plain, kernels_avx2, kernels_avx512;
static bool has_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
static bool has_avx512(void) { return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl"); }
static bool has_baseline(void) { return true; }
static const struct {
    enum isa isa;
    bool (*is_here)(void);
    const struct kernels *kernels;
} builds[] = {/* best first */
              {ISA_AVX512, has_avx512, &kernels_avx512},
              {ISA_AVX2, has_avx2, &kernels_avx2},
              {ISA_PLAIN, has_baseline, &kernels_plain}};
#elif defined __aarch64__
extern const struct kernels kernels_neon;
static bool has_baseline(void) { return true; }
static const struct {
    enum isa isa;
    bool (*is_here)(void);
    const struct kernels *kernels;
} builds[] = {{ISA_NEON, has_baseline, &kernels_neon}}; /* NEON is part of the base architecture */
#else
extern const struct kernels kernels_plain;
static bool has_baseline(void) { return true; }
static const struct {
    enum isa isa;
    bool (*is_here)(void);
    const struct kernels *kernels;
} builds[] = {{ISA_PLAIN, has_baseline, &kernels_plain}};
#endif

const struct kernels *kernels_for(enum isa isa)
{
    for (size_t i = 0; i < COUNT_OF(builds); i++)
        if ((isa == ISA_BEST || isa == builds[i].isa) && builds[i].is_here()) return builds[i].kernels;
    return NULL;
}
bool isa_is_here(enum isa i) { return kernels_for(i) != NULL; }
