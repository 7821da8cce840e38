/* What surrounds a measurement: recorded with every run, and checked for fitness. */
#ifndef MACHINE_ENVIRONMENT_H
#define MACHINE_ENVIRONMENT_H
#include "base/cpus.h"

#include <gable/gable.h>
#include <jansson.h>

/* MEASURING rule 25 as one JSON object: absent is null, no user name, home path or host name. `root` is "" for this
   machine or a folder that stands for / (tests). A new reference. */
json_t *environment_json(const char *root);

struct fitness_line {
    char check[24]; /* "governor" */
    int state;      /* 0 fine, 1 worth knowing, 2 unfit, 3 unknown */
    char text[200]; /* value, why it matters, what fixes it */
};
enum { FITNESS_LINES = 24 };
/* Quick checks that take no time: allowed CPUs, quota, governor, load, virtual machine, memory. Returns the count. */
int fitness_check(const char *root, const struct cpus *cpus, struct fitness_line *out);
#endif
