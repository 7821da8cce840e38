/* The schema of a chips file, as tables of fields, and the pass that reads YAML by them. */
#include "roof/chips_read.h"

#include "base/arithmetic.h"
#include "base/text.h"
#include "base/yaml_reader.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum field_kind {
    FIELD_TEXT,
    FIELD_ID,
    FIELD_NUMBER, /* a double, times scale */
    FIELD_YEAR,
    FIELD_FLAG,
    FIELD_KIND,
    FIELD_CONFIDENCE,
    FIELD_DTYPE,
    FIELD_BANDWIDTH,
    FIELD_RATES
};
struct field {
    const char *key;
    enum field_kind kind;
    size_t offset; /* in struct chip or struct chip_rate */
    bool is_required;
    double most, scale; /* numbers are above 0 and at most this */
};
enum { FIELDS_MAX = 20, TEXT_MAX = 2000 };

#define AT(member) offsetof(struct chip, member)
static const struct field chip_fields[] = {
    {"id", FIELD_ID, AT(id), true, 0, 0},
    {"name", FIELD_TEXT, AT(name), true, 0, 0},
    {"vendor", FIELD_TEXT, AT(vendor), true, 0, 0},
    {"kind", FIELD_KIND, AT(kind), true, 0, 0},
    {"unit", FIELD_TEXT, AT(unit), true, 0, 0},
    {"year", FIELD_YEAR, AT(year), true, 0, 0},
    {"study", FIELD_FLAG, AT(is_in_study), false, 0, 0},
    {"process_nm", FIELD_NUMBER, AT(process_nm), false, 1e5, 1},
    {"tdp_w", FIELD_NUMBER, AT(tdp_w), false, 1e6, 1},
    {"memory_gb", FIELD_NUMBER, AT(memory_bytes), false, 1e6, 1e9},
    {"memory_type", FIELD_TEXT, AT(memory_type), false, 0, 0},
    {"clock", FIELD_TEXT, AT(clock), false, 0, 0},
    {"confidence", FIELD_CONFIDENCE, AT(confidence), true, 0, 0},
    {"source", FIELD_TEXT, AT(source), true, 0, 0},
    {"notes", FIELD_TEXT, AT(notes), false, 0, 0},
    {"bandwidth", FIELD_BANDWIDTH, AT(bandwidth), false, 0, 0},
    {"rates", FIELD_RATES, AT(rates), true, 0, 0},
};
#undef AT
#define AT(member) offsetof(struct chip_rate, member)
enum { BANDWIDTH_VALUE, BANDWIDTH_DERIVATION };
static const struct field bandwidth_fields[] = {
    [BANDWIDTH_VALUE] = {"gb_per_s", FIELD_NUMBER, AT(value), true, 1e9, 1e9},
    [BANDWIDTH_DERIVATION] = {"derivation", FIELD_TEXT, AT(derivation), false, 0, 0},
    {"confidence", FIELD_CONFIDENCE, AT(confidence), false, 0, 0},
    {"source", FIELD_TEXT, AT(source), false, 0, 0},
};
static const struct field rate_fields[] = {
    [BANDWIDTH_VALUE] = {"gop_per_s", FIELD_NUMBER, AT(value), true, 1e12, 1e9},
    [BANDWIDTH_DERIVATION] = {"derivation", FIELD_TEXT, AT(derivation), false, 0, 0},
    {"dtype", FIELD_DTYPE, AT(dtype), true, 0, 0},
    {"what", FIELD_TEXT, AT(what), false, 0, 0},
    {"confidence", FIELD_CONFIDENCE, AT(confidence), false, 0, 0},
    {"source", FIELD_TEXT, AT(source), false, 0, 0},
};
#undef AT

struct pass {
    struct yaml_reader y;
    struct arena *arena;
    enum derivations derivations;
    struct chip *chip; /* grows by realloc */
    int n, room;
};

static void expected(struct pass *p, const char *key, const char *what)
{
    char found[200];
    yaml_reader_fail(&p->y, yaml_reader_place(&p->y), "'%s': expected %s, found %s", key, what,
                     yaml_reader_found(&p->y, found, sizeof found));
}

static const char *keep(struct pass *p, const char *text)
{
    const char *kept = arena_string(p->arena, text);
    if (!kept) yaml_reader_fail(&p->y, yaml_reader_place(&p->y), "the file holds too much text");
    return kept;
}

static const char *read_text(struct pass *p, const struct field *f)
{
    const char *text = yaml_reader_text(&p->y);
    if (!text || !*text || strlen(text) > TEXT_MAX) {
        expected(p, f->key, "a text of 1 to 2000 bytes");
        return NULL;
    }
    return keep(p, text);
}

