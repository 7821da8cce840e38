/* What is kept of a training run: plain data, which a store holds as JSON and a report draws. */
#ifndef LEARN_LEARNED_H
#define LEARN_LEARNED_H
#include "base/text.h"
#include "learn/learn.h"

#include <jansson.h>

enum { LEARNED_NAME = 64 };
struct learned {
    char model[LEARNED_NAME], trainer[16];
    char data[LEARNED_NAME]; /* "synthetic", or the name of a folder: no path, which would tell of its user */
    char frozen[LEARNED_NAME], optimizer[16];
    double rate, decay;
    uint64_t seed;
    int batch, height, width, n_examples, classes; /* classes: the largest label + 1 */
    int epochs;                                    /* asked for */
    int64_t started_utc;
    struct learning run;
};
/* Everything but the run itself. */
void learned_describe(struct learned *l, const struct trainer *t, const struct dataset *d, const char *data,
                      const struct learn_options *o);
/* What makes two runs the same one, begun again: all of the above but epochs and time. */
void learned_key(const struct learned *l, struct text *out);
json_t *learned_json(const struct learned *l);
/* Refuses what learned_json cannot have written. Release in any case. */
gable_status learned_from_json(const json_t *j, struct learned *out, gable_error *e);
void learned_release(struct learned *l);
#endif
