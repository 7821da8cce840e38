/* gable run: a model, once, on the CPU: any operator that has a kernel, whatever its types and shapes. */
#include "cli/run.h"

#include "base/file.h"
#include "base/input.h"
#include "base/text.h"
#include "cli/trace.h"
#include "cli/words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KEY_CHECK = 1000, KEY_ATOL, KEY_RTOL, KEY_UNTIL, KEY_DUMP, KEY_SEED, KEY_TRACE, BATCH_MAX = 65536 };

static const struct argp_option options[] = {
    {"input", 'i', "NAME=FILE", 0, "an input from a .npy or a .pb file, or random:SEED (random inputs)", 0},
    {"batch", 'b', "N", 0, "images at once, where the first dimension is free (1)", 0},
    CLI_SHAPES,
    {"output", 'o', "FOLDER", 0, "write every output there as NAME.npy", 0},
    {"check", KEY_CHECK, "FOLDER", 0, "compare with FOLDER/test_data_set_*/output_*.pb, ONNX's own layout", 0},
    {"atol", KEY_ATOL, "X", 0, "absolute error that --check lets pass (1e-7)", 0},
    {"rtol", KEY_RTOL, "X", 0, "error in parts of the value that --check lets pass (1e-3)", 0},
    {"until", KEY_UNTIL, "NODE", 0, "node by node, as the file has it, to this one: its outputs are the result", 0},
    {"dump", KEY_DUMP, NULL, 0,
     "node by node, as the file has it: every inner tensor goes to --output's folder, numbered in order", 0},
    {"trace", KEY_TRACE, "FILE", 0,
     "every thread's work on every operator in this one pass, FLOP/s and bytes/s, for ui.perfetto.dev", 0},
    {"seed", KEY_SEED, "N", 0, "of random inputs, of random operators, of the zoo's weights (1)", 0},
    {"threads", 't', "N", 0, "threads (one per allowed core)", 0},
    {"json", 'j', NULL, 0, "one JSON object", 0},
    {0},
};

static bool add_input(struct run_request *r, const char *arg, gable_error *e)
{
    if (r->n_inputs == RUN_INPUTS_MAX) {
        error_set(e, GABLE_USAGE, "--input is given more than %d times", RUN_INPUTS_MAX);
        return false;
    }
    r->inputs[r->n_inputs++] = arg;
    return true;
}

static bool parse_model(struct run_request *r, const char *arg, gable_error *e)
{
    if (r->model) {
        error_set(e, GABLE_USAGE, "one model at a time, not '%.60s' too", arg);
        return false;
    }
    r->model = arg;
    return true;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct run_request *r = state->input;
    gable_error e = {0};
    bool ok = true;
    switch (key) {
    case ARGP_KEY_ARG: ok = parse_model(r, arg, &e); break;
    case 'i': ok = add_input(r, arg, &e); break;
    case 's':
    case CLI_KEY_SHAPE:
    case CLI_KEY_BIND: ok = cli_shape(key, arg, &r->shapes, &r->zoo.height, &r->zoo.width, &e); break;
    case 'b': ok = cli_int("--batch", arg, 1, BATCH_MAX, &r->zoo.batch, &e); break;
    case 'o': r->output_folder = arg; break;
    case KEY_CHECK: r->check_folder = arg; break;
    case KEY_ATOL: ok = cli_real("--atol", arg, 0, 1e30, &r->tolerance.absolute, &e); break;
    case KEY_RTOL: ok = cli_real("--rtol", arg, 0, 1e30, &r->tolerance.relative, &e); break;
    case KEY_UNTIL: r->until = arg; break;
    case KEY_DUMP: r->wants_dump = true; break;
    case KEY_TRACE: r->trace = arg; break;
    case KEY_SEED: ok = cli_int("--seed", arg, 0, INT32_MAX, &r->seed, &e); break;
    case 't': ok = cli_int("--threads", arg, 1, CPUS_MAX, &r->threads, &e); break;
    case 'j': r->wants_json = true; break;
    default: return ARGP_ERR_UNKNOWN;
    }
    if (ok) return 0;
    cli_usage(r->self, "%s", e.why);
    return EINVAL;
}

/* Sees inner values: keeps those of --until, writes all for --dump. */
struct watching {
    struct general_watch base;
    const struct run_request *request;
    const struct node *until;
    struct run_result *results;
    int n_results, n_seen;
    gable_status status;
    gable_error *e;
};

static bool seen(struct general_watch *base, const struct node *n, const struct tensor *t, const struct value *v)
{
    struct watching *w = CONTAINER_OF(base, struct watching, base);
    char name[256], file[256 + 16];
    if (w->request->wants_dump && !w->status) {
        run_file_name(t->name, name, sizeof name);
        snprintf(file, sizeof file, "%04d-%s", w->n_seen, name);
        w->status = run_write(w->request->output_folder, file, v, w->e);
    }
    w->n_seen++;
    if (n != w->until) return !w->status;
    w->results[w->n_results].tensor = t;
    value_share(v, &w->results[w->n_results++].value);
    return false;
}

