/* The kernels of aarch64 under an emulator: with operands of one, a kernel's result is the number of its
   multiply-accumulates; streams do what they are called. No test library: it runs where none is installed. */
#include "machine/kernels.h"

#include <stdio.h>
#include <string.h>

static void ones(enum dtype d, unsigned char *out)
{
    static const unsigned char f64[8] = {[6] = 0xf0, [7] = 0x3f}, f32[4] = {[2] = 0x80, [3] = 0x3f},
                               bf16[2] = {0x80, 0x3f}, s8[1] = {1};
    const unsigned char *one = d == DTYPE_F64 ? f64 : d == DTYPE_F32 ? f32 : d == DTYPE_BF16 ? bf16 : s8;
    int n = d == DTYPE_F64 ? 8 : d == DTYPE_F32 ? 4 : d == DTYPE_BF16 ? 2 : 1;
    for (int i = 0; i < 64; i++) out[i] = one[i % n];
}

static int check_flops(const struct flop_kernel *k)
{
    enum { ITERATIONS = 500 };
    _Alignas(64) unsigned char a[64];
    ones(k->dtype, a);
    double got = k->run(ITERATIONS, a, a), expected = (double)ITERATIONS * flop_kernel_macs(k);
    if (got != expected) printf("%s %s, type %d: %g of %g\n", k->level, k->isa, (int)k->dtype, got, expected);
    return got != expected;
}

static int check_stream(const struct stream_kernel *k)
{
    enum { FLOATS = 2 * STREAM_GRAIN / 4, MARGIN = 16 };
    _Alignas(64) float a[FLOATS + MARGIN], b[FLOATS], c[FLOATS];
    int wrong = 0;
    for (int i = 0; i < FLOATS + MARGIN; i++) a[i] = (float)i;
    for (int i = 0; i < FLOATS; i++) b[i] = (float)(2 * i), c[i] = (float)(5 - i);
    k->run(2, (char *)a, (const char *)b, (const char *)c, FLOATS * 4);
    for (int i = 0; i < FLOATS + MARGIN; i++) {
        float expected = (float)i;
        if (i < FLOATS && !strncmp(k->what, "write", 5)) expected = 1;
        if (i < FLOATS && !strncmp(k->what, "copy", 4)) expected = b[i];
        if (i < FLOATS && !strncmp(k->what, "triad", 5)) expected = b[i] + 3 * c[i];
        wrong += a[i] != expected;
    }
    if (wrong) printf("%s: %d of %d wrong\n", k->what, wrong, FLOATS + MARGIN);
    return wrong != 0;
}

int main(void)
{
    uint32_t isas = isa_read();
    char names[256];
    int faults = 0, checked = 0;
    isa_text(isas, names, sizeof names);
    printf("%s\n", names);
    for (int i = 0; i < n_flop_kernels; i++) {
        if ((flop_kernels[i].needs & isas) != flop_kernels[i].needs) continue;
        faults += check_flops(&flop_kernels[i]);
        checked++;
    }
    for (int i = 0; i < STREAM_KERNELS_N; i++) faults += check_stream(&stream_sets[0].kernels[i]);
    if (clock_chain(1000) < 1000) faults++;
    printf("%d kernels, %d faults\n", checked, faults);
    return faults || checked < 4;
}
