#include "random.h"

#include <math.h>

/* splitmix64 [Steele, Lea, Flood 2014] */
double random_uniform(struct random *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) / 9007199254740992.0;
}

double random_normal(struct random *r)
{
    double u = random_uniform(r), v = random_uniform(r);
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}

double random_exponential(struct random *r) { return -log(random_uniform(r)); }
