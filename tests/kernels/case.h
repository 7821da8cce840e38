/* One node, what goes in, what must come out, each in a line of text. */
#ifndef TESTS_KERNELS_CASE_H
#define TESTS_KERNELS_CASE_H
#include <stddef.h>

enum { CASE_VALUES_MAX = 9 };
/* Values: "f32[2,3] 1 2 3 4 5 6"; nan, inf; strings are single words; "" is left out. A sequence: "seq f32[1] 1 |
   f32[1] 2". Attributes: "axis=-1 pads=[1,2] alpha=0.5 scales=[1.0,2.0] mode:reflect
   names:[A,B]", and OPSET=11 (17 where it is not there), TOLERANCE=0.1 (of reals, relative above 1; 1e-6). */
struct kernel_case {
    const char *op, *attributes, *in[CASE_VALUES_MAX], *out[CASE_VALUES_MAX]; /* out[0] "!words": refused with these */
};
void cases_run(const struct kernel_case *cases, size_t n);
/* Each whole number of inputs and attributes in turn becomes each of some that break arithmetic: whatever is asked, the
   answer is outputs or a sentence. What comes out is not looked at. */
void cases_survive(const struct kernel_case *cases, size_t n);
#endif
