/* gable export: a model of the zoo as an ONNX file; any model with its costs and times written beside its nodes. */
#include "cli/export/export.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/table.h"
#include "cli/words.h"
#include "engine/weights.h"
#include "model/model.h"
#include "model/shapes.h"
#include "onnx/onnx.h"
#include "onnx/write.h"
#include "passes/passes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { KEY_NO_WEIGHTS = 1000, KEY_SEED, KEY_ANNOTATE, KEY_MEASURE, KEY_CHIP, KEY_CHIPS_FILE, KEY_STORE };

static const struct argp_option options[] = {
    {"output", 'o', "FILE", 0, "where the file goes (MODEL.onnx; an annotated file: NAME.annotated.onnx)", 0},
    {"batch", 'b', "N", 0, "images at once, 1 to 65536 (1)", 0},
    CLI_SHAPES,
    {"seed", KEY_SEED, "N", 0, "of the zoo's weights: He's, so that activations keep their scale (1)", 0},
    {"no-weights", KEY_NO_WEIGHTS, NULL, 0, "shapes alone: every weight a sparse initializer without values", 0},
    {"annotate", KEY_ANNOTATE, NULL, 0,
     "write cost, bound and, where the store has a run, time beside every node, for Netron; a file is copied as it is",
     1},
    {"measure", KEY_MEASURE, NULL, 0, "with --annotate: measure the times now", 1},
    {"quick", 'q', NULL, 0, "with --measure: a tenth of the time, wider intervals", 1},
    {"threads", 't', "N", 0, "with --annotate: of the run and of the roof (one per allowed core)", 1},
    {"chip", KEY_CHIP, "ID", 0, "with --annotate: bounds on that chip's declared roof, instead of times", 1},
    {"chips-file", KEY_CHIPS_FILE, "FILE", 0, "your own chips, on top of the database", 1},
    {"store", KEY_STORE, "FILE", 0, "where runs are looked up (gable.db in the XDG data directory)", 1},
    {"json", 'j', NULL, 0, "say what was written as one JSON object", 2},
    {0},
};

struct request {
    const struct command *self;
    const char *model, *output, *chip, *chips_file;
    struct zoo_options zoo;
    struct model_shapes shapes;
    int seed;
    bool without_weights, annotates, wants_json;
    struct annotate_options annotate;
};

static bool set_model(struct request *r, const char *word, gable_error *e)
{
    if (r->model) return error_set(e, GABLE_USAGE, "export takes one model, and also got '%.60s'", word), false;
    r->model = word;
    return true;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *r = state->input;
    struct bench_options *b = &r->annotate.bench;
    gable_error e = {0};
    bool ok = true;
    switch (key) {
    case 'o': r->output = arg; break;
    case 'b': ok = cli_int("--batch", arg, 1, 65536, &r->zoo.batch, &e); break;
    case 's':
    case CLI_KEY_SHAPE:
    case CLI_KEY_BIND: ok = cli_shape(key, arg, &r->shapes, &r->zoo.height, &r->zoo.width, &e); break;
    case KEY_SEED: ok = cli_int("--seed", arg, 0, 1 << 30, &r->seed, &e); break;
    case KEY_NO_WEIGHTS: r->without_weights = true; break;
    case KEY_ANNOTATE: r->annotates = true; break;
    case KEY_MEASURE: r->annotate.measures = true; break;
    case 'q': b->quick = true; break;
    case 't': ok = cli_int("--threads", arg, 1, cli_cpus()->n_allowed, &b->engine.threads, &e); break;
    case KEY_CHIP: r->chip = arg; break;
    case KEY_CHIPS_FILE: r->chips_file = arg; break;
    case KEY_STORE: r->annotate.store_path = arg; break;
    case 'j': r->wants_json = true; break;
    case ARGP_KEY_ARG: ok = set_model(r, arg, &e); break;
    case ARGP_KEY_NO_ARGS:
        ok = false;
        error_set(&e, GABLE_USAGE, "export needs a model; 'gable models' lists them");
        break;
    default: return ARGP_ERR_UNKNOWN;
    }
    if (!ok) cli_usage(r->self, "%s", e.why);
    return ok ? 0 : EINVAL;
}

