#include "machine/kernels.h"

int flop_kernel_macs(const struct flop_kernel *k) { return k->macs_of_machine ? k->macs_of_machine() : k->macs; }
