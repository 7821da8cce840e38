/* gable chips: the chip database. */
#include "cli/chips.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/plot.h"
#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { IDS_MAX = 64, KEY_CHECK = 0x100 };

struct request {
    const struct command *self;
    const char *ids[IDS_MAX], *path, *vendor, *check;
    int n_ids;
    int kind; /* -1: any */
    int first_year, last_year;
    bool wants_json, wants_plot;
};

static const struct argp_option options[] = {
    {"kind", 'k', "KIND", 0, "only cpu, gpu, asic, soc or mcu", 0},
    {"vendor", 'v', "NAME", 0, "only this vendor's", 0},
    {"year", 'y', "YEAR", 0, "only of one year, 2020, or of several, 2018-2022", 0},
    {"chips", 'c', "FILE", 0, "your own chips on top (without it: chips.yaml in the XDG data directory)", 0},
    {"check", KEY_CHECK, "FILE", 0,
     "check what a CSV (chip_id,field,stated,unit) or a chips file states; exit 1 where something is wrong", 0},
    {"plot", 'p', NULL, 0, "draw the rooflines of the chips named", 0},
    {"json", 'j', NULL, 0, "one JSON object, values in FLOP/s and byte/s", 0},
    {0},
};

static bool parse_kind(const char *text, int *out, gable_error *e)
{
    for (int k = 0; k < CHIP_KIND_N; k++)
        if (!strcmp(chip_kind_name((enum chip_kind)k), text)) {
            *out = k;
            return true;
        }
    error_set(e, GABLE_USAGE, "--kind takes cpu, gpu, asic, soc or mcu, not '%.40s'", text);
    return false;
}

/* "2020", "2018-2022" */
static bool parse_year(const char *text, struct request *r, gable_error *e)
{
    char first[8];
    size_t len = strcspn(text, "-");
    if (!text[len] || len >= sizeof first) {
        bool ok = cli_int("--year", text, 1940, 2100, &r->first_year, e);
        r->last_year = r->first_year;
        return ok;
    }
    memcpy(first, text, len);
    first[len] = '\0';
    if (!cli_int("--year", first, 1940, 2100, &r->first_year, e)) return false;
    return cli_int("--year", text + len + 1, r->first_year, 2100, &r->last_year, e);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *r = state->input;
    gable_error e = {0};
    bool ok = true;
    switch (key) {
    case 'k': ok = parse_kind(arg, &r->kind, &e); break;
    case 'v': r->vendor = arg; break;
    case 'y': ok = parse_year(arg, r, &e); break;
    case 'c': r->path = arg; break;
    case KEY_CHECK: r->check = arg; break;
    case 'p': r->wants_plot = true; break;
    case 'j': r->wants_json = true; break;
    case ARGP_KEY_ARG:
        ok = r->n_ids < IDS_MAX;
        if (ok)
            r->ids[r->n_ids++] = arg;
        else
            error_set(&e, GABLE_USAGE, "at most %d chips at once", IDS_MAX);
        break;
    default: return ARGP_ERR_UNKNOWN;
    }
    if (!ok) cli_usage(r->self, "%s", e.why);
    return ok ? 0 : EINVAL;
}

static int unknown_chip(const struct chips *c, const char *id)
{
    const char **ids = calloc((size_t)c->n + 1, sizeof *ids), *nearest = NULL;
    gable_error e = {0};
    struct text near = {0};
    for (int i = 0; ids && i < c->n; i++) {
        ids[i] = c->chip[i].id;
        if (*id && strstr(ids[i], id) && near.len < 100) text_addf(&near, "%s%s", near.len ? ", " : "", ids[i]);
    }
    if (ids && *id && !near.len) nearest = text_nearest(id, ids, (size_t)c->n);
    if (nearest) text_add(&near, nearest);
    for (int i = 0; ids && i < c->n; i++) ids[i] += strcspn(ids[i], "_") + (strchr(ids[i], '_') != NULL);
    nearest = ids && *id && !near.len ? text_nearest(id, ids, (size_t)c->n) : NULL; /* people leave the vendor out */
    for (int i = 0; nearest && i < c->n; i++)
        if (ids[i] == nearest) text_add(&near, c->chip[i].id);
    error_set(&e, GABLE_USAGE, "there is no chip '%.60s'%s%s; 'gable chips' lists them", id,
              near.len ? ", did you mean " : "", near.len ? near.data : "");
    text_release(&near);
    free(ids);
    return cli_fail(&e);
}

