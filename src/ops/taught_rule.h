/* A taught rule: a row of the operator table with its expressions behind it. Private to ops/taught*.c. */
#ifndef OPS_TAUGHT_RULE_H
#define OPS_TAUGHT_RULE_H
#include "ops/taught.h"

enum { RULE_NAMES_MAX = TAUGHT_LETS_MAX + 2 };
struct rule {
    struct op op; /* nodes point to it; rule_cost finds the rule around it */
    size_t line;
    int n_named; /* those of `let`, then macs, then flops where it is given */
    struct {
        const char *name, *text;
    } named[RULE_NAMES_MAX];
    int macs, flops; /* places in named; flops -1 where it is not given */
};
struct taught {
    struct arena *arena; /* everything here */
    const char *name;
    int n;
    struct rule *rule;
};
struct cost rule_cost(const struct node *n);
/* Evaluates one expression for a node; with n NULL checks names, functions and cycles alone. */
bool rule_evaluate(const struct rule *r, const struct node *n, int which, double *value, size_t *at, gable_error *e);
#endif
