#include "roof/chips.h"

#include "base/arena.h"
#include "base/file.h"
#include "roof/chips_read.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const unsigned char gable_chips_yaml[];
extern const size_t gable_chips_yaml_len;

enum { ARENA_MAX = 64 << 20 };

const char *chip_kind_name(enum chip_kind k)
{
    static const char *const names[CHIP_KIND_N] = {
        [CHIP_CPU] = "cpu", [CHIP_GPU] = "gpu", [CHIP_ASIC] = "asic", [CHIP_SOC] = "soc", [CHIP_MCU] = "mcu"};
    return names[k];
}

const char *confidence_name(enum confidence c)
{
    static const char *const names[CONFIDENCE_N] = {[CONFIDENCE_VENDOR] = "vendor",
                                                    [CONFIDENCE_DERIVED] = "derived",
                                                    [CONFIDENCE_THIRD_PARTY] = "third_party",
                                                    [CONFIDENCE_ESTIMATE] = "estimate"};
    return names[c];
}

gable_status chips_parse(const char *name, const char *yaml, size_t len, struct chips **out, gable_error *e)
{
    struct arena *a = arena_new(ARENA_MAX);
    struct chips *c = arena_alloc(a, sizeof *c);
    if (!c) {
        arena_free(a);
        return error_set(e, GABLE_NO_MEMORY, "no memory for chips");
    }
    gable_status s = chips_read(name, yaml, len, DERIVATIONS_MUST_AGREE, a, &c->chip, &c->n, e);
    if (s) {
        arena_free(a);
        return s;
    }
    c->arena = a;
    *out = c;
    return GABLE_OK;
}

gable_status chips_builtin(struct chips **out, gable_error *e)
{
    return chips_parse("chips.yaml (built in)", (const char *)gable_chips_yaml, gable_chips_yaml_len, out, e);
}

static struct chip *find(const struct chips *c, const char *id)
{
    for (int i = 0; i < c->n; i++)
        if (!strcmp(c->chip[i].id, id)) return &c->chip[i];
    return NULL;
}

/* Replaces chips of the same id, appends the others. */
static gable_status overlay(struct chips *c, const struct chip *own, int n, gable_error *e)
{
    struct chip *all = arena_array(c->arena, (size_t)c->n + (size_t)n, sizeof *all);
    if (!all) return error_set(e, GABLE_NO_MEMORY, "no memory for %d chips", c->n + n);
    memcpy(all, c->chip, (size_t)c->n * sizeof *all);
    c->chip = all;
    for (int i = 0; i < n; i++) {
        struct chip *same = find(c, own[i].id);
        *(same ? same : &c->chip[c->n++]) = own[i];
    }
    return GABLE_OK;
}

static gable_status add_file(struct chips *c, const char *path, gable_error *e)
{
    char *yaml = NULL;
    size_t len = 0;
    struct chip *own = NULL;
    int n = 0;
    gable_status s = file_read(path, CHIPS_FILE_MAX, &yaml, &len, e);
    if (!s) s = chips_read(path, yaml, len, DERIVATIONS_MUST_AGREE, c->arena, &own, &n, e);
    if (!s) s = overlay(c, own, n, e);
    free(yaml);
    return s;
}

gable_status chips_load(const char *path, struct chips **out, gable_error *e)
{
    char own[4096];
    struct chips *c = NULL;
    gable_status s = chips_builtin(&c, e);
    if (!s && !path && !file_data_path("chips.yaml", own, sizeof own, NULL) && !access(own, F_OK)) path = own;
    if (c && !s && path) s = add_file(c, path, e);
    if (s) {
        chips_free(c);
        return s;
    }
    *out = c;
    return GABLE_OK;
}

void chips_free(struct chips *c)
{
    if (c) arena_free(c->arena);
}

const struct chip *chips_find(const struct chips *c, const char *word)
{
    const struct chip *found = find(c, word);
    for (int i = 0; i < c->n && !found; i++) {
        const char *rest = strchr(c->chip[i].id, '_'); /* behind the vendor */
        if (!rest || strcmp(rest + 1, word) != 0) continue;
        found = &c->chip[i];
        for (int k = i + 1; k < c->n; k++)
            if ((rest = strchr(c->chip[k].id, '_')) && !strcmp(rest + 1, word)) return NULL;
    }
    return found;
}

const struct chip_rate *chip_peak(const struct chip *c, enum dtype d)
{
    for (int i = 0; i < c->n_rates; i++)
        if (c->rates[i].dtype == d && !*c->rates[i].what) return &c->rates[i];
    return NULL;
}

bool chip_roof(const struct chip *c, enum dtype d, struct roof *out)
{
    const struct chip_rate *peak = chip_peak(c, d);
    if (!peak || !(c->bandwidth.value > 0)) return false;
    *out = (struct roof){.peak = peak->value, .bandwidth = c->bandwidth.value};
    return true;
}
