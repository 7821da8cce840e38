/* Instruction sets that matter for multiply-adds, asked of the CPU and of the system that must save their registers. */
#ifndef MACHINE_ISA_H
#define MACHINE_ISA_H
#include <stddef.h>
#include <stdint.h>

#define ISAS(X) /* enumerator, name as /proc/cpuinfo has it */ \
    X(SSE2, "sse2")                                            \
    X(AVX, "avx")                                              \
    X(FMA, "fma")                                              \
    X(AVX2, "avx2")                                            \
    X(AVX512F, "avx512f")                                      \
    X(AVX512BW, "avx512bw")                                    \
    X(AVX512VL, "avx512vl")                                    \
    X(AVX512_VNNI, "avx512_vnni")                              \
    X(AVX512_BF16, "avx512_bf16")                              \
    X(AVX_VNNI, "avx_vnni")                                    \
    X(AMX_TILE, "amx_tile")                                    \
    X(AMX_BF16, "amx_bf16")                                    \
    X(AMX_INT8, "amx_int8")                                    \
    X(NEON, "asimd")                                           \
    X(DOTPROD, "asimddp") X(BF16, "bf16") X(I8MM, "i8mm") X(SVE, "sve") X(SVE_BF16, "svebf16") X(SVE_I8MM, "svei8mm")
#define ISA_ENUM(name, text) ISA_##name,
enum isa { ISAS(ISA_ENUM) ISA_N };
#define ISA_BIT(name) ((uint32_t)1 << ISA_##name)

/* Those that this process may use, as bits. AMX is there only after the kernel has granted its registers. */
uint32_t isa_read(void);
/* "sse2 avx ..." */
void isa_text(uint32_t set, char *out, size_t room);
#endif
