/* The measured training steps of a study, as its figures use them. */
#ifndef REPORT_FIGURES_TRAINING_STEPS_H
#define REPORT_FIGURES_TRAINING_STEPS_H
#include "report/figures/parts.h"

struct measured_step {
    const struct run *step, *passes[TRAINED_RUNS]; /* by train_pass; TRAINED_AGAIN may be NULL */
    struct step_amounts ns, flops, bytes;          /* of its stages */
};
/* The step of model i; false where it was not measured, or it or its forward or backward is invalid. */
bool measured_step(const struct study *s, int model, struct measured_step *out);
int measured_steps(const struct study *s); /* how many models have one */
/* "gable train MODEL... --batch N": what measures the steps again. */
void say_train_command(struct figure *f, const struct study *s);
struct pass_look {
    const char *name, *color;
};
extern const struct pass_look pass_looks[PASS_N];
void add_pass_keys(struct figure *f);
/* The dashed line at 1 : 2 over n rows of bars in multiples of the forward pass, its words so far from the first. */
void add_one_to_two(struct figure *f, int n, int dy);
/* The largest causes of a ratio that is not 1 : 2, "+0.42: weight gradients of ...; -0.10: ...": of time where `m` is
   given, of FLOPs else. Nothing where none is worth saying. */
void say_causes(const struct study *s, int model, const struct measured_step *m, struct text *out);
#endif
