/* One measurement with everything that makes it true: what bench/ produces, store/ keeps and report/ shows. */
#ifndef BENCH_RECORD_H
#define BENCH_RECORD_H
#include "roof/roof.h"

#include <jansson.h>

/* name, sentence. Codes that invalidate come with the rule in docs/METRICS.md. One bit each in `notes`. */
#define BENCH_CODES(X)                                                                                \
    X(NONE, "none", "")                                                                               \
    X(WRONG_RESULT, "wrong_result", "the output changed between passes")                              \
    X(NOT_FINITE, "not_finite", "the output holds NaN or infinity")                                   \
    X(OUT_OF_MEMORY, "out_of_memory", "memory ran out")                                               \
    X(CRASHED, "crashed", "the measuring process crashed")                                            \
    X(TIMED_OUT, "timed_out", "the measuring process did not answer")                                 \
    X(INTERRUPTED, "interrupted", "stopped before it was finished")                                   \
    X(ABOVE_ROOF, "above_roof", "attained exceeds the roof and nothing explains it")                  \
    X(THREADS_SHARE_CPU, "threads_share_cpu", "two threads ran on one CPU")                           \
    X(NO_STEADY_STATE, "no_steady_state", "the passes never became steady")                           \
    X(TOO_FEW_SAMPLES, "too_few_samples", "fewer than 6 independent samples")                         \
    X(CI_WIDE, "ci_wide", "the confidence interval is wider than 1 %")                                \
    X(SPEED_DRIFT, "speed_drift", "the machine's own speed moved during the run")                     \
    X(CONTENDED, "contended", "other programs took the CPUs")                                         \
    X(CPU_QUOTA, "cpu_quota", "a CPU quota limits this process")                                      \
    X(THROTTLED, "throttled", "the CPU throttled itself")                                             \
    X(SWAPPED, "swapped", "memory was swapped")                                                       \
    X(CLOCK_JUMP, "clock_jump", "the machine was suspended or its clock was set")                     \
    X(FEWER_THREADS, "fewer_threads", "fewer threads than cores ran")                                 \
    X(STOLEN, "stolen", "the host took CPU time away")                                                \
    X(SUM_MISMATCH, "sum_mismatch", "the groups' times do not add up to the whole")                   \
    X(BLOCKED, "blocked", "passes are too short for the clock and were timed in blocks")              \
    X(LATE_WARMUP, "late_warmup", "the first passes were slower and are cut")                         \
    X(SLOWDOWN, "slowdown", "the first passes were faster and are cut")                               \
    X(OUTLIERS, "outliers", "some passes took far longer; they are kept")                             \
    X(BIMODAL, "bimodal", "the times fall into two groups")                                           \
    X(DRIFT, "drift", "the passes became slower or faster")                                           \
    X(PAGE_FAULTS, "page_faults", "pages were touched first inside the timed part")                   \
    X(NO_PROBE, "no_probe", "the machine's speed was not probed beside the run")                      \
    X(EXECUTED_FEWER, "executed_fewer", "fewer FLOPs were executed than counted (Winograd)")          \
    X(IN_CACHE, "in_cache", "the data stayed in a cache, above the DRAM slope")                       \
    X(FUSED_MORE, "fused_more", "less traffic than modelled")                                         \
    X(CLOCK_ABOVE_PROBE, "clock_above_probe", "the clock was higher than when the roof was measured") \
    X(VIRTUAL, "virtual", "a virtual machine: neighbours are invisible")                              \
    X(QUICK, "quick", "a quick run: wider intervals")
#define BENCH_CODE_ENUM(name, json, sentence) CODE_##name,
enum bench_code { BENCH_CODES(BENCH_CODE_ENUM) CODE_N };
const char *bench_code_name(enum bench_code c);
const char *bench_code_sentence(enum bench_code c);
enum bench_code bench_code_find(const char *name); /* CODE_N where there is none */
#define CODE_BIT(c) (UINT64_C(1) << (c))

enum sample_mark { MARK_WAITED = 1, MARK_MOVED = 2, MARK_MAJOR_FAULT = 4, MARK_WARMUP = 8 };
struct sample {
    int64_t start_ns; /* since the run's first sample */
    int64_t ns;       /* of one pass; a block's length / block */
    uint32_t marks;   /* MARK_*: stored and counted, not in medians */
    uint32_t minor_faults;
};
enum { RECORD_NAME = 64, RECORD_CHOICES = 512 };
/* A fused group's share of the run. */
struct run_group {
    char name[RECORD_NAME], kernel[RECORD_NAME];
    enum op_kind kind;
    double median_ns;                            /* of the instrumented run */
    double flops_counted, flops_executed, bytes; /* whole batch */
    double floor_ns;                             /* bench/floor.h */
};
struct run {
    char model[RECORD_NAME], label[RECORD_NAME], engine[16], device[128], pass[24], isa[16];
    char algorithms[160];
    int batch, threads, height, width;
    enum dtype dtype;
    /* time of one pass, whole batch */
    double median_ns, low_ns, high_ns, p5_ns, p95_ns, min_ns, max_ns, mad_ns;
    double p90_tail_ns, p99_tail_ns; /* early-stopping estimates, NaN where n does not support them */
    int n_clean, block;              /* samples in the median; passes per sample */
    double n_eff;
    double setup_ns, first_ns;
    /* work */
    count macs, flops_counted, flops_executed, params;
    struct traffic bytes;
    size_t planned_bytes, peak_rss_bytes;
    /* the roof beside it */
    struct roof roof;                                   /* as machine/ measured it */
    double probe_flops, probe_bytes;                    /* medians of the probes beside this run; NaN without */
    double flops_per_s;                                 /* counted flops / median */
    double intensity;                                   /* counted flops / fused bytes */
    double attainable;                                  /* FLOP/s under the roof scaled by the probes, at run_place */
    double efficiency, efficiency_low, efficiency_high; /* attained at run_place / attainable */
    enum bound bound;
    /* validity */
    bool valid;
    enum bench_code reason; /* first invalidating code, or CODE_NONE */
    uint64_t notes;         /* CODE_BITs */
    double marked_share;    /* of samples that were not clean */
    double sum_ns;          /* groups' medians added */
    double instrumented_ns; /* median of the instrumented passes */
    int64_t started_utc;
    int round;
    json_t *environment; /* owned; may be NULL */
    /* Of the planner by time: campaigns hand them on, the stored record is without. */
    char choices[RECORD_CHOICES];
    int n_samples;
    struct sample *samples; /* owned, in order, nothing thrown away */
    int n_groups;
    struct run_group *groups; /* owned */
};
/* Where a run stands under its roof: its counted FLOPs and fused bytes or, where a note says that these are not what
   the machine did, what it did: the FLOPs as executed, the bytes as planned, none from DRAM. */
struct run_place {
    double flops, bytes; /* of one pass */
    bool in_cache;       /* no DRAM slope */
    double flops_per_s;  /* flops / median */
    double intensity;    /* flops / bytes */
};
struct run_place run_place(const struct run *r);
/* What a roof allows there. */
double run_place_attainable(const struct run_place *p, const struct roof *roof);
void run_release(struct run *r);
gable_status run_copy(struct run *to, const struct run *from, gable_error *e);
/* The object of DESIGN's contract, with `groups` inside; samples only where asked. A new reference. */
json_t *run_json(const struct run *r, bool with_samples);
/* One sentence on what bounds the run and its largest losses, true by construction. */
void run_sentence(const struct run *r, char *out, size_t room);
#endif
