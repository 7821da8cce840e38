/* Costs of gradients that several families share. Each function gives the cost of the gradient of one input, from the
   output's gradient, which is there. Private to ops/. */
#ifndef OPS_GRADIENT_H
#define OPS_GRADIENT_H
#include "ops/rule.h"

/* Only moves data, or nothing at all. */
struct cost gradient_moved(const struct node *n, int input);
/* train.per_element[input] per output element (the last of them for every further input), then the sum over what
   broadcasting repeated: outputs - the input's elements additions. */
struct cost gradient_elementwise(const struct node *n, int input);
/* train.per_element[0] per element of input 0, train.per_element[1] per output. */
struct cost gradient_reduced(const struct node *n, int input);
/* outputs - inputs additions: what forward repeated is summed. */
struct cost gradient_summed(const struct node *n, int input);
/* `from` values summed into `into`. */
count gradient_sums(count from, count into);
bool gradient_is_trained(const struct node *n, int input); /* the input is there and a weight */
/* keep_bytes: as many values of the node's dtype, saturating. */
count gradient_value_bytes(const struct node *n, count values);
#endif
