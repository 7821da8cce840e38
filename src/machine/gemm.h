/* One large matrix product by oneDNN: the practical roof, what a tuned library reaches. Every thread of the team
   multiplies rows of its own with a shared right-hand side, so that no OpenMP threads come in. */
#ifndef MACHINE_GEMM_H
#define MACHINE_GEMM_H
#include "base/team.h"

struct gemm;
gable_status gemm_new(struct team *team, struct gemm **out, gable_error *e);
void gemm_free(struct gemm *g);
double gemm_flops(const struct gemm *g); /* of one product on one thread: 2 m n k */
/* On a thread of the team: before the first gemm_run and after the last. */
void gemm_enter(const struct gemm *g, int part);
void gemm_leave(const struct gemm *g, int part);
void gemm_run(const struct gemm *g, int part, int64_t repeats);
#endif
