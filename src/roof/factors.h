/* What the factors of a derivation are: "2*22*2.2*8*2*2" is sockets, cores, clock, lanes, units and the two operations
   of a multiply-add; "5120/8*3.024" is the bus, its bits per byte and the rate of a pin. */
#ifndef ROOF_FACTORS_H
#define ROOF_FACTORS_H
#include "roof/chips.h"

enum factor_role {
    FACTOR_SOCKETS,
    FACTOR_CORES, /* SMs, compute units */
    FACTOR_CLOCK, /* GHz */
    FACTOR_LANES,
    FACTOR_UNITS,    /* pipes, arrays */
    FACTOR_TWO,      /* a multiply-add is two operations */
    FACTOR_CHANNELS, /* of memory */
    FACTOR_RATE,     /* GT/s, Gbit/s per pin */
    FACTOR_BYTES,    /* of a transfer */
    FACTOR_BUS,      /* bits; its 8 divides */
    FACTOR_EIGHT,
    FACTOR_OTHER
};
enum { FACTORS_MAX = 12 };
struct factor {
    enum factor_role role;
    double value;
    bool divides;
};
struct factors {
    int n; /* 0: no derivation, or more than a product */
    struct factor factor[FACTORS_MAX];
};
void factors_of(const struct chip *c, const struct chip_rate *r, struct factors *out);
double factors_product(const struct factors *f);
/* The first of that role; NULL where there is none. */
const struct factor *factors_find(const struct factors *f, enum factor_role role);
/* From the chip's words "base clock: base 2.2 GHz, boost 3.6 GHz"; 0 where it is not said. */
double chip_clock(const struct chip *c, const char *which);
#endif