static const char *read_id(struct pass *p, const struct field *f)
{
    const char *text = yaml_reader_text(&p->y);
    size_t len = text ? strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_") : 0;
    if (!len || text[len] || len > 60) {
        expected(p, f->key, "1 to 60 of a-z, 0-9 and _");
        return NULL;
    }
    return keep(p, text);
}

static bool number_of(const char *text, double *out)
{
    if (!text || !*text || text[strspn(text, "0123456789.eE+-")]) return false;
    char *end = NULL;
    *out = strtod(text, &end);
    return !*end && isfinite(*out);
}

static double read_number(struct pass *p, const struct field *f)
{
    double value = 0;
    if (number_of(yaml_reader_text(&p->y), &value) && value > 0 && value <= f->most) return value * f->scale;
    char range[80];
    snprintf(range, sizeof range, "a number above 0 and at most %g", f->most);
    expected(p, f->key, range);
    return 0;
}

static int read_year(struct pass *p, const struct field *f)
{
    double value = 0;
    if (number_of(yaml_reader_text(&p->y), &value) && value >= 1940 && value <= 2100 && value == floor(value))
        return (int)value;
    expected(p, f->key, "a year from 1940 to 2100");
    return 0;
}

static bool read_flag(struct pass *p, const struct field *f)
{
    const char *text = yaml_reader_text(&p->y);
    bool is_true = text && !strcmp(text, "true");
    if (!is_true && (!text || strcmp(text, "false") != 0)) expected(p, f->key, "true or false");
    return is_true;
}

static enum chip_kind read_kind(struct pass *p, const struct field *f)
{
    const char *text = yaml_reader_text(&p->y);
    for (int k = 0; text && k < CHIP_KIND_N; k++)
        if (!strcmp(chip_kind_name((enum chip_kind)k), text)) return (enum chip_kind)k;
    expected(p, f->key, "cpu, gpu, asic, soc or mcu");
    return CHIP_CPU;
}

static enum confidence read_confidence(struct pass *p, const struct field *f)
{
    const char *text = yaml_reader_text(&p->y);
    for (int c = 0; text && c < CONFIDENCE_N; c++)
        if (!strcmp(confidence_name((enum confidence)c), text)) return (enum confidence)c;
    expected(p, f->key, "vendor, derived, third_party or estimate");
    return CONFIDENCE_N;
}

static enum dtype read_dtype(struct pass *p, const struct field *f)
{
    const char *text = yaml_reader_text(&p->y);
    enum dtype d = text ? dtype_find(text) : DTYPE_UNDEFINED;
    if (d == DTYPE_UNDEFINED) expected(p, f->key, "f64, f32, tf32, bf16, f16, f8, f4, s8 or s4");
    return d;
}

static const struct field *find_field(struct pass *p, const struct field *fields, int n)
{
    const char *key = yaml_reader_text(&p->y), *keys[FIELDS_MAX];
    for (int i = 0; i < n; i++) {
        keys[i] = fields[i].key;
        if (key && !strcmp(key, keys[i])) return &fields[i];
    }
    const char *nearest = key ? text_nearest(key, keys, (size_t)n) : NULL;
    char found[200];
    yaml_reader_fail(&p->y, yaml_reader_place(&p->y), "unknown key %s%s%s%s",
                     yaml_reader_found(&p->y, found, sizeof found), nearest ? ", did you mean '" : "",
                     nearest ? nearest : "", nearest ? "'?" : "");
    return NULL;
}

/* Steps through a mapping: true with *f set while the current event is the value of a known key. places[i] is where the
   value of fields[i] stands. */
static bool next_value(struct pass *p, const struct field *fields, int n, struct place *places, const struct field **f)
{
    yaml_event_type_t type = yaml_reader_next(&p->y);
    if (type == YAML_NO_EVENT || type == YAML_MAPPING_END_EVENT) return false;
    *f = find_field(p, fields, n);
    if (!*f) return false;
    struct place key = yaml_reader_place(&p->y), *seen = &places[*f - fields];
    if (seen->line) yaml_reader_fail(&p->y, key, "'%s' is given twice, first on line %zu", (*f)->key, seen->line);
    if (yaml_reader_next(&p->y) == YAML_NO_EVENT) return false;
    *seen = yaml_reader_place(&p->y);
    return true;
}

static bool is_mapping(struct pass *p, const char *key)
{
    if (yaml_reader_type(&p->y) == YAML_MAPPING_START_EVENT) return true;
    expected(p, key, "a mapping");
    return false;
}

