/* What is to be measured on a machine: one job per ceiling, with the sizes that its caches ask for. */
#ifndef MACHINE_JOBS_H
#define MACHINE_JOBS_H
#include "machine/burst.h"
#include "machine/machine.h"

enum { JOB_SAMPLES = 64 };
struct sample {
    double rate, clock_hz;
    bool is_clean; /* no thread waited for a CPU for more than a hundredth of it */
};
struct job {
    struct ceiling ceiling; /* value, interval and theory are filled by job_finish */
    struct task task;       /* without arrays and gemm: those exist only once measuring begins */
    bool is_gemm;
    double flops_per_cycle; /* of one thread; 0 unknown */
    int n, n_clean;
    struct sample samples[JOB_SAMPLES];
};
struct job_limits {
    int threads;        /* of the whole team */
    uint32_t isas;      /* that may be used */
    bool only_roof;     /* the best fp32 kernel, DRAM, reads of the caches from L2 on: the whole team alone */
    size_t array_bytes; /* of one DRAM array, over all threads */
    bool is_short;      /* those are less than STREAM's rule asks */
};
/* Returns how many of MACHINE_CEILINGS; a ceiling that cannot be measured stands there with its reason. */
int jobs_plan(const struct topology *t, const struct job_limits *limits, struct job *out);
bool job_is_measurable(const struct job *j);
/* Median, interval, theory and validity from the samples. `interrupted`: fewer samples than planned are no fault. */
void job_finish(struct job *j, bool interrupted);
/* Enough samples, and an interval narrow enough? Looked at only when n is 7, 11, 17, 26, 39, 59: looking after every
   sample would make intervals too narrow. */
bool job_is_narrow(const struct job *j);
#endif
