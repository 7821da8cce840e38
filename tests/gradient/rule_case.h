/* One node, whose gradients by rule are compared with finite differences in double precision. */
#ifndef TESTS_GRADIENT_RULE_CASE_H
#define TESTS_GRADIENT_RULE_CASE_H
#include <stddef.h>

enum { RULE_INPUTS_MAX = 9 };
/* Inputs: "2x3" normal numbers that are wanted ("()" one number), "+2x3" between 0.5 and 2, "u2x3" between -0.9 and
   0.9,
   "=2x3" normal numbers whose gradient is not wanted, "i5:2x3" integers below 5, "b2x3" truth values, "c1,-2" a
   constant of integers, "r0.5" a constant real, "-" left out. Attributes: "axis=-1 pads=[1,2] alpha=0.5 mode:reflect";
   OPSET=11 (18 where it is not there). */
struct rule_case {
    const char *op, *attributes, *in[RULE_INPUTS_MAX];
};
void rules_hold(const struct rule_case *cases, size_t n);
/* The sentence that refuses the node. */
void rule_refuses(const struct rule_case *c, const char *words);

/* The same where the node wants more: `finish` gives it its bodies, say, and takes from it the inputs that they
   capture. */
struct graph;
struct node;
typedef void rule_finish(struct graph *g, struct node *n);
void rules_hold_with(const struct rule_case *cases, size_t n, rule_finish *finish);
void rule_refuses_with(const struct rule_case *c, rule_finish *finish, const char *words);
#endif
