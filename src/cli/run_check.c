/* gable run --check: outputs beside those that ONNX's layout keeps: test_data_set_0/input_0.pb, output_0.pb. */
#include "base/json.h"
#include "base/units.h"
#include "cli/run.h"
#include "cli/table.h"
#include "tensors/proto.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SETS_MAX = 1000 };
struct checking {
    const struct run_request *request;
    struct run_model *model;
    struct table *table;
    json_t *json;
    int n_outputs, n_bad;
};

static bool is_set(const char *folder)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/output_0.pb", folder);
    return access(path, R_OK) == 0;
}

static gable_status read_inputs(struct checking *k, const char *folder, struct run_given *given, gable_error *e)
{
    const struct graph *g = k->model->graph;
    gable_status s = GABLE_OK;
    for (int i = 0; i < g->n_inputs && !s; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/input_%d.pb", folder, i);
        if (!access(path, R_OK)) s = run_read(k->model, path, g->inputs[i], &given[i].value, e);
        if (s) return s;
        s = general_check_input(g->inputs[i], &given[i].value, e); /* an optional one may be left out */
        if (s && given[i].value.kind != VALUE_ABSENT) error_within(e, "%s", path);
    }
    return s;
}

static gable_status run_set(struct checking *k, const char *folder, gable_error *e)
{
    int n = k->model->graph->n_inputs;
    struct run_given *given = calloc((size_t)n + 1, sizeof *given);
    gable_status s = given ? read_inputs(k, folder, given, e) : error_set(e, GABLE_NO_MEMORY, "no memory for a run");
    if (!s) s = run_prepare(k->request, k->model, given, e);
    if (!s) s = run_pass(k->model, NULL, e);
    for (int i = 0; given && i < n; i++) value_release(&given[i].value);
    free(given);
    return s;
}

/* Element `at` of a tensor as [1,0,3]. */
static void place_text(const struct value *v, int64_t at, char *out, size_t room)
{
    int64_t index[SHAPE_RANK_MAX];
    size_t n = 0;
    if (v->kind != VALUE_TENSOR || v->n == 0) {
        out[0] = '\0';
        return;
    }
    for (int i = v->rank - 1; i >= 0; i--) index[i] = at % v->dim[i], at /= v->dim[i];
    n += (size_t)snprintf(out, room, "[");
    for (int i = 0; i < v->rank && n < room; i++)
        n += (size_t)snprintf(out + n, room - n, "%s%" PRId64, i ? "," : "", index[i]);
    if (n < room) snprintf(out + n, room - n, "]");
}

static void report(struct checking *k, const char *set, const struct tensor *t, const struct value *want,
                   const struct difference *d)
{
    char absolute[48], relative[48], where[2][128];
    const char *slash = strrchr(set, '/');
    snprintf(absolute, sizeof absolute, "%.3g", d->absolute);
    snprintf(relative, sizeof relative, "%.3g", d->relative);
    place_text(want, d->absolute_at, where[0], sizeof where[0]);
    place_text(want, d->relative_at, where[1], sizeof where[1]);
    k->n_outputs++;
    k->n_bad += d->what != NULL;
    TABLE_ROW(k->table, -1, slash ? slash + 1 : set, t->name, absolute, where[0], relative, where[1],
              d->what ? d->what : "agrees");
    if (!k->json) return;
    json_array_append_new(
        k->json,
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:o}", "set", json_text(slash ? slash + 1 : set), "output",
                  json_text(t->name), "absolute", json_number(d->absolute), "absolute_at", json_count(d->absolute_at),
                  "relative", json_number(d->relative), "relative_at", json_count(d->relative_at), "beyond",
                  json_count(d->n_beyond), "agrees", !d->what, "what", d->what ? json_text(d->what) : json_null()));
}

static gable_status check_output(struct checking *k, const char *folder, int i, gable_error *e)
{
    const struct tensor *t = k->model->graph->outputs[i];
    char path[1024];
    struct value want = {0}, got = {0};
    snprintf(path, sizeof path, "%s/output_%d.pb", folder, i);
    if (access(path, R_OK)) return GABLE_OK;
    gable_status s = run_read(k->model, path, t, &want, e);
    if (!s) s = run_output(k->model, i, &got, e);
    if (!s) {
        struct difference d = value_compare(&got, &want, k->request->tolerance);
        report(k, folder, t, &want, &d);
    }
    value_release(&want);
    value_release(&got);
    return s;
}

static gable_status check_set(struct checking *k, const char *folder, gable_error *e)
{
    gable_status s = run_set(k, folder, e);
    for (int i = 0; i < k->model->graph->n_outputs && !s; i++) s = check_output(k, folder, i, e);
    return s;
}

static gable_status check_all(struct checking *k, gable_error *e)
{
    const char *folder = k->request->check_folder;
    if (is_set(folder)) return check_set(k, folder, e);
    for (int i = 0; i < SETS_MAX; i++) {
        char set[900];
        snprintf(set, sizeof set, "%s/test_data_set_%d", folder, i);
        if (!is_set(set))
            return i ? GABLE_OK
                     : error_set(e, GABLE_BAD_INPUT, "%.200s holds neither output_0.pb nor test_data_set_0/output_0.pb",
                                 folder);
        gable_status s = check_set(k, set, e);
        if (s) return s;
    }
    return GABLE_OK;
}

static int finish(struct checking *k)
{
    const struct tolerance t = k->request->tolerance;
    if (k->json) {
        json_t *answer = json_answer("run");
        json_object_set_new(answer, "model", json_text(k->model->path[0] ? k->model->path : k->request->model));
        json_object_set_new(answer, "atol", json_number(t.absolute));
        json_object_set_new(answer, "rtol", json_number(t.relative));
        json_object_set_new(answer, "agrees", json_boolean(k->n_bad == 0));
        json_object_set_new(answer, "check", k->json);
        int status = cli_print_json(answer);
        return status ? status : k->n_bad > 0;
    }
    table_print(k->table, stdout);
    printf("\n%d of %d outputs within %g + %g of the value.\n", k->n_outputs - k->n_bad, k->n_outputs, t.absolute,
           t.relative);
    return fflush(stdout) || k->n_bad > 0;
}

int run_check(const struct run_request *r, struct run_model *m)
{
    struct checking k = {.request = r, .model = m};
    gable_error e = {0};
    if (r->wants_json) {
        k.json = json_array();
    } else {
        k.table = table_new();
        table_column(k.table, "set", TABLE_LEFT);
        table_column(k.table, "output", TABLE_LEFT);
        table_column(k.table, "largest error", TABLE_RIGHT);
        table_column(k.table, "at", TABLE_LEFT);
        table_column(k.table, "relative", TABLE_RIGHT);
        table_column(k.table, "at", TABLE_LEFT);
        table_column(k.table, "", TABLE_CUT);
    }
    if (!check_all(&k, &e)) return finish(&k);
    json_decref(k.json);
    table_free(k.table);
    return cli_fail(&e);
}
