/* What runs inside a timed slice: chains of multiply-adds, streams over memory, and the chain that gives the clock.
   One table per architecture; a row states what it executes and a test counts it. */
#ifndef MACHINE_KERNELS_H
#define MACHINE_KERNELS_H
#include "graph/graph.h"
#include "machine/isa.h"

#include <stdbool.h>

/* What a core issues: the units whose number pipes.h knows. */
enum issue {
    ISSUE_MULTIPLY_AND_ADD, /* a multiplication and an addition, two instructions */
    ISSUE_FMA_SCALAR,
    ISSUE_FMA128,
    ISSUE_FMA256,
    ISSUE_FMA512,
    ISSUE_DOT256, /* vpdpbusd ymm */
    ISSUE_DOT512,
    ISSUE_BF16_512, /* vdpbf16ps zmm */
    ISSUE_TILE,     /* tdpbf16ps, tdpbssd of full tiles */
    ISSUE_SVE,      /* one FMLA of the machine's vector length */
    ISSUE_UNKNOWN,
    ISSUE_N
};

struct flop_kernel {
    const char *level; /* "scalar", "vector", "matrix" */
    const char *isa;   /* the ceiling's name: "avx512" */
    enum dtype dtype;
    uint32_t needs; /* ISA bits */
    enum issue issue;
    int instructions; /* multiply-adds of one iteration, as issued */
    int macs;         /* multiply-accumulates of one iteration; 0: macs_of_machine says */
    int (*macs_of_machine)(void);
    /* Runs n iterations on operands of 64 bytes each; returns the sum of all accumulators: with every operand 1 that
       is the number of multiply-accumulates executed. */
    double (*run)(int64_t n, const void *a, const void *b);
};
int flop_kernel_macs(const struct flop_kernel *k);
extern const struct flop_kernel flop_kernels[];
extern const int n_flop_kernels;

/* Arrays of whole STREAM_GRAIN blocks, 64-byte aligned. STREAM's counting: bytes read and written by the program,
   without the line that a cached store fetches first [McCalpin, STREAM]. */
enum { STREAM_GRAIN = 512, STREAM_KERNELS_N = 7 };
struct stream_kernel {
    const char *what; /* "read", "write", "copy", "triad", with " nt" for stores past the caches */
    int arrays;       /* that it touches: a, then b, then c */
    bool nt;
    void (*run)(int64_t repeats, char *a, const char *b, const char *c, int64_t bytes);
};
struct stream_set {
    const char *isa;
    uint32_t needs;
    const struct stream_kernel *kernels; /* STREAM_KERNELS_N of them */
};
/* Widest first. */
extern const struct stream_set stream_sets[];
extern const int n_stream_sets;

/* n links of a chain of dependent register additions, each one cycle on every core since 1995 that has no
   run-time folding of register sums; returns the links done, 0 where this architecture has no such chain. */
int64_t clock_chain(int64_t n);
#endif
