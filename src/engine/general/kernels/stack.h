/* Values of one shape stacked along a new axis: what Loop and Scan give back. */
#ifndef ENGINE_GENERAL_KERNELS_STACK_H
#define ENGINE_GENERAL_KERNELS_STACK_H
#include "engine/general/kernel.h"

struct stack {
    struct value v; /* room items along axis; absent before the first */
    int axis;
    int64_t room; /* a guess at first where axis is 0: then it grows */
};
/* Item `at` of it. The first one decides type and shape; another one is refused, so is text. */
gable_status stack_put(struct call *c, struct stack *s, int64_t at, const struct value *item);
/* The first n items, in the same storage; n is the room where axis is not 0. */
void stack_take(struct stack *s, int64_t n, struct value *out);
void stack_release(struct stack *s);
/* Output i, a stack of nothing: what the body says of its shape, 0 where it does not. */
gable_status stack_empty(struct call *c, int i, const struct tensor *item, int64_t n);
/* Item `at` of x along an axis: the same storage where the axis is 0, else a temporary copy. */
gable_status slice_of(struct call *c, const struct value *x, int axis, int64_t at, struct value *out);
#endif
