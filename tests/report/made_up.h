/* Studies for tests: MACs, parameters and sizes are near the real models', everything measured is invented, so that a
   test can turn a number round and read another sentence. */
#ifndef TESTS_REPORT_MADE_UP_H
#define TESTS_REPORT_MADE_UP_H
#include "report/study.h"

enum { MADE_MODELS = 10, MADE_BATCHES = 3 };
/* Ten models at batch 1, 64 and 256 on an 8-core CPU; MobileNetV3-Small's batch 1 is invalid (speed_drift). Every run's
   attained is its share of the roof. Release with made_up_release. */
void made_up_study(struct study *s);
/* Adds a measured training step of every model. */
void made_up_steps(struct study *s);
/* Adds training runs, n of at most STUDY_LEARNED: model i learns 3 epochs of 4 steps, its loss from 4 to 4 / 10^i. */
void made_up_learned(struct study *s, int n);
void made_up_release(struct study *s);
int made_up_model(const struct study *s, const char *id); /* its index; fails the test where there is none */
struct run *made_up_run(struct study *s, int model, int batch_index);
/* Rewrites that run's times so that it attains `share` of its roof, its groups slowed evenly. */
void made_up_share(struct study *s, int model, int batch_index, double share);
/* Ten study chips and four others; static. */
const struct chips *made_up_chips(void);
#endif
