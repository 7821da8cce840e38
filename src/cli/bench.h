/* What the files of gable bench share. */
#ifndef CLI_BENCH_H
#define CLI_BENCH_H
#include "bench/record.h"

void bench_print_table(const struct run *r, int n);
/* Per fused group of one run, with the row "(between operators)". */
void bench_print_groups(const struct run *r);
void bench_print_sentence(const struct run *r);
json_t *bench_json(const struct run *r, int n);
#endif
