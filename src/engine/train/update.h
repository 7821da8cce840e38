/* The optimizer's numbers for the next step. Private to engine/. */
#ifndef ENGINE_TRAIN_UPDATE_H
#define ENGINE_TRAIN_UPDATE_H
#include "engine/train/kernels/train_kernels.h"
#include "engine/train/train.h"

struct update_rule update_rule_of(const struct trainer *t);
#endif
