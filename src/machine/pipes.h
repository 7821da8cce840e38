/* How many instructions of a kind a core starts per cycle: the theory that measured FLOP/s are divided by. */
#ifndef MACHINE_PIPES_H
#define MACHINE_PIPES_H
#include "machine/kernels.h"
#include "machine/machine.h"

/* 0 where the core is not in the table or its documents do not say. */
double pipes_per_cycle(const struct topology *t, enum issue issue);
/* The microarchitecture's name, "" where it is not in the table. */
const char *pipes_core_name(const struct topology *t);
/* FLOP (OP for integers) per cycle and core of a kernel; 0 unknown. */
double pipes_flops_per_cycle(const struct topology *t, const struct flop_kernel *k);
#endif
