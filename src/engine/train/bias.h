/* The gradient of a convolution's bias, with relu's before it. Private to engine/train/. */
#ifndef ENGINE_TRAIN_BIAS_H
#define ENGINE_TRAIN_BIAS_H
#include "engine/train/session.h"

void bias_back(struct trainer_session *s, struct part *p);                /* nothing where there is neither */
size_t bias_scratch(const struct train_plan *plan, const struct part *p); /* bytes */
#endif
