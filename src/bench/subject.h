/* The model of a point as bench_options say it: its graph, its engine, a session with weights and inputs. */
#ifndef BENCH_SUBJECT_H
#define BENCH_SUBJECT_H
#include "bench/bench.h"

gable_status subject_graph(const struct bench_options *o, struct graph **out, gable_error *e);
/* The engine that was asked for, or the first that can plan the graph; the last one where none can, for its reason. */
const struct engine *subject_engine(const struct bench_options *o, const struct graph *g, const struct cpus *cpus);
gable_status subject_session(const struct bench_options *o, const struct graph *g, const struct cpus *cpus,
                             struct session **out, gable_error *e);
void subject_fill(struct session *s, const struct bench_options *o); /* inputs */
#endif
