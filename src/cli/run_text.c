/* gable run: what it prints and writes. */
#include "base/json.h"
#include "base/text.h"
#include "cli/run.h"
#include "cli/table.h"
#include "engine/engine.h"
#include "tensors/npy.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_SHOWN = 5, NAME_MOST = 180 };

static void shape_text(const struct value *v, char *out, size_t room)
{
    size_t at = 0;
    snprintf(out, room, "%s", v->kind == VALUE_ABSENT ? "nothing" : "scalar");
    if (v->kind == VALUE_SEQUENCE) snprintf(out, room, "%" PRId64 " tensors", v->n);
    for (int i = 0; i < v->rank && v->kind == VALUE_TENSOR && at < room; i++)
        at += (size_t)snprintf(out + at, room - at, "%s%" PRId64, i ? "x" : "", v->dim[i]);
}

void run_file_name(const char *name, char *out, size_t room)
{
    size_t n = 0;
    for (const char *at = name; *at && n < NAME_MOST && n + 5 < room; at++) {
        bool is_plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ||
                        strchr("._-", *at);
        out[n++] = is_plain ? *at : '_';
    }
    snprintf(out + n, room - n, ".npy");
}

gable_status run_write(const char *folder, const char *file, const struct value *v, gable_error *e)
{
    struct text path = {0};
    gable_status s = GABLE_OK;
    text_addf(&path, "%s/%s", folder, file);
    cli_hold_signals();
    if (v->kind == VALUE_TENSOR && !path.failed) s = npy_write(path.data, v, e);
    for (int64_t i = 0; v->kind == VALUE_SEQUENCE && i < v->n && !s; i++) {
        struct text item = {0};
        text_addf(&item, "%.*s.%" PRId64 ".npy", (int)(path.len - 4), path.data, i);
        if (!item.failed) s = npy_write(item.data, &value_items(v)[i], e);
        path.failed = path.failed || item.failed;
        text_release(&item);
    }
    if (!s && path.failed) s = error_set(e, GABLE_NO_MEMORY, "no memory for a file's name");
    text_release(&path);
    return cli_release_signals(s, e);
}

struct range {
    double low, high, mean;
    int64_t n_nan;
};
static struct range range_of(const struct value *v)
{
    struct range r = {INFINITY, -INFINITY, 0, 0};
    double sum = 0;
    for (int64_t i = 0; v->kind == VALUE_TENSOR && v->dtype != DTYPE_STRING && i < v->n; i++) {
        double x = value_real(v, i);
        if (isnan(x)) {
            r.n_nan++;
            continue;
        }
        sum += x;
        if (x < r.low) r.low = x;
        if (x > r.high) r.high = x;
    }
    r.mean = sum / (double)(v->n - r.n_nan);
    return r;
}

static void add_element(struct text *t, const struct value *v, int64_t i)
{
    const char *s = v->dtype == DTYPE_STRING ? ((char *const *)v->data)[i] : NULL;
    bool is_real = v->dtype == DTYPE_F64 || v->dtype == DTYPE_F32 || v->dtype == DTYPE_F16 || v->dtype == DTYPE_BF16;
    if (v->dtype == DTYPE_STRING)
        text_addf(t, "%.40s", s ? s : "");
    else if (is_real)
        text_addf(t, "%.5g", value_real(v, i));
    else if (v->dtype == DTYPE_U64)
        text_addf(t, "%" PRIu64, (uint64_t)value_int(v, i));
    else
        text_addf(t, "%" PRId64, value_int(v, i));
}

static void add_range(struct text *t, const struct value *v)
{
    struct range r = range_of(v);
    text_add(t, "");
    if (v->kind != VALUE_TENSOR || v->dtype == DTYPE_STRING || v->n == 0) return;
    if (r.n_nan < v->n) text_addf(t, "%.5g .. %.5g", r.low, r.high);
    if (r.n_nan) text_addf(t, "%s%" PRId64 " NaN", r.n_nan < v->n ? ", " : "", r.n_nan);
}

static void result_row(struct table *t, const struct run_result *r)
{
    char shape[128];
    struct text range = {0}, first = {0};
    shape_text(&r->value, shape, sizeof shape);
    add_range(&range, &r->value);
    text_add(&first, "");
    for (int64_t i = 0; r->value.kind == VALUE_TENSOR && i < r->value.n && i < FIRST_SHOWN; i++) {
        if (i) text_add(&first, " ");
        add_element(&first, &r->value, i);
    }
    if (r->value.kind == VALUE_TENSOR && r->value.n > FIRST_SHOWN) text_add(&first, " ..");
    TABLE_ROW(t, -1, r->tensor->name, dtype_name(r->value.dtype), shape, range.data ? range.data : "",
              r->file[0]   ? r->file
              : first.data ? first.data
                           : "");
    text_release(&range);
    text_release(&first);
}

