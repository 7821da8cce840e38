/* An engine runs a graph: a table of functions; its private session wraps the public one (CONTAINER_OF). No engine's
   name is asked for outside engine/. */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H
#include "base/cpus.h"
#include "base/team.h"
#include "engine/slices.h"
#include "engine/weights.h"
#include "ops/analysis.h"

enum isa { ISA_BEST, ISA_PLAIN, ISA_NEON, ISA_AVX2, ISA_AVX512, ISA_N };
const char *isa_name(enum isa i);
bool isa_is_here(enum isa i); /* can this machine run it */

enum winograd { WINOGRAD_BY_TIME, WINOGRAD_FORBID, WINOGRAD_FORCE };

struct engine_options { /* zero means the default */
    int threads;        /* all of cpus->cores */
    enum isa isa;
    enum winograd winograd;
    bool tune; /* time the planner's candidates; else the rules alone decide */
    /* With tune: what a session of this graph, batch, threads and instruction set said in `choices`: taken, not timed
       again. NULL, "" or a text of another plan: timed. */
    const char *choices;
};
enum { ENGINE_CHOICES = 512 };
/* One fused group as it really runs. Strings live as long as the session. */
struct group_info {
    const char *name;   /* of its first node's module */
    const char *kernel; /* "gemm 14x2 avx512 relu", "winograd F(4x4,3x3)", "depthwise 5x5 s2", "dnnl brgconv:avx512" */
    enum op_kind kind;  /* of the node that does most of its FLOPs */
    int n_nodes;
    const int *nodes;     /* indices into graph->nodes */
    count flops_counted;  /* of its nodes, whole batch */
    count flops_executed; /* what the algorithm does: fewer under Winograd */
    count bytes;          /* between groups, whole batch, weights once */
};
struct engine;
struct session {
    const struct engine *engine;
    const struct graph *graph; /* borrowed; must outlive the session */
    int batch, threads;
    enum isa isa;
    int n_groups;
    const struct group_info *groups;
    const int *tids, *cpus; /* its pinned threads: the kernel's ids, and where each is */
    struct team *team;      /* they, where they are a team: probes may borrow it between passes; else NULL */
    size_t weight_bytes, arena_bytes,
        planned_bytes;            /* packed weights; activations of all threads; everything, in/outputs too */
    double setup_ns;              /* planning, packing, tuning */
    char choices[ENGINE_CHOICES]; /* what was chosen by time, for engine_options; "" for nothing */
    char algorithms[160];         /* "winograd 12 of 20 3x3; images 1 per thread, tail of 4" */
    gable_error failure; /* of the first pass that its data made fail, and where; its outputs are NaN. Else status 0 */
};
struct engine {
    const char *name; /* "cpu" */
    /* GABLE_NO_DEVICE says what to install. The device in words: "AMD EPYC, 2 cores, avx512". */
    gable_status (*describe)(const struct cpus *cpus, char *out, size_t room, gable_error *e);
    /* Bytes that open would take, computed before anything is allocated. */
    gable_status (*plan_bytes)(const struct graph *g, const struct cpus *cpus, const struct engine_options *o,
                               size_t *out, gable_error *e);
    /* Refuses (GABLE_NO_MEMORY, both figures in the sentence) what cannot fit. Inputs are zero until written. */
    gable_status (*open)(const struct graph *g, const struct weights *w, const struct cpus *cpus,
                         const struct engine_options *o, struct session **out, gable_error *e);
    /* The buffers of model input / output i: row-major, NCHW, whole batch, owned by the session. Floats, whatever the
       model's own type is. */
    float *(*input)(struct session *s, int i);
    const float *(*output)(struct session *s, int i);
    /* One whole pass; returns when the device has finished. No allocation, I/O, lock or print inside. */
    void (*run)(struct session *s);
    /* The same with a clock between groups: group_ns[n_groups] is wall time of each group, summed over images and
       divided by the threads that ran images side by side, so that the groups of a pass add up to the pass. */
    void (*run_timed)(struct session *s, double *group_ns);
    void (*close)(struct session *s); /* NULL is fine */
    bool takes_given;                 /* weights->given is enough; else weights->value must hold them as floats */
    /* As run_timed, but every thread notes its stretches of work: logs[threads], whose rooms are given. A thread with
       an empty log was not watched. */
    void (*run_traced)(struct session *s, struct slice_log *logs);
};
extern const struct engine engine_cpu, engine_general;
/* Engines in order of preference; NULL after the last. */
const struct engine *engine_at(int i);
#endif