/* Options that would do nothing are refused. */
static const char *contradiction(const struct request *r)
{
    bool is_file = onnx_is_path(r->model);
    if (is_file && !r->annotates) return "a file needs no export; --annotate writes a copy with costs beside its nodes";
    if (is_file && r->without_weights) return "--no-weights is for models of the zoo";
    if (!r->annotates && (r->annotate.measures || r->chip)) return "--measure and --chip go with --annotate";
    if (r->annotate.bench.quick && !r->annotate.measures) return "--quick goes with --measure";
    if (r->annotate.measures && r->chip)
        return "--measure times this machine and --chip bounds another one: which one?";
    return NULL;
}

static void say_notes(const struct annotated *a)
{
    if (a->has_run) {
        printf("annotated: costs, bounds and times of %s at batch %d: %s a pass, %.0f %% of the roof\n",
               a->is_stored ? "a stored run" : "a run now", a->run.batch, quantity(1e-9 * a->run.median_ns, "s").text,
               100 * a->run.efficiency);
    } else if (a->has_roof) {
        printf("annotated: costs and bounds on the roof of %s; no times\n", a->roof_of);
    } else {
        printf("annotated: costs alone; --measure adds times, --chip ID bounds\n");
    }
}

static json_t *notes_json(const struct annotated *a)
{
    json_t *j = json_object();
    json_object_set_new(j, "roof", a->has_roof ? json_text(a->roof_of) : json_null());
    json_object_set_new(j, "time_ns", a->has_run ? json_number(a->run.median_ns) : json_null());
    json_object_set_new(j, "groups", json_integer(a->groups->n_groups));
    return j;
}

static int say(const struct request *r, const struct graph *g, const struct annotated *a, const char *path)
{
    struct stat st = {0};
    bool is_file = onnx_is_path(r->model);
    stat(path, &st);
    int opset = is_file ? g->opset : ONNX_WRITE_OPSET;
    const char *weights = is_file ? "its own weights" : r->without_weights ? "without weights" : "seeded weights";
    if (r->wants_json) {
        json_t *answer = json_answer("export");
        json_object_set_new(answer, "model", json_text(r->model));
        json_object_set_new(answer, "file", json_text(path));
        json_object_set_new(answer, "bytes", json_integer(st.st_size));
        json_object_set_new(answer, "opset", json_integer(opset));
        json_object_set_new(answer, "weights", is_file || r->without_weights ? json_null() : json_integer(r->seed));
        json_object_set_new(answer, "annotated", r->annotates ? notes_json(a) : json_null());
        return cli_print_json(answer);
    }
    printf("%s: %s, opset %d, %s, %s\n", path, g->name, opset, weights, quantity_bytes((double)st.st_size).text);
    if (r->annotates) say_notes(a);
    term_hint(r->annotates ? "next: open %s in Netron" : "next: gable analyze %s", path);
    return fflush(stdout) ? 1 : 0;
}

static gable_status open_graph(const struct request *r, struct graph **g, int **at, gable_error *e)
{
    const struct model_options o = {.zoo = r->zoo, .n_shapes = r->shapes.n, .shapes = r->shapes.at};
    gable_status s = model_open(r->model, &o, g, e);
    if (s) return s;
    *at = calloc((size_t)(*g)->n_nodes + 1, sizeof **at);
    if (!*at) return error_set(e, GABLE_NO_MEMORY, "no memory for %d nodes", (*g)->n_nodes);
    for (int i = 0; i < (*g)->n_nodes; i++) (*at)[i] = (*g)->nodes[i]->at;
    return GABLE_OK;
}

/* A file runs as the clean-up leaves it, a model of the zoo as it is. */
static gable_status open_ran(const struct request *r, struct graph **ran, int **at, gable_error *e)
{
    struct rewrites rewrites;
    gable_status s = open_graph(r, ran, at, e);
    if (!s) s = passes_run(*ran, &rewrites, e);
    for (int i = 0; !s && i < (*ran)->n_nodes; i++) (*at)[i] = (*ran)->nodes[i]->at;
    return s;
}

static gable_status write_zoo(const struct request *r, const struct graph *g, const char *path, int *at, gable_error *e)
{
    struct weights *w = NULL;
    gable_status s = r->without_weights ? GABLE_OK : weights_new(g, (uint64_t)r->seed, &w, e);
    if (!s) s = onnx_write(g, &(struct onnx_write_options){.values = w ? w->value : NULL, .at = at}, path, e);
    weights_free(w);
    return s;
}

