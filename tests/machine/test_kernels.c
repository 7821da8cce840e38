/* What a kernel says that it executes is what it executes: by its result, and by its machine code. */
#include "check.h"
#include "machine/choice.h"
#include "machine/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* 64 bytes of ones in a kernel's operand type. */
static void ones(enum dtype d, void *out)
{
    for (int i = 0; i < 64; i++) {
        if (d == DTYPE_F64 && i % 8 == 0) ((double *)out)[i / 8] = 1;
        if (d == DTYPE_F32 && i % 4 == 0) ((float *)out)[i / 4] = 1;
        if (d == DTYPE_BF16 && i % 2 == 0) ((uint16_t *)out)[i / 2] = 0x3f80;
        if (d == DTYPE_S8) ((int8_t *)out)[i] = 1;
    }
}

/* Every lane starts at 0 and gains 1 x 1 per multiply-accumulate, exactly while below 2^24: the sum over all lanes is
   the number of multiply-accumulates done. */
static void results_count_the_multiply_accumulates(void **state)
{
    (void)state;
    uint32_t isas = isa_read();
    int seen = 0;
    for (int i = 0; i < n_flop_kernels; i++) {
        const struct flop_kernel *k = &flop_kernels[i];
        _Alignas(64) unsigned char a[64];
        if ((k->needs & isas) != k->needs) continue;
        ones(k->dtype, a);
        for (int64_t n = 0; n <= 1000; n += 500) {
            double sum = k->run(n, a, a);
            if (sum != (double)n * flop_kernel_macs(k))
                fail_msg("%s %s: %g of %g", k->isa, dtype_name(k->dtype), sum, (double)n * flop_kernel_macs(k));
        }
        seen++;
    }
    assert_true(seen >= 2);
    assert_non_null(choice_fp32(isas));
}

/* The stream that a name promises, in its own words. */
static float expected(const char *what, float a, float b, float c)
{
    if (!strncmp(what, "write", 5)) return 1;
    if (!strncmp(what, "copy", 4)) return b;
    if (!strncmp(what, "triad", 5)) return b + 3 * c;
    return a; /* read */
}

static void streams_do_what_they_are_called(void **state)
{
    (void)state;
    enum { FLOATS = 2 * STREAM_GRAIN / 4, MARGIN = 16 };
    uint32_t isas = isa_read();
    for (int s = 0; s < n_stream_sets; s++) {
        if ((stream_sets[s].needs & isas) != stream_sets[s].needs) continue;
        for (int i = 0; i < STREAM_KERNELS_N; i++) {
            const struct stream_kernel *k = &stream_sets[s].kernels[i];
            _Alignas(64) float a[FLOATS + MARGIN], b[FLOATS], c[FLOATS];
            for (int j = 0; j < FLOATS + MARGIN; j++) a[j] = (float)j;
            for (int j = 0; j < FLOATS; j++) b[j] = (float)(2 * j), c[j] = (float)(5 - j);
            k->run(3, (char *)a, (const char *)b, (const char *)c, FLOATS * 4);
            for (int j = 0; j < FLOATS; j++)
                assert_true(a[j] == expected(k->what, (float)j, (float)(2 * j), (float)(5 - j)));
            for (int j = FLOATS; j < FLOATS + MARGIN; j++) assert_true(a[j] == (float)j);
            assert_true(k->nt == (strstr(k->what, " nt") != NULL));
            assert_ptr_equal(choice_stream(&stream_sets[s], k->what), k);
        }
    }
}

#if defined __x86_64__
/* Compilers have merged chains that they saw to be equal, and spilled accumulators; neither shows in the result. So the
   loop of a kernel is read as machine code: from the target of the backward jump that holds the instruction. */
static const struct {
    const char *function, *instruction;
    int expected;
} loops[] = {
    {"scalar_f32", "mulss", 12},  {"scalar_f64", "addsd", 12},      {"sse_f32", "addps", 12},
    {"sse_f64", "mulpd", 12},     {"fma_scalar_f32", "vfmadd", 12}, {"fma_scalar_f64", "vfmadd", 12},
    {"avx2_f32", "vfmadd", 12},   {"avx2_f64", "vfmadd", 12},       {"avx512_f32", "vfmadd", 16},
    {"avx512_f64", "vfmadd", 16}, {"avx512_bf16", "vdpbf16ps", 24}, {"avx512_vnni", "vpdpbusd", 16},
    {"avx_vnni", "vpdpbusd", 12},
};

enum { LINES = 400 };
static struct line {
    long address;
    char text[128];
} lines[LINES];

static int disassemble(const char *function)
{
    char command[512], line[256];
    int n = 0;
    snprintf(command, sizeof command, "objdump -d --no-show-raw-insn --disassemble=%s /proc/%d/exe", function,
             (int)getpid());
    FILE *f = popen(command, "re");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) && n < LINES) {
        char *colon = strchr(line, ':');
        if (line[0] != ' ' || !colon) continue;
        lines[n].address = strtol(line, NULL, 16);
        snprintf(lines[n++].text, sizeof lines->text, "%s", colon + 1);
    }
    pclose(f);
    return n;
}

/* The first loop: the address that the first backward jump goes to. */
static void find_loop(int n, int *first, int *last)
{
    for (*last = 0; *last < n; ++*last) {
        const char *jump = strstr(lines[*last].text, "\tj");
        long to = jump ? strtol(jump + strcspn(jump, " ") + strspn(jump + strcspn(jump, " "), " "), NULL, 16) : 0;
        if (!jump || to > lines[*last].address) continue;
        for (*first = 0; *first < *last; ++*first)
            if (lines[*first].address == to) return;
    }
    fail_msg("no loop");
}

static void loops_hold_the_instructions_and_no_spills(void **state)
{
    (void)state;
    if (system("objdump --version > /dev/null 2>&1")) skip();
    for (size_t i = 0; i < COUNT_OF(loops); i++) {
        int first = 0, last = 0, found = 0, spilled = 0, n = disassemble(loops[i].function);
        if (n == 0) fail_msg("%s is not in the program", loops[i].function);
        find_loop(n, &first, &last);
        for (int j = first; j <= last; j++) {
            found += strstr(lines[j].text, loops[i].instruction) != NULL;
            spilled += strchr(lines[j].text, '(') != NULL;
        }
        if (found == 0 || found % loops[i].expected)
            fail_msg("%s: %d of %d %s", loops[i].function, found, loops[i].expected, loops[i].instruction);
        if (spilled) fail_msg("%s: %d memory operands", loops[i].function, spilled);
    }
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_count_the_multiply_accumulates),
        cmocka_unit_test(streams_do_what_they_are_called),
#if defined __x86_64__
        cmocka_unit_test(loops_hold_the_instructions_and_no_spills),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