static gable_status find_until(struct watching *w, const struct graph *g, gable_error *e)
{
    const char *name = w->request->until, **names, *nearest;
    if (!name) return GABLE_OK;
    for (int i = 0; i < g->n_nodes; i++)
        if (!strcmp(g->nodes[i]->name, name)) w->until = g->nodes[i];
    if (w->until) return GABLE_OK;
    names = calloc((size_t)g->n_nodes + 1, sizeof *names);
    for (int i = 0; names && i < g->n_nodes; i++) names[i] = g->nodes[i]->name;
    nearest = names ? text_nearest(name, names, (size_t)g->n_nodes) : NULL;
    gable_status s = error_set(e, GABLE_USAGE, "the model has no node '%.60s'%s%.60s%s", name,
                               nearest ? ", did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    free(names);
    return s;
}

static gable_status take_outputs(struct watching *w, struct run_model *m, gable_error *e)
{
    gable_status s = GABLE_OK;
    for (int i = 0; i < m->graph->n_outputs && !w->until && !s; i++) {
        w->results[w->n_results].tensor = m->graph->outputs[i];
        s = run_output(m, i, &w->results[w->n_results++].value, e);
    }
    return s;
}

/* Two outputs may have one name as a file: the second is numbered. */
static gable_status write_results(struct watching *w, gable_error *e)
{
    gable_status s = GABLE_OK;
    for (int i = 0; i < w->n_results && w->request->output_folder && !s; i++) {
        struct run_result *r = &w->results[i];
        char name[256];
        int copies = 0;
        run_file_name(r->tensor->name, name, sizeof name);
        snprintf(r->file, sizeof r->file, "%s", name);
        for (int k = 0; k < i; k++) copies += !strcmp(w->results[k].file, name);
        if (copies) snprintf(r->file, sizeof r->file, "%d-%.240s", i, name);
        s = run_write(w->request->output_folder, r->file, &r->value, e);
    }
    return s;
}

static int run_once(const struct run_request *r, struct run_model *m)
{
    gable_error e = {0};
    struct watching w = {.base = {seen}, .request = r, .e = &e};
    int most = m->graph->n_outputs, status = 1, threads = 0;
    for (int i = 0; i < m->graph->n_nodes; i++)
        if (m->graph->nodes[i]->n_out > most) most = m->graph->nodes[i]->n_out;
    struct run_given *given = calloc((size_t)m->graph->n_inputs + 1, sizeof *given);
    w.results = calloc((size_t)most + 1, sizeof *w.results);
    gable_status s = given && w.results ? find_until(&w, m->graph, &e) : error_set(&e, GABLE_NO_MEMORY, "no memory");
    if (!s) s = run_inputs(r, m, given, &e);
    if (!s && r->output_folder) s = folder_make(r->output_folder, &e);
    if (!s) s = run_prepare(r, m, given, &e);
    if (!s && r->trace) s = run_trace(m, r->trace, &threads, &e);
    if (!s && !r->trace) s = run_pass(m, r->until || r->wants_dump ? &w.base : NULL, &e);
    if (!s) s = w.status;
    if (!s) s = take_outputs(&w, m, &e);
    if (!s) s = write_results(&w, &e);
    status = s ? cli_fail(&e) : run_print(r, m, given, w.results, w.n_results);
    if (!status && r->trace && !r->wants_json) trace_say(r->trace, "this pass", threads);
    for (int i = 0; given && i < m->graph->n_inputs; i++) value_release(&given[i].value);
    for (int i = 0; w.results && i < w.n_results; i++) value_release(&w.results[i].value);
    free(given);
    free(w.results);
    return status;
}

static int refuse(const struct run_request *r)
{
    if (!r->model && !r->check_folder)
        return cli_usage(r->self, "which model? a name of 'gable models' or an ONNX file");
    if (r->zoo.batch && r->shapes.n && !r->shapes.at[0].is_dimension)
        return cli_usage(r->self, "--batch or --shape: a shape says the first dimension too");
    if (r->wants_dump && !r->output_folder) return cli_usage(r->self, "--dump needs --output FOLDER");
    if (r->trace && (r->check_folder || r->until || r->wants_dump))
        return cli_usage(r->self, "--trace is of a whole pass as it runs best, not of --check, --until or --dump");
    if (r->check_folder && (r->output_folder || r->until || r->n_inputs || r->shapes.n || r->zoo.height))
        return cli_usage(r->self, "--check takes its inputs from the folder and writes nothing");
    return 0;
}

/* The model beside the sets, whether their folder was named or one of them. */
static void find_beside(const struct run_request *r, struct run_model *m)
{
    static const char *const ways[] = {"model.onnx", "../model.onnx", "model.onnx"}; /* the last for its error */
    for (size_t i = 0; i < COUNT_OF(ways) && (i == 0 || access(m->path, R_OK)); i++)
        snprintf(m->path, sizeof m->path, "%s/%s", r->check_folder, ways[i]);
}

static int run(const struct command *self, int argc, char **argv)
{
    struct run_request r = {.self = self, .seed = 1, .tolerance = TOLERANCE_ONNX};
    struct run_model m = {0};
    gable_error e = {0};
    int status = cli_parse(self, argc, argv, parse, &r);
    if (!status) status = refuse(&r);
    if (status) return status;
    cli_end_at_once();
    if (!r.model) find_beside(&r, &m);
    gable_status s = run_open(&r, &m, &e);
    if (s && m.path[0] && !strstr(e.where, input_name(m.path))) error_within(&e, "%s", input_name(m.path));
    status = s ? cli_fail(&e) : r.check_folder ? run_check(&r, &m) : run_once(&r, &m);
    run_close(&m);
    return status;
}

const struct command command_run = {
    .name = "run",
    .args = "MODEL",
    .purpose =
        "runs a model once, cleaned up and fused as 'gable bench' runs it: any ONNX file, or one of the zoo with drawn "
        "weights",
    .examples = "  gable run model.onnx --input x=picture.npy --output results\n"
                "  gable run resnet18 --input input=random:7\n"
                "  gable run model.onnx --shape tokens=1x128 --json\n"
                "  zcat model.onnx.gz | gable run -                external data are looked for in the working folder\n"
                "  gable run model.onnx --check .                  beside model.onnx lies test_data_set_0\n"
                "  gable run model.onnx --trace pass.json\n"
                "  gable run model.onnx --until conv1 --output inner --dump\n",
    .options = options,
    .run = run,
};