static void print_inputs(const struct run_model *m, const struct run_given *given)
{
    if (!m->graph->n_inputs) return;
    struct table *t = table_new();
    char shape[128];
    table_column(t, "input", TABLE_LEFT);
    table_column(t, "type", TABLE_LEFT);
    table_column(t, "shape", TABLE_LEFT);
    table_column(t, "from", TABLE_CUT);
    for (int i = 0; i < m->graph->n_inputs; i++) {
        shape_text(&given[i].value, shape, sizeof shape);
        TABLE_ROW(t, -1, m->graph->inputs[i]->name, dtype_name(m->graph->inputs[i]->dtype), shape, given[i].source);
    }
    table_print(t, stdout);
    putchar('\n');
}

static int print_text(const struct run_request *r, const struct run_model *m, const struct run_given *given,
                      const struct run_result *results, int n)
{
    print_inputs(m, given);
    struct table *t = table_new();
    table_column(t, r->until ? "value" : "output", TABLE_LEFT);
    table_column(t, "type", TABLE_LEFT);
    table_column(t, "shape", TABLE_LEFT);
    table_column(t, "range", TABLE_LEFT);
    table_column(t, r->output_folder ? "file" : "first values", TABLE_CUT);
    for (int i = 0; i < n; i++) result_row(t, &results[i]);
    table_print(t, stdout);
    if (m->seeded) printf("\nWeights are drawn (seed %d), not trained: the zoo has none.\n", r->seed);
    return fflush(stdout) ? 1 : 0;
}

static json_t *value_json(const char *name, const struct value *v)
{
    struct range r = range_of(v);
    json_t *o = json_pack("{s:o, s:s}", "name", json_text(name), "dtype", dtype_name(v->dtype)), *shape = json_array();
    for (int i = 0; i < v->rank; i++) json_array_append_new(shape, json_count(v->dim[i]));
    json_object_set_new(o, "shape", v->kind == VALUE_TENSOR ? shape : json_null());
    if (v->kind != VALUE_TENSOR) json_decref(shape);
    if (v->kind == VALUE_SEQUENCE) json_object_set_new(o, "n", json_count(v->n));
    if (v->kind != VALUE_TENSOR || v->dtype == DTYPE_STRING) return o;
    json_object_set_new(o, "min", json_number(r.low));
    json_object_set_new(o, "max", json_number(r.high));
    json_object_set_new(o, "mean", json_number(r.mean));
    json_object_set_new(o, "nan", json_count(r.n_nan));
    return o;
}

static int print_json(const struct run_request *r, const struct run_model *m, const struct run_given *given,
                      const struct run_result *results, int n)
{
    json_t *answer = json_answer("run"), *inputs = json_array(), *outputs = json_array();
    for (int i = 0; i < m->graph->n_inputs; i++) {
        json_t *o = value_json(m->graph->inputs[i]->name, &given[i].value);
        json_object_set_new(o, "source", json_text(given[i].source));
        json_array_append_new(inputs, o);
    }
    for (int i = 0; i < n; i++) {
        json_t *o = value_json(results[i].tensor->name, &results[i].value);
        json_object_set_new(o, "file", results[i].file[0] ? json_text(results[i].file) : json_null());
        json_array_append_new(outputs, o);
    }
    json_object_set_new(answer, "model", json_text(m->path[0] ? m->path : r->model));
    json_object_set_new(answer, "weights", json_string(m->seeded ? "seeded" : "file"));
    json_object_set_new(answer, "engine", json_string(m->planned ? m->planned->engine->name : engine_general.name));
    json_object_set_new(answer, "nodes", json_integer((m->cleaned ? m->cleaned : m->graph)->n_nodes));
    json_object_set_new(answer, "inputs", inputs);
    json_object_set_new(answer, "outputs", outputs);
    return cli_print_json(answer);
}

int run_print(const struct run_request *r, const struct run_model *m, const struct run_given *given,
              const struct run_result *results, int n)
{
    return r->wants_json ? print_json(r, m, given, results, n) : print_text(r, m, given, results, n);
}
