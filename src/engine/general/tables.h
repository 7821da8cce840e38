/* Every file of kernels: its table here, once declared and once listed. */
#ifndef ENGINE_GENERAL_TABLES_H
#define ENGINE_GENERAL_TABLES_H
#include "engine/general/kernel.h"

extern const struct kernel kernels_identity[], kernels_control[], kernels_scan[], kernels_sequence[];
#define KERNEL_TABLES kernels_identity, kernels_control, kernels_scan, kernels_sequence
#endif
