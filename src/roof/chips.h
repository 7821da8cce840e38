/* The chip database: peaks and bandwidths with their derivations, evaluated when the file is loaded. */
#ifndef ROOF_CHIPS_H
#define ROOF_CHIPS_H
#include "base/limits.h"
#include "roof/roof.h"

enum chip_kind { CHIP_CPU, CHIP_GPU, CHIP_ASIC, CHIP_SOC, CHIP_MCU, CHIP_KIND_N };
const char *chip_kind_name(enum chip_kind k);

enum confidence { CONFIDENCE_VENDOR, CONFIDENCE_DERIVED, CONFIDENCE_THIRD_PARTY, CONFIDENCE_ESTIMATE, CONFIDENCE_N };
const char *confidence_name(enum confidence c);

/* One rate with where it comes from. Strings live as long as the chips. */
struct chip_rate {
    enum dtype dtype;       /* of the inputs */
    const char *what;       /* "" for the fastest dense rate; else "vector", "turbo", "fp32 accumulate", ... */
    double value;           /* FLOP/s or OP/s */
    const char *derivation; /* "80*64*2*1.38" in GFLOP/s (GB/s for bandwidth); NULL where factors are not published */
    double derived;         /* what the derivation gives, in the unit of value; 0 without one */
    enum confidence confidence;
    const char *source;
    int line; /* of its file where the value stands */
};
struct chip {
    const char *id, *name, *vendor;
    enum chip_kind kind;
    const char *unit; /* the part that computes: cpu, gpu, npu, soc */
    int year;
    double process_nm, tdp_w; /* 0 where unknown */
    double memory_bytes;
    const char *memory_type;
    struct chip_rate bandwidth; /* byte/s; dtype undefined; value 0 where none is known */
    int n_rates;
    struct chip_rate *rates;
    const char *clock, *notes, *source;
    enum confidence confidence;
    bool is_in_study; /* one of the ten that the report must show */
};
struct chips {
    struct arena *arena;
    int n;
    struct chip *chip;
};
enum { CHIPS_FILE_MAX = LIMIT_CHIPS_BYTES, CHIPS_MAX = 1024, CHIP_RATES_MAX = 48 };
/* The built-in database. */
gable_status chips_builtin(struct chips **out, gable_error *e);
/* Checks against the same schema; errors carry line and column; nothing half loaded. `name` is for messages. */
gable_status chips_parse(const char *name, const char *yaml, size_t len, struct chips **out, gable_error *e);
/* The built-in database with the user's own on top: `path` or, where that is NULL, chips.yaml in the XDG data directory
   if it is there. A user's entry replaces a built-in one of the same id. */
gable_status chips_load(const char *path, struct chips **out, gable_error *e);
void chips_free(struct chips *c);
/* By id, or by id without its vendor where only one chip has that: "t4" is nvidia_t4. NULL where there is none. */
const struct chip *chips_find(const struct chips *c, const char *word);
/* The fastest rate for that input type (what == ""), or NULL. */
const struct chip_rate *chip_peak(const struct chip *c, enum dtype d);
/* False where the chip has no such rate or no bandwidth. */
bool chip_roof(const struct chip *c, enum dtype d, struct roof *out);
#endif
