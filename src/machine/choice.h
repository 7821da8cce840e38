/* Which of the kernels fit this machine. */
#ifndef MACHINE_CHOICE_H
#define MACHINE_CHOICE_H
#include "machine/kernels.h"

/* The widest fp32 vector kernel; never NULL: every CPU of an architecture has its first. */
const struct flop_kernel *choice_fp32(uint32_t isas);
const struct stream_set *choice_streams(uint32_t isas);
/* By its name; NULL where the set has none. */
const struct stream_kernel *choice_stream(const struct stream_set *set, const char *what);
#endif
