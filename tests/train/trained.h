/* A trainer of a zoo model at a small size, with seeded images and labels. */
#ifndef TESTS_TRAIN_TRAINED_H
#define TESTS_TRAIN_TRAINED_H
#include "check.h"
#include "engine/train/train.h"
#include "zoo/zoo.h"

struct trained {
    struct graph *graph;
    struct weights *weights;
    struct trainer *trainer;
};
struct trained trained_open(const char *id, int batch, int size, struct trainer_options options);
/* The same of a graph; takes it. */
struct trained trained_graph(struct graph *g, struct trainer_options options);
void trained_close(struct trained *t);
#endif
