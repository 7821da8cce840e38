/* Large blocks, and how much memory there is for them. */
#ifndef ENGINE_CPU_MEMORY_H
#define ENGINE_CPU_MEMORY_H
#include <stddef.h>

/* n floats on huge pages where that is worth it: weights are streamed once per pass, and 4 KiB pages cost a tenth of
   that. Not touched yet, so that whoever writes it first has it near. NULL: no memory. free() ends it. */
float *memory_floats(size_t n);
/* Bytes that this process may still take: the least of MemAvailable, what RLIMIT_AS leaves and what the cgroup leaves.
   `root` is "" for this machine; tests give a folder that stands for / . */
size_t memory_available(const char *root);
#endif