static void require(struct pass *p, struct place start, const struct field *fields, int n, const struct place *places)
{
    for (int i = 0; i < n; i++)
        if (fields[i].is_required && !places[i].line)
            yaml_reader_fail(&p->y, start, "'%s' is missing here", fields[i].key);
}

/* The derivation must give the value within 1 %. */
static void check_derivation(struct pass *p, struct chip_rate *rate, struct place at, bool is_quoted)
{
    if (p->y.status || !rate->derivation) return;
    gable_error e = {0};
    size_t offset = 0;
    if (arithmetic(rate->derivation, NULL, &rate->derived, &offset, &e)) {
        at.column += offset + is_quoted;
        yaml_reader_fail(&p->y, at, "'derivation': %s in '%.100s'", e.why, rate->derivation);
        return;
    }
    if (p->derivations == DERIVATIONS_MUST_AGREE && !(fabs(rate->derived * 1e9 - rate->value) <= 0.01 * rate->value))
        yaml_reader_fail(&p->y, at, "the derivation gives %.6g, the value is %.6g: they may differ by 1 %%",
                         rate->derived, rate->value / 1e9);
    rate->derived *= 1e9;
}

static void read_rate(struct pass *p, const struct field *fields, int n, const char *key, struct chip_rate *rate)
{
    if (!is_mapping(p, key)) return;
    struct place start = yaml_reader_place(&p->y), places[FIELDS_MAX] = {{0}};
    bool is_quoted = false;
    *rate = (struct chip_rate){.what = "", .confidence = CONFIDENCE_N};
    for (const struct field *f; next_value(p, fields, n, places, &f);) {
        char *member = (char *)rate + f->offset;
        switch (f->kind) {
        case FIELD_NUMBER: *(double *)(void *)member = read_number(p, f); break;
        case FIELD_DTYPE: rate->dtype = read_dtype(p, f); break;
        case FIELD_CONFIDENCE: rate->confidence = read_confidence(p, f); break;
        default: *(const char **)(void *)member = read_text(p, f);
        }
        if (f == &fields[BANDWIDTH_DERIVATION] && !p->y.status)
            is_quoted = p->y.event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    }
    require(p, start, fields, n, places);
    rate->line = (int)places[BANDWIDTH_VALUE].line;
    check_derivation(p, rate, places[BANDWIDTH_DERIVATION], is_quoted);
}

static void read_rates(struct pass *p, const struct field *f, struct chip *chip)
{
    struct chip_rate rates[CHIP_RATES_MAX];
    int n = 0;
    if (yaml_reader_type(&p->y) != YAML_SEQUENCE_START_EVENT) {
        expected(p, f->key, "a list");
        return;
    }
    struct place start = yaml_reader_place(&p->y);
    while (yaml_reader_next(&p->y) != YAML_SEQUENCE_END_EVENT && !p->y.status) {
        struct place at = yaml_reader_place(&p->y);
        if (n == CHIP_RATES_MAX) {
            yaml_reader_fail(&p->y, at, "more than %d rates", CHIP_RATES_MAX);
            return;
        }
        read_rate(p, rate_fields, COUNT_OF(rate_fields), "rates", &rates[n]);
        for (int i = 0; i < n && !p->y.status; i++)
            if (rates[i].dtype == rates[n].dtype && !strcmp(rates[i].what, rates[n].what))
                yaml_reader_fail(&p->y, at, "a second %s rate%s%s", dtype_name(rates[n].dtype),
                                 *rates[n].what ? " of the kind " : "; say which with 'what'", rates[n].what);
        n++;
    }
    if (!n) yaml_reader_fail(&p->y, start, "'rates': expected at least one");
    if (p->y.status) return;
    chip->n_rates = n;
    chip->rates = arena_array(p->arena, (size_t)n, sizeof *rates);
    if (chip->rates)
        memcpy(chip->rates, rates, (size_t)n * sizeof *rates);
    else
        yaml_reader_fail(&p->y, start, "the file holds too much");
}

static void inherit(const struct chip *chip, struct chip_rate *rate)
{
    if (!rate->source) rate->source = chip->source;
    if (rate->confidence == CONFIDENCE_N) rate->confidence = chip->confidence;
}