static bool passes(const struct request *r, const struct chip *c)
{
    return (r->kind < 0 || (int)c->kind == r->kind) && (!r->vendor || !strcasecmp(r->vendor, c->vendor)) &&
           (!r->first_year || (c->year >= r->first_year && c->year <= r->last_year));
}

/* The chips asked for, by id or by filter; the exit status. */
static int select_chips(const struct request *r, const struct chips *c, const struct chip **chosen, int *n)
{
    for (int i = 0; i < r->n_ids; i++) {
        const struct chip *chip = chips_find(c, r->ids[i]);
        if (!chip) return unknown_chip(c, r->ids[i]);
        if (passes(r, chip)) chosen[(*n)++] = chip;
    }
    for (int i = 0; i < c->n && !r->n_ids; i++)
        if (passes(r, &c->chip[i])) chosen[(*n)++] = &c->chip[i];
    return 0;
}

static int show_json(const struct chip *const *chip, int n)
{
    json_t *answer = json_answer("chips"), *list = json_array();
    for (int i = 0; i < n; i++) json_array_append_new(list, chip_json(chip[i]));
    json_object_set_new(answer, "chips", list);
    return cli_print_json(answer);
}

static int show(const struct request *r, const struct chip *const *chip, int n)
{
    if (r->wants_json) return show_json(chip, n);
    if (!n)
        printf("No chip of that kind, vendor and year.\n");
    else if (!r->n_ids)
        chips_print_list(chip, n);
    else if (n == 1)
        chips_print_one(chip[0]);
    else
        chips_print_comparison(chip, n);
    if (r->wants_plot && n) chips_print_plot(chip, n);
    return fflush(stdout) ? 1 : 0;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct request r = {.self = self, .kind = -1};
    gable_error e = {0};
    struct chips *c = NULL;
    int exit_status = cli_parse(self, argc, argv, parse, &r), n = 0;
    if (exit_status) return exit_status;
    if (r.wants_plot && (!r.n_ids || r.n_ids > PLOT_ROOFS_MAX))
        return cli_usage(self, "--plot draws 1 to %d chips: name them", PLOT_ROOFS_MAX);
    if (r.check && !*r.check) return cli_usage(self, "--check takes the name of a file, not ''");
    if (r.check && (r.n_ids || r.wants_plot)) return cli_usage(self, "--check FILE takes no chips and no --plot");
    if (chips_load(r.path, &c, &e)) return cli_fail(&e);
    if (r.check) {
        exit_status = chips_check(r.check, c, r.wants_json);
        chips_free(c);
        return exit_status;
    }
    const struct chip **chosen = calloc((size_t)c->n + IDS_MAX, sizeof(const struct chip *));
    exit_status = chosen ? select_chips(&r, c, chosen, &n) : 1;
    if (!exit_status) exit_status = show(&r, chosen, n);
    free(chosen);
    chips_free(c);
    return exit_status;
}

const struct command command_chips = {
    .name = "chips",
    .args = "[ID...]",
    .purpose = "the chip database: peaks and bandwidths with derivations and sources",
    .examples = "  gable chips --kind gpu --year 2020-2024\n"
                "  gable chips nvidia_t4 --plot\n"
                "  gable chips nvidia_t4 nvidia_h100_pcie google_tpu_v4\n"
                "  gable chips --check claims.csv\n",
    .options = options,
    .run = run,
};
