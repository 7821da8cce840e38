/* What the operators that run bodies share. */
#ifndef ENGINE_GENERAL_KERNELS_BODIES_H
#define ENGINE_GENERAL_KERNELS_BODIES_H
#include "engine/general/kernel.h"

struct graph *body_of(const struct call *c, const char *name); /* NULL where the attribute is no graph */
/* n absent values until the call ends; who fills them releases what they hold. NULL is left where memory is out. */
gable_status values_absent(struct call *c, int64_t n, struct value **out);
void values_release(struct value *v, int64_t n); /* NULL is fine */
#endif
