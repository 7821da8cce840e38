/* A plan with its memory; what parts need while they run. Private to engine/train/. */
#ifndef ENGINE_TRAIN_SESSION_H
#define ENGINE_TRAIN_SESSION_H
#include "engine/crew.h"
#include "engine/train/plan.h"

struct trainer_session {
    struct trainer base;
    struct train_plan *plan;
    struct crew *crew;
    float *block; /* of all that follow */
    float *arena, *parameters, *gradients, *first, *second, *statistics, *partials;
    char *scratch, *cleared; /* cleared: where what is zero from the beginning begins */
    float **inputs, *targets, *output;
    int32_t *labels;
    double *image_loss;
    bool is_backward; /* the stage that runs comes after the loss: values are read where they were made again */
    struct trainer_stage *stages;
};
static inline struct trainer_session *trainer_session(struct trainer *t)
{
    return CONTAINER_OF(t, struct trainer_session, base);
}

/* Where a value or its gradient lies now: image 0, block 0. */
float *value_now(const struct trainer_session *s, const struct value *v);
float *value_gradient(const struct trainer_session *s, const struct value *v);
float *buffer_now(const struct trainer_session *s, int buffer);
/* Floats between two images. */
size_t value_stride(const struct trainer_session *s, const struct value *v);
/* Larger than the caches, so that nobody finds it there. */
bool value_is_large(const struct trainer_session *s, const struct value *v);
/* Floats from image 0, block 0 to a plane of it. */
size_t value_plane(const struct trainer_session *s, const struct value *v, int image, int block);

typedef void plane_work(struct trainer_session *s, struct part *p, int image, int block, int thread);
/* Every plane of `blocks` blocks in every image, shared by the threads. */
void each_plane(struct trainer_session *s, struct part *p, int blocks, plane_work *work);
/* The same of some images. */
void some_planes(struct trainer_session *s, struct part *p, int first, int images, int blocks, plane_work *work);
/* The same with all images of a block one after another, so that a thread meets few blocks. */
void each_plane_by_block(struct trainer_session *s, struct part *p, int blocks, plane_work *work);
typedef void range_work(struct trainer_session *s, struct part *p, long first, long last);
/* 0..n - 1 in ranges that start at multiples of `unit`, shared by the threads. */
void each_range(struct trainer_session *s, struct part *p, long n, long unit, range_work *work);

/* Adds a part's gradient of input 0 to what is there, where it was written apart. */
void join_temporary(struct trainer_session *s, struct part *p);

static inline float *parameter_at(const struct trainer_session *s, int tensor)
{
    return tensor < 0 ? NULL : s->parameters + s->plan->parameter[tensor];
}
static inline float *parameter_gradient(const struct trainer_session *s, int tensor)
{
    return tensor < 0 ? NULL : s->gradients + s->plan->parameter[tensor];
}
/* Functions of the seed, the step, the part and i alone: 64 bits, a number in [0, 1). */
uint64_t random_bits(const struct trainer_session *s, const struct part *p, uint64_t i);
float random_at(const struct trainer_session *s, const struct part *p, uint64_t i);

gable_status session_step(struct trainer *t, bool is_updated, double *loss, double *stage_ns, gable_error *e);
double loss_run(struct trainer_session *s); /* the loss, and the output's gradient */
void update_run(struct trainer_session *s);
/* Of each convolution's candidates the faster one; once per shape. Writes over the arena. */
void tune_convolutions(struct trainer_session *s);
double train_now_ns(void);
bool trainer_describe(struct trainer_session *s); /* sets its stages; false: no memory */
plane_work norm_moments;                          /* a plane's share of a normalisation's statistics */
/* Old running statistics and this batch's. */
void norm_update(struct trainer_session *s, const struct part *p);
#endif
