/* ONNX's own test cases as libonnx-testdata installs them: a folder with model.onnx and test_data_set_*. */
#ifndef CONFORMANCE_CASES_H
#define CONFORMANCE_CASES_H
#include <stdbool.h>
#include <stddef.h>

enum outcome { PASSED, FAILED, UNSUPPORTED, OUTCOMES };
struct conformance_case {
    char suite[32], name[256], folder[600];
    char op[64];     /* of its only node; "several nodes" */
    bool needs_more; /* a string, sequence, optional or training type, or an operator of another domain */
    bool is_random;  /* only type and shape of the outputs can be compared */
    enum outcome outcome;
    char why[300];
};
struct cases {
    struct conformance_case *at;
    size_t n, room;
};
/* Every case of the suites, by suite and name; `root` is the package's data folder. False where there is none. */
bool cases_find(const char *root, struct cases *out);
void cases_release(struct cases *c);
/* What the model's bytes say of it: op, needs_more, is_random. */
void case_peek(struct conformance_case *c);
/* Runs it in a child with bounded time and memory: sets outcome and why. verbose: how far each output is off. */
void case_run(struct conformance_case *c, bool verbose);
#endif
