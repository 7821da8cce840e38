/* The parts of `gable chips`. */
#ifndef CLI_CHIPS_H
#define CLI_CHIPS_H
#include "roof/chips.h"

#include <jansson.h>

void chips_print_list(const struct chip *const *chip, int n);
void chips_print_one(const struct chip *c);
/* A table and sentences that follow from its numbers. */
void chips_print_comparison(const struct chip *const *chip, int n);
/* One chip: a roof for each of its input types; several: a roof each for their shared type. */
void chips_print_plot(const struct chip *const *chip, int n);
/* --check: what a file states of chips, against `known`; the exit status, 1 where something is wrong. */
int chips_check(const char *path, const struct chips *known, bool wants_json);
json_t *chip_json(const struct chip *c);
#endif
