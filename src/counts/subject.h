/* A model that is counted: how it was asked for, so that it can be asked again otherwise, its graph, its analysis. */
#ifndef COUNTS_SUBJECT_H
#define COUNTS_SUBJECT_H
#include "model/model.h"
#include "ops/taught.h"
#include "ops/training.h"
#include "roof/chips.h"

struct subject {
    const char *word; /* what was asked for, and how: to ask again with another batch */
    struct model_options options;
    const struct taught *rules; /* --rule; NULL for none */
    bool is_training;           /* --train */
    enum optimizer optimizer;
    struct graph *graph;
    struct analysis *analysis;
    const struct chip *chip; /* --chip: borrowed; NULL for none */
    struct roof roof;        /* of that chip, for the graph's dtype */
};

/* Fills a subject's graph and analysis, its fused groups included. Release it in either case. */
gable_status subject_load(const char *word, const struct model_options *o, const struct taught *rules,
                          struct subject *s, gable_error *e);
void subject_release(struct subject *s);
#endif
