/* Random numbers of a node: from its own seed, where it names one, in the sequence that ONNX's reference has (numpy's
   Mersenne Twister); else from the run's stream. */
#ifndef ENGINE_GENERAL_KERNELS_RANDOM_H
#define ENGINE_GENERAL_KERNELS_RANDOM_H
#include "engine/general/kernel.h"

enum { RANDOM_WORDS = 624 };
struct random {
    struct call *call;
    bool is_seeded;
    int at;
    uint32_t word[RANDOM_WORDS];
};
void random_start(struct random *r, struct call *c);
double twister_uniform(struct random *r); /* in [0, 1) */
#endif
