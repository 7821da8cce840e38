/* gable models: the zoo. */
#include "base/json.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/table.h"
#include "ops/analysis.h"
#include "zoo/zoo.h"

#include <stdio.h>

struct request {
    const struct command *self;
    bool wants_json;
};

static const struct argp_option options[] = {
    {"json", 'j', NULL, 0, "one JSON object with exact integers", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *r = state->input;
    if (key == ARGP_KEY_ARG) {
        cli_usage(r->self, "models takes no names; 'gable analyze %.60s' shows one", arg);
        return EINVAL;
    }
    if (key != 'j') return ARGP_ERR_UNKNOWN;
    r->wants_json = true;
    return 0;
}

static gable_status totals_of(const char *id, struct analysis *totals, gable_error *e)
{
    struct graph *g = NULL;
    struct analysis *a = NULL;
    gable_status s = zoo_build(id, NULL, &g, e);
    if (!s) s = analysis_new(g, NULL, &a, e);
    if (!s) {
        totals->params = a->params;
        totals->total = a->total;
    }
    analysis_free(a);
    graph_free(g);
    return s;
}

static json_t *model_json(const struct zoo_model *m, const struct analysis *a)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:o, s:o, s:o, s:i, s:b, s:s}", "name", m->id, "label", m->label, "family",
                     m->family, "year", m->year, "params", json_count(a->params), "macs", json_count(a->total.macs),
                     "flops", json_count(a->total.flops), "published_crop", m->published_crop, "in_report",
                     m->is_in_report, "reference", m->reference);
}

static void model_row(struct table *t, const struct zoo_model *m, const struct analysis *a)
{
    char year[16];
    snprintf(year, sizeof year, "%d", m->year);
    TABLE_ROW(t, -1, m->id, quantity((double)a->params, "").text, quantity((double)a->total.macs, "").text, year,
              m->is_in_report ? "yes" : "", m->reference);
}

static struct table *new_table(void)
{
    struct table *t = table_new();
    table_column(t, "model", TABLE_LEFT);
    table_column(t, "params", TABLE_RIGHT);
    table_column(t, "MACs", TABLE_RIGHT);
    table_column(t, "year", TABLE_RIGHT);
    table_column(t, "report", TABLE_LEFT);
    table_column(t, "paper", TABLE_CUT);
    return t;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct request r = {.self = self};
    gable_error e = {0};
    int exit_status = cli_parse(self, argc, argv, parse, &r);
    if (exit_status) return exit_status;
    json_t *models = r.wants_json ? json_array() : NULL;
    struct table *t = r.wants_json ? NULL : new_table();
    for (int i = 0; i < zoo_size(); i++) {
        struct analysis totals = {0};
        if (totals_of(zoo_at(i)->id, &totals, &e)) return cli_fail(&e);
        if (models) json_array_append_new(models, model_json(zoo_at(i), &totals));
        model_row(t, zoo_at(i), &totals);
    }
    if (models) {
        json_t *answer = json_answer("models");
        json_object_set_new(answer, "models", models);
        return cli_print_json(answer);
    }
    table_print(t, stdout);
    printf("\nMACs: convolutions and products, batch 1, 3x224x224. Params: trained.\n");
    term_hint("next: gable analyze %s", zoo_at(0)->id);
    return fflush(stdout) ? 1 : 0;
}

const struct command command_models = {
    .name = "models",
    .args = "",
    .purpose = "the built-in models, torchvision's to the last parameter",
    .examples = "  gable models\n  gable models --json\n",
    .options = options,
    .run = run,
};
