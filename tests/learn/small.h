/* A small network of two convolutions, and what trains it. */
#ifndef TESTS_LEARN_SMALL_H
#define TESTS_LEARN_SMALL_H
#include "learn/learn.h"

enum { BATCH = 16, CLASSES = 4, SIDE = 12 };

struct setting {
    struct graph *graph;
    struct trainer *trainer;
    struct dataset data;
};
struct setting begin(struct dataset data); /* takes the data; one thread, seeded */
void end(struct setting *s);
#endif
