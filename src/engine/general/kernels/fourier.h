/* Discrete Fourier transforms of any length: of a power of two by halves [Cooley, Tukey 1965], of another as a
   convolution of such a length [Bluestein 1970]: n log n steps whatever n is. In doubles. */
#ifndef ENGINE_GENERAL_KERNELS_FOURIER_H
#define ENGINE_GENERAL_KERNELS_FOURIER_H
#include "engine/general/kernel.h"

struct complex {
    double re, im;
};
struct fourier {
    int64_t n, power;      /* points; those of the transform that does the work, a power of two */
    struct complex *turn;  /* exp(-2 pi i k / power), power / 2 of them */
    struct complex *chirp; /* exp(-pi i k^2 / n), n of them; NULL where n is a power of two */
    struct complex *sieve; /* the transform of the chirps that the points are convolved with */
};
/* For transforms of n >= 1 points, in the call's scratch. */
gable_status fourier_plan(struct call *c, int64_t n, struct fourier *f);
/* x holds power points, the first n of which become sum_j x[j] exp(-2 pi i j k / n); the others are overwritten. */
void fourier_run(const struct fourier *f, struct complex *x);
#endif
