#include "roof/statement.h"

#include "base/text.h"

#include <string.h>
#include <strings.h>

#define RATE(field, unit, type)                                  \
    {                                                            \
        field, unit, STATEMENT_RATE, DTYPE_##type, 0, NULL, 0, 1 \
    }
#define CLOCK(field, which)                                      \
    {                                                            \
        field, "GHz", STATEMENT_CLOCK, DTYPE_F32, 0, which, 0, 1 \
    }
#define FACTOR(field, unit, type, role, scale)                                     \
    {                                                                              \
        field, unit, STATEMENT_FACTOR, DTYPE_##type, FACTOR_##role, NULL, 0, scale \
    }
#define PLAIN(field, unit, member, scale)                                                            \
    {                                                                                                \
        field, unit, STATEMENT_PLAIN, DTYPE_UNDEFINED, 0, NULL, offsetof(struct chip, member), scale \
    }
static const struct statement statements[] = {
    RATE("fp64_gflops", "GFLOPS", F64),
    RATE("fp32_gflops", "GFLOPS", F32),
    RATE("tf32_gflops", "GFLOPS", TF32),
    RATE("bf16_gflops", "GFLOPS", BF16),
    RATE("fp16_gflops", "GFLOPS", F16),
    RATE("fp8_gflops", "GFLOPS", F8),
    RATE("fp4_gflops", "GFLOPS", F4),
    RATE("int8_gops", "GOPS", S8),
    RATE("int4_gops", "GOPS", S4),
    {"bandwidth_gbs", "GB/s", STATEMENT_MEMORY, DTYPE_UNDEFINED, 0, NULL, 0, 1},
    CLOCK("clock_base_ghz", "base"),
    CLOCK("clock_boost_ghz", "boost"),
    FACTOR("sockets", "sockets", F32, SOCKETS, 1),
    FACTOR("cores_per_socket", "cores", F32, CORES, 1),
    FACTOR("flops_per_cycle_and_core", "FLOP", F32, LANES, 1),
    FACTOR("memory_rate_mts", "MT/s", UNDEFINED, RATE, 0.001),
    FACTOR("memory_channels_per_socket", "channels", UNDEFINED, CHANNELS, 1),
    FACTOR("bytes_per_transfer", "bytes", UNDEFINED, BYTES, 1),
    FACTOR("bus_bits", "bits", UNDEFINED, BUS, 1),
    PLAIN("memory_gb", "GB", memory_bytes, 1e9),
    PLAIN("tdp_w", "W", tdp_w, 1),
    PLAIN("process_nm", "nm", process_nm, 1),
    {"memory_type", "", STATEMENT_TEXT, DTYPE_UNDEFINED, 0, NULL, 0, 1},
};

const struct statement *statement_find(const char *field)
{
    for (size_t i = 0; i < COUNT_OF(statements); i++)
        if (!strcmp(statements[i].field, field)) return &statements[i];
    return NULL;
}

const char *statement_nearest(const char *field)
{
    const char *names[COUNT_OF(statements)];
    for (size_t i = 0; i < COUNT_OF(statements); i++) names[i] = statements[i].field;
    return text_nearest(field, names, COUNT_OF(statements));
}

static const struct {
    const char *name;
    double scale; /* in the first unit of its kind */
    const char *kind;
} units[] = {
    {"GFLOPS", 1, "rate"},
    {"GFLOP/s", 1, "rate"},
    {"TFLOPS", 1e3, "rate"},
    {"TFLOP/s", 1e3, "rate"},
    {"PFLOPS", 1e6, "rate"},
    {"MFLOPS", 1e-3, "rate"},
    {"GOPS", 1, "rate"},
    {"TOPS", 1e3, "rate"},
    {"GB/s", 1, "bytes"},
    {"MB/s", 1e-3, "bytes"},
    {"TB/s", 1e3, "bytes"},
    {"GiB/s", 1.073741824, "bytes"},
    {"Gbit/s", 0.125, "bytes"},
    {"Gb/s", 0.125, "bytes"},
    {"GHz", 1, "clock"},
    {"MHz", 1e-3, "clock"},
    {"MT/s", 1, "transfers"},
    {"GT/s", 1e3, "transfers"},
    {"GB", 1, "size"},
    {"GiB", 1.073741824, "size"},
    {"TB", 1e3, "size"},
    {"W", 1, "W"},
    {"nm", 1, "nm"},
    {"cores", 1, "cores"},
    {"FLOP", 1, "FLOP"},
    {"channels", 1, "channels"},
    {"bytes", 1, "count"},
    {"bits", 1, "bits"},
    {"sockets", 1, "sockets"},
};

static int unit_index(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(units); i++)
        if (!strcasecmp(units[i].name, name) && (name[1] != 'b' || units[i].name[1] == 'b')) return (int)i;
    return -1;
}

double statement_unit(const struct statement *s, const char *unit)
{
    if (!*unit || !strcmp(unit, s->unit)) return 1;
    int own = unit_index(s->unit), other = unit_index(unit);
    if (own < 0 || other < 0 || strcmp(units[own].kind, units[other].kind) != 0) return 0;
    return units[other].scale / units[own].scale;
}

/* A core's work per cycle is all that stands behind the cores but the clock. */
static double per_cycle(const struct factors *f)
{
    const struct factor *cores = factors_find(f, FACTOR_CORES), *clock = factors_find(f, FACTOR_CLOCK);
    const struct factor *sockets = factors_find(f, FACTOR_SOCKETS);
    if (!cores || !clock) return 0;
    return factors_product(f) / cores->value / clock->value / (sockets ? sockets->value : 1);
}

static double factor_value(const struct statement *s, const struct factors *f)
{
    if (s->role == FACTOR_LANES) return per_cycle(f);
    const struct factor *x = factors_find(f, s->role);
    return x ? x->value / s->scale : 0;
}

void statement_fact(const struct statement *s, const struct chip *c, struct fact *out)
{
    *out = (struct fact){.text = ""};
    bool is_memory = s->kind == STATEMENT_MEMORY || (s->kind == STATEMENT_FACTOR && s->dtype == DTYPE_UNDEFINED);
    if (is_memory && c->bandwidth.value > 0) out->rate = &c->bandwidth;
    if (s->kind == STATEMENT_RATE || (s->kind == STATEMENT_FACTOR && !is_memory)) out->rate = chip_peak(c, s->dtype);
    if (out->rate) factors_of(c, out->rate, &out->factors);
    switch (s->kind) {
    case STATEMENT_RATE:
    case STATEMENT_MEMORY: out->value = out->rate ? out->rate->value / 1e9 : 0; break;
    case STATEMENT_CLOCK: out->value = chip_clock(c, s->clock); break;
    case STATEMENT_FACTOR: out->value = factor_value(s, &out->factors); break;
    case STATEMENT_PLAIN: out->value = *(const double *)(const void *)((const char *)c + s->offset) / s->scale; break;
    case STATEMENT_TEXT: out->text = c->memory_type; break;
    }
}
