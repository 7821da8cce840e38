/* A burst: some 30 ms of one kernel on a team, in slices of a few milliseconds that all threads start together, with
   the clock taken from a dependent chain before and after each slice of a compute kernel. */
#ifndef MACHINE_BURST_H
#define MACHINE_BURST_H
#include "base/team.h"
#include "machine/arrays.h"
#include "machine/gemm.h"
#include "machine/kernels.h"

/* One of the three is set. */
struct task {
    const struct flop_kernel *flops;
    const struct stream_kernel *stream;
    const struct gemm *gemm;
    const struct arrays *arrays; /* of a stream */
    size_t bytes;                /* of one array of one thread, in STREAM_GRAIN steps */
    int64_t repeats;             /* of a slice, by task_calibrate */
    double slice_s;              /* what a slice then takes */
};
enum { BURST_SLICES = 64 };
struct burst {
    double rate;     /* FLOP/s or byte/s of the whole team: of the median slice */
    double clock_hz; /* mean over the threads of the median over the slices; 0 for streams and where unknown */
    double waited;   /* the largest share of the burst that a thread waited for a CPU; 0 where unknown */
};
/* Finds the repeats that take about `slice_s`, 1 where one alone takes longer. */
void task_calibrate(struct task *t, struct team *team, double slice_s);
/* The slices that fill `seconds`: 1 to BURST_SLICES. */
int task_slices(const struct task *t, double seconds);
gable_status burst_run(const struct task *t, struct team *team, int slices, struct burst *out, gable_error *e);
double monotonic_s(void);
#endif
