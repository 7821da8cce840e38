/* Ceilings and what they allow [Williams, Waterman, Patterson: Roofline, CACM 52(4), 2009]. */
#ifndef ROOF_ROOF_H
#define ROOF_ROOF_H
#include "ops/analysis.h"

enum ceiling_kind { CEILING_COMPUTE, CEILING_BANDWIDTH };
enum { CEILING_NAME = 32 };
/* One measured or declared limit. Plain data. */
struct ceiling {
    enum ceiling_kind kind;
    char level[CEILING_NAME]; /* compute: "vector", "matrix", "gemm"; bandwidth: "L1", "L2", "L3", "DRAM" */
    char what[CEILING_NAME]; /* bandwidth: "read", "write", "copy", "triad", with " nt" for non-temporal; compute: "" */
    enum dtype dtype;
    char isa[CEILING_NAME]; /* "avx512", "avx2", "sse", "scalar", "neon", ...; "" for a declared chip */
    int threads;
    double value;     /* FLOP/s (OP/s for integers) or byte/s */
    double low, high; /* 95 % interval of the median; equal to value for a declared one */
    double theory;    /* what lanes x pipes x 2 x clock gives; 0 where none is known */
    bool valid;
    char reason[64]; /* why it is not valid; "" else */
};
/* One compute and one bandwidth ceiling: a line with a ridge. */
struct roof {
    double peak;      /* FLOP/s */
    double bandwidth; /* byte/s */
};
double roof_ridge(const struct roof *r);                        /* FLOP/byte: peak / bandwidth */
double roof_attainable(const struct roof *r, double intensity); /* FLOP/s: min(peak, intensity * bandwidth) */
double roof_floor_s(const struct roof *r, double flops,
                    double bytes); /* seconds: max(flops / peak, bytes / bandwidth) */
enum bound { BOUND_MEMORY, BOUND_COMPUTE, BOUND_N };
enum bound roof_bound(const struct roof *r, double flops, double bytes);
const char *bound_name(enum bound b); /* "memory", "compute" */
/* The highest valid compute ceiling of that dtype with that many threads, and the highest DRAM bandwidth; false where
   one is missing. */
bool roof_of_ceilings(const struct ceiling *c, int n, enum dtype d, int threads, struct roof *out);
#endif