/* Before anything is written: what the notes will say. */
static gable_status open_annotated(const struct request *r, struct annotated *a, struct chips **chips, gable_error *e)
{
    struct annotate_options o = r->annotate;
    o.bench.model = r->model;
    o.bench.batch = r->zoo.batch;
    o.bench.height = r->zoo.height;
    o.bench.width = r->zoo.width;
    o.bench.n_shapes = r->shapes.n;
    o.bench.shapes = r->shapes.at;
    gable_status s = r->chip ? chips_load(r->chips_file, chips, e) : GABLE_OK;
    if (!s && r->chip) s = cli_chip(*chips, r->chip, a->graph, &a->chip, &a->roof, e);
    return s ? s : annotated_open(a, &o, e);
}

static gable_status annotate(const struct request *r, const char *path, const struct annotated *a, gable_error *e)
{
    struct arena *arena = arena_new((size_t)1 << 31);
    struct onnx_notes model = {0}, *nodes = NULL;
    int n = 0;
    gable_status s = annotated_notes(a, arena, &model, &nodes, &n, e);
    if (!s) s = onnx_annotate(onnx_is_path(r->model) ? r->model : path, path, &model, nodes, n, e);
    arena_free(arena);
    return s;
}

/* Beside a file its annotated copy; a zoo's model in the working directory. */
static gable_status path_of(const struct request *r, char *out, size_t room, gable_error *e)
{
    size_t n = strlen(r->model), ending = n > 5 && !strcmp(r->model + n - 5, ".onnx") ? 5 : 0;
    bool is_file = onnx_is_path(r->model);
    int len = r->output ? snprintf(out, room, "%s", r->output)
              : is_file ? snprintf(out, room, "%.*s.annotated.onnx", (int)(n - ending), r->model)
                        : snprintf(out, room, "%s.onnx", r->model);
    if (!r->output && !strcmp(r->model, "-"))
        return error_set(e, GABLE_USAGE, "a model from standard input needs -o FILE");
    return (size_t)len < room ? GABLE_OK : error_set(e, GABLE_USAGE, "the path is longer than %zu bytes", room - 1);
}

static int export(const struct request *r)
{
    struct annotated a = {0};
    struct graph *g = NULL, *ran = NULL;
    struct chips *chips = NULL;
    gable_error e = {0};
    char path[4096];
    int *at = NULL, *ran_at = NULL;
    bool is_file = onnx_is_path(r->model);
    gable_status s = path_of(r, path, sizeof path, &e);
    if (!s) s = open_graph(r, &g, &at, &e);
    if (!s && r->annotates && is_file) s = open_ran(r, &ran, &ran_at, &e);
    a.graph = g;
    a.at = at;
    a.ran = is_file ? ran : g;
    a.ran_at = is_file ? ran_at : at;
    a.has_helpers = !is_file;
    if (!s && r->annotates) s = open_annotated(r, &a, &chips, &e);
    if (!s && !is_file) s = write_zoo(r, g, path, at, &e);
    if (!s && r->annotates) s = annotate(r, path, &a, &e);
    int status = s ? cli_fail(&e) : say(r, g, &a, path);
    if (!status && a.has_run && !a.run.valid) status = gable_exit_status(GABLE_INVALID_RUN);
    annotated_close(&a);
    chips_free(chips);
    graph_free(g);
    graph_free(ran);
    free(at);
    free(ran_at);
    return status;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct request r = {.self = self, .seed = 1};
    int status = cli_parse(self, argc, argv, parse, &r);
    if (status) return status;
    const char *why = contradiction(&r);
    if (why) return cli_usage(self, "%s", why);
    int batch = r.zoo.batch, n = batch != 0;
    gable_error e = {0};
    if (model_shapes_batches(&r.shapes, &batch, &n, &e)) return cli_usage(self, "%s", e.why);
    r.zoo.batch = batch;
    return export(&r);
}

const struct command command_export = {
    .name = "export",
    .args = "MODEL",
    .purpose = "write a model of the zoo as an ONNX file; any model with costs and times beside its nodes",
    .examples = "  gable export resnet18\n"
                "  gable export mobilenet_v2 --batch 8 -o mobilenet.onnx\n"
                "  gable export efficientnet_b7 --no-weights -o b7.onnx\n"
                "  gable export resnet18 --annotate --measure -o resnet18.onnx\n"
                "  gable export model.onnx --annotate --chip nvidia_t4 -o annotated.onnx\n",
    .options = options,
    .run = run,
};