static void read_chip_field(struct pass *p, const struct field *f, struct chip *chip)
{
    char *member = (char *)chip + f->offset;
    switch (f->kind) {
    case FIELD_TEXT: *(const char **)(void *)member = read_text(p, f); break;
    case FIELD_ID: chip->id = read_id(p, f); break;
    case FIELD_NUMBER: *(double *)(void *)member = read_number(p, f); break;
    case FIELD_YEAR: chip->year = read_year(p, f); break;
    case FIELD_FLAG: chip->is_in_study = read_flag(p, f); break;
    case FIELD_KIND: chip->kind = read_kind(p, f); break;
    case FIELD_CONFIDENCE: chip->confidence = read_confidence(p, f); break;
    case FIELD_BANDWIDTH: read_rate(p, bandwidth_fields, COUNT_OF(bandwidth_fields), f->key, &chip->bandwidth); break;
    case FIELD_RATES: read_rates(p, f, chip); break;
    case FIELD_DTYPE: break; /* of rates only */
    }
}

static void read_chip(struct pass *p, struct chip *chip)
{
    if (!is_mapping(p, "chips")) return;
    struct place start = yaml_reader_place(&p->y), places[FIELDS_MAX] = {{0}};
    *chip = (struct chip){.memory_type = "", .clock = "", .notes = ""};
    for (const struct field *f; next_value(p, chip_fields, COUNT_OF(chip_fields), places, &f);)
        read_chip_field(p, f, chip);
    require(p, start, chip_fields, COUNT_OF(chip_fields), places);
    if (p->y.status || !chip->id) return;
    for (int i = 0; i < p->n; i++)
        if (!strcmp(p->chip[i].id, chip->id))
            yaml_reader_fail(&p->y, places[0], "id '%s' was given to an earlier chip", chip->id);
    if (p->y.status) return;
    inherit(chip, &chip->bandwidth);
    for (int i = 0; i < chip->n_rates; i++) inherit(chip, &chip->rates[i]);
}

static bool grow(struct pass *p)
{
    if (p->n < p->room) return true;
    int room = p->room ? 2 * p->room : 128;
    struct chip *chip = p->n < CHIPS_MAX ? realloc(p->chip, (size_t)room * sizeof *chip) : NULL;
    if (!chip) {
        yaml_reader_fail(&p->y, yaml_reader_place(&p->y), "more than %d chips, or no memory", p->n);
        return false;
    }
    p->chip = chip;
    p->room = room;
    return true;
}

static void read_document(struct pass *p)
{
    static const char form[] = "'chips:' and a list of chips";
    yaml_reader_next(&p->y); /* the stream */
    yaml_event_type_t type = yaml_reader_next(&p->y);
    if (type != YAML_STREAM_END_EVENT) type = yaml_reader_next(&p->y);
    if (type != YAML_MAPPING_START_EVENT) expected(p, "file", form);
    yaml_reader_next(&p->y);
    const char *key = yaml_reader_text(&p->y);
    if (!key || strcmp(key, "chips") != 0) expected(p, "file", form);
    if (yaml_reader_next(&p->y) != YAML_SEQUENCE_START_EVENT) expected(p, "chips", "a list");
    while (yaml_reader_next(&p->y) != YAML_SEQUENCE_END_EVENT && grow(p)) {
        read_chip(p, &p->chip[p->n]);
        if (p->y.status) return;
        p->n++;
    }
    if (yaml_reader_next(&p->y) != YAML_MAPPING_END_EVENT) expected(p, "file", "nothing after the list of chips");
    yaml_reader_next(&p->y); /* the document's end */
    if (yaml_reader_next(&p->y) != YAML_STREAM_END_EVENT) expected(p, "file", "one document");
}

gable_status chips_read(const char *name, const char *yaml, size_t len, enum derivations d, struct arena *a,
                        struct chip **chip, int *n, gable_error *e)
{
    if (len > CHIPS_FILE_MAX) {
        error_set(e, GABLE_BAD_INPUT, "%zu bytes; a chips file may have %d", len, CHIPS_FILE_MAX);
        error_within(e, "%s", name);
        return GABLE_BAD_INPUT;
    }
    struct pass p = {.arena = a, .derivations = d};
    yaml_reader_init(&p.y, name, yaml, len, e);
    if (!p.y.status) read_document(&p);
    gable_status s = p.y.status;
    if (!s) {
        *chip = arena_array(a, (size_t)p.n + 1, sizeof **chip);
        *n = p.n;
        if (!*chip)
            s = error_set(e, GABLE_NO_MEMORY, "no memory for %d chips", p.n);
        else if (p.n)
            memcpy(*chip, p.chip, (size_t)p.n * sizeof **chip);
    }
    free(p.chip);
    yaml_reader_release(&p.y);
    return s;
}
