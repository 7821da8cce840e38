/* Runs any graph node by node on the CPU: whatever has a kernel, of whatever types and shapes the values turn out to
   have. Slower than the planned engine where that one applies; it needs no shapes before it runs. */
#ifndef ENGINE_GENERAL_GENERAL_H
#define ENGINE_GENERAL_GENERAL_H
#include "base/cpus.h"
#include "engine/general/value.h"
#include "engine/weights.h"

/* Where the values of initializers are. `load` makes the value of a tensor of a graph or of a body: from the pool, or
   with data that somebody else holds for as long as the session. The private part wraps this one (CONTAINER_OF). */
struct general_values {
    bool draws; /* of any initializer, those too that others' values would give (struct derived) */
    gable_status (*load)(const struct general_values *self, struct pool *p, const struct graph *g,
                         const struct tensor *t, struct value *out, gable_error *e);
};
struct general_options { /* zero means the default */
    int threads;         /* one per core of cpus */
    uint64_t seed;       /* of random operators */
    size_t bytes_max;    /* of values; what is available now */
    int64_t steps_max;   /* nodes in a run, those of bodies each time they run; 2^26 */
};
struct crew;
struct general;
/* Refuses a node that no kernel runs. graph, values and what they hold are borrowed and must outlive the session;
   values may be NULL where the graph has no large initializers. */
gable_status general_open(const struct graph *g, const struct general_values *values, const struct cpus *cpus,
                          const struct general_options *o, struct general **out, gable_error *e);
void general_close(struct general *s); /* NULL is fine */
/* The first node, bodies included, that no kernel runs; NULL where all can. */
const struct node *general_missing(const struct graph *g);

struct crew *general_crew(const struct general *s);
struct pool *general_pool(struct general *s); /* for the caller's inputs; they must be released before it closes */
/* Refuses another type than the input's, and a shape that contradicts it (a dimension of -1 is free). */
gable_status general_check_input(const struct tensor *t, const struct value *v, gable_error *e);
/* Input i of the model from now on, where it passes that check; shared. An absent value leaves the input out: its
   initializer counts then. */
gable_status general_set_input(struct general *s, int i, const struct value *v, gable_error *e);
void general_set_seed(struct general *s, uint64_t seed); /* of random operators, from the next pass on */
/* One pass. Errors name the node. */
gable_status general_run(struct general *s, gable_error *e);
const struct value *general_output(const struct general *s, int i); /* of the last pass, until the next */

/* Sees every value as it is made, in a pass of the outermost graph; says whether to go on. */
struct general_watch {
    bool (*made)(struct general_watch *w, const struct node *n, const struct tensor *t, const struct value *v);
};
/* A pass that is watched. One that is stopped leaves outputs absent. */
gable_status general_run_watched(struct general *s, struct general_watch *w, gable_error *e);
/* A pass with every thread's work noted in logs[crew_size]: groups are the nodes of the outermost graph, by index; one
   for the whole batch. */
struct slice_log;
gable_status general_run_traced(struct general *s, struct slice_log *logs, gable_error *e);
#endif
