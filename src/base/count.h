/* Counts (FLOPs, MACs, bytes, elements): exact 64-bit integers that saturate. A total that does not fit stays
   COUNT_MAX, is printed as "too large", and no formula needs an if. */
#ifndef BASE_COUNT_H
#define BASE_COUNT_H
#include <stdint.h>

typedef int64_t count;
#define COUNT_MAX INT64_MAX

static inline count count_mul(count a, count b)
{
    count product;
    return __builtin_mul_overflow(a, b, &product) ? COUNT_MAX : product;
}
static inline count count_add(count a, count b)
{
    count sum;
    return __builtin_add_overflow(a, b, &sum) ? COUNT_MAX : sum;
}
#endif
