#include "machine/chains.h"

#include <string.h>

#define CHAINS_SUM(function, element)                            \
    double function(const void *lanes, size_t bytes)             \
    {                                                            \
        double sum = 0;                                          \
        for (size_t at = 0; at < bytes; at += sizeof(element)) { \
            element one;                                         \
            memcpy(&one, (const char *)lanes + at, sizeof one);  \
            sum += (double)one;                                  \
        }                                                        \
        return sum;                                              \
    }
CHAINS_SUM(chains_sum_f32, float)
CHAINS_SUM(chains_sum_f64, double)
CHAINS_SUM(chains_sum_s32, int32_t)
