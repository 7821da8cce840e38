#include "engine/general/kernels/fourier.h"

#include "engine/general/kernels/operands.h"

#include <inttypes.h>
#include <math.h>

static struct complex product(struct complex a, struct complex b)
{
    return (struct complex){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

/* Points in the order of their places' bits read backwards. */
static void reorder(struct complex *x, int64_t n)
{
    for (int64_t i = 1, k = 0; i < n; i++) {
        int64_t bit = n >> 1;
        for (; k & bit; bit >>= 1) k ^= bit;
        k ^= bit;
        if (i >= k) continue;
        struct complex kept = x[i];
        x[i] = x[k];
        x[k] = kept;
    }
}

static void transform(struct complex *x, int64_t n, const struct complex *turn)
{
    reorder(x, n);
    for (int64_t half = 1; half < n; half *= 2)
        for (int64_t at = 0; at < n; at += 2 * half)
            for (int64_t k = 0; k < half; k++) {
                struct complex a = x[at + k], b = product(x[at + half + k], turn[k * (n / 2 / half)]);
                x[at + k] = (struct complex){a.re + b.re, a.im + b.im};
                x[at + half + k] = (struct complex){a.re - b.re, a.im - b.im};
            }
}

/* jk = (j^2 + k^2 - (k - j)^2) / 2: the transform is a convolution with conj(chirp), between two products with it. */
static gable_status plan_chirp(struct call *c, struct fourier *f)
{
    f->chirp = call_scratch(c, (size_t)f->n * sizeof *f->chirp);
    f->sieve = call_scratch(c, (size_t)f->power * sizeof *f->sieve);
    if (!f->chirp || !f->sieve) return operand_no_memory(c);
    for (int64_t i = 0; i < f->power; i++) f->sieve[i] = (struct complex){0, 0};
    int64_t square = 0; /* i^2 modulo 2n: the angle stays exact */
    for (int64_t i = 0; i < f->n; i++) {
        double angle = -M_PI * (double)square / (double)f->n, share = 1 / (double)f->power;
        struct complex w = {cos(angle), sin(angle)}, back = {w.re * share, -w.im * share};
        f->chirp[i] = w;
        f->sieve[i] = back;
        if (i > 0) f->sieve[f->power - i] = back;
        square = (square + 2 * i + 1) % (2 * f->n);
    }
    transform(f->sieve, f->power, f->turn);
    return GABLE_OK;
}

gable_status fourier_plan(struct call *c, int64_t n, struct fourier *f)
{
    *f = (struct fourier){.n = n, .power = 1};
    if (n < 1 || n > 1 << 28) return call_refuse(c, "a transform of %" PRId64 " points", n);
    while (f->power < n) f->power *= 2;
    bool is_power = f->power == n;
    while (!is_power && f->power < 2 * n - 1) f->power *= 2;
    f->turn = call_scratch(c, (size_t)f->power * sizeof *f->turn);
    if (!f->turn) return operand_no_memory(c);
    for (int64_t k = 0; k < f->power / 2; k++) {
        double angle = -2 * M_PI * (double)k / (double)f->power;
        f->turn[k] = (struct complex){cos(angle), sin(angle)};
    }
    return is_power ? GABLE_OK : plan_chirp(c, f);
}

void fourier_run(const struct fourier *f, struct complex *x)
{
    if (!f->chirp) {
        transform(x, f->n, f->turn);
        return;
    }
    for (int64_t i = 0; i < f->power; i++) x[i] = i < f->n ? product(x[i], f->chirp[i]) : (struct complex){0, 0};
    transform(x, f->power, f->turn);
    for (int64_t i = 0; i < f->power; i++) { /* conjugated: the way back is the way there */
        struct complex p = product(x[i], f->sieve[i]);
        x[i] = (struct complex){p.re, -p.im};
    }
    transform(x, f->power, f->turn);
    for (int64_t i = 0; i < f->n; i++) x[i] = product((struct complex){x[i].re, -x[i].im}, f->chirp[i]);
}
