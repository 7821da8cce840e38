#include "roof/factors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double chip_clock(const struct chip *c, const char *which)
{
    size_t len = strlen(which);
    for (const char *p = c->clock; (p = strstr(p, which)); p += len)
        if (p[len] == ' ' && p[len + 1] >= '0' && p[len + 1] <= '9') return strtod(p + len + 1, NULL);
    return 0;
}

static bool is_same(double a, double b) { return fabs(a - b) <= 1e-6 * fabs(b); }

/* Numbers with * and / between them, nothing else. */
static bool split(const char *text, struct factors *out)
{
    bool divides = false;
    for (const char *p = text;; p++) {
        char *end;
        if (*p < '0' || *p > '9' || out->n == FACTORS_MAX) return false;
        out->factor[out->n++] = (struct factor){FACTOR_OTHER, strtod(p, &end), divides};
        p = end;
        if (!*p) return true;
        if (*p != '*' && *p != '/') return false;
        divides = *p == '/';
    }
}

/* The clock is one that the chip's words name, else the last number that is not whole. */
static int find_clock(const struct chip *c, const struct factors *f)
{
    double base = chip_clock(c, "base"), boost = chip_clock(c, "boost");
    int fraction = -1;
    for (int k = 1; k < f->n; k++) { /* a CPU's stands in the middle, the others' at the end */
        int i = c->kind == CHIP_CPU ? k : f->n - k;
        double v = f->factor[i].value;
        if (is_same(v, base) || is_same(v, boost)) return i;
        if (fraction < 0 && v != floor(v)) fraction = i;
    }
    return fraction;
}

static bool has_sockets(const struct chip *c, const struct factors *f)
{
    return c->kind == CHIP_CPU && f->n > 2 && !strncmp(c->name, "2 x ", 4) && f->factor[0].value == 2;
}

/* CPUs: [sockets,] cores, clock, lanes, units, 2. The others: cores, lanes, ..., 2, clock. */
static void name_compute(const struct chip *c, struct factors *f)
{
    int clock = find_clock(c, f), first = has_sockets(c, f), last = f->n - 1;
    bool is_lanes_next = true;
    if (first) f->factor[0].role = FACTOR_SOCKETS;
    if (clock >= 0) f->factor[clock].role = FACTOR_CLOCK;
    if (last == clock) last--;
    for (int i = first; i < f->n; i++) {
        struct factor *x = &f->factor[i];
        if (i == clock) continue;
        if (i == first)
            x->role = FACTOR_CORES;
        else if (i == last && x->value == 2)
            x->role = FACTOR_TWO;
        else if (x->value == 1)
            x->role = FACTOR_OTHER;
        else {
            x->role = is_lanes_next ? FACTOR_LANES : FACTOR_UNITS;
            is_lanes_next = false;
        }
    }
}

/* "256/8*10"; "2*4*2.4*8": [sockets,] channels, rate, bytes; "8*4.266": bytes, rate. */
static void name_memory(const struct chip *c, struct factors *f)
{
    int first = has_sockets(c, f), rate = -1;
    if (first) f->factor[0].role = FACTOR_SOCKETS;
    if (f->n == 3 && f->factor[1].divides && f->factor[1].value == 8) {
        f->factor[0].role = FACTOR_BUS;
        f->factor[1].role = FACTOR_EIGHT;
        f->factor[2].role = FACTOR_RATE;
        return;
    }
    for (int i = first; i < f->n; i++) {
        if (f->factor[i].divides) return; /* made in another way */
        if (f->factor[i].value != floor(f->factor[i].value)) rate = i;
    }
    if (rate < 0) return;
    f->factor[rate].role = FACTOR_RATE;
    if (rate == first + 1 && f->n == rate + 2) {
        f->factor[first].role = FACTOR_CHANNELS;
        f->factor[rate + 1].role = FACTOR_BYTES;
    } else if (rate == first + 1 && f->n == rate + 1) {
        f->factor[first].role = FACTOR_BYTES;
    }
}

void factors_of(const struct chip *c, const struct chip_rate *r, struct factors *out)
{
    *out = (struct factors){0};
    if (!r->derivation || !split(r->derivation, out)) {
        out->n = 0;
        return;
    }
    if (r == &c->bandwidth)
        name_memory(c, out);
    else
        name_compute(c, out);
}

double factors_product(const struct factors *f)
{
    double product = 1;
    for (int i = 0; i < f->n; i++)
        product = f->factor[i].divides ? product / f->factor[i].value : product * f->factor[i].value;
    return product;
}

const struct factor *factors_find(const struct factors *f, enum factor_role role)
{
    for (int i = 0; i < f->n; i++)
        if (f->factor[i].role == role) return &f->factor[i];
    return NULL;
}
