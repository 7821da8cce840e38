/* Numbers drawn from a seed: the same on every machine. */
#ifndef LEARN_MIXED_H
#define LEARN_MIXED_H
#include <stdint.h>

/* splitmix64 [Steele, Lea, Flood 2014]. */
static inline uint64_t mixed(uint64_t z)
{
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
/* The next one, from `from` to below `to`. */
static inline double drawn(uint64_t *state, double from, double to)
{
    *state = mixed(*state);
    return from + (to - from) * (double)(*state >> 11) * 0x1p-53;
}
#endif
