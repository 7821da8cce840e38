/* Buffers in the arena: first fit by lifetime, so that the arena is as small as the widest moment of the network. */
#ifndef ENGINE_CPU_PLACE_H
#define ENGINE_CPU_PLACE_H
#include "engine/cpu/plan.h"

/* Sets every buffer's place and arena_floats, tail_floats, head_floats. */
gable_status place_buffers(struct plan *p, gable_error *e);
#endif
