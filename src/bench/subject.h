/* The model of a point as bench_options say it: its graph, its engine, a session with weights and inputs. */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H
#include "bench/bench.h"
#include "tensors/initializers.h"

gable_status subject_graph(const struct bench_options *o, struct graph **out, gable_error *e);
/* The engine that was asked for, or the first that can plan the graph; the last one where none can, for its reason. */
const struct engine *subject_engine(const struct bench_options *o, const struct graph *g, const struct cpus *cpus);
/* The weights of the word: a file's own (as floats where they are wanted so), or drawn from the seed, 0 the default
 *one. file, NULL for none, is closed by the caller when the weights are no longer read. */
gable_status subject_weights(const char *model, uint64_t seed, const struct graph *g, bool wants_floats,
                             struct initializers **file, struct weights **out, gable_error *e);
gable_status subject_session(const struct bench_options *o, const struct graph *g, const struct cpus *cpus,
                             struct session **out, gable_error *e);
void subject_fill(struct session *s, const struct bench_options *o); /* inputs */
#endif
