/* gable export: a model of the zoo as an ONNX file. */
#include "base/json.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/table.h"
#include "engine/weights.h"
#include "onnx/onnx.h"
#include "onnx/write.h"
#include "zoo/zoo.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { KEY_NO_WEIGHTS = 1000, KEY_SEED };

static const struct argp_option options[] = {
    {"output", 'o', "FILE", 0, "where the file goes (MODEL.onnx)", 0},
    {"batch", 'b', "N", 0, "images at once, 1 to 65536 (1)", 0},
    {"size", 's', "HxW", 0, "height and width of the input, in pixels (224x224)", 0},
    {"seed", KEY_SEED, "N", 0, "of the weights: He's, so that activations keep their scale (1)", 0},
    {"no-weights", KEY_NO_WEIGHTS, NULL, 0, "shapes alone: every weight a sparse initializer without values", 0},
    {"json", 'j', NULL, 0, "say what was written as one JSON object", 0},
    {0},
};

struct request {
    const struct command *self;
    const char *model, *output;
    struct zoo_options zoo;
    int seed;
    bool without_weights, wants_json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *r = state->input;
    gable_error e = {0};
    bool ok = true;
    switch (key) {
    case 'o': r->output = arg; break;
    case 'b': ok = cli_int("--batch", arg, 1, 65536, &r->zoo.batch, &e); break;
    case 's': ok = cli_size(arg, &r->zoo.height, &r->zoo.width, &e); break;
    case KEY_SEED: ok = cli_int("--seed", arg, 0, 1 << 30, &r->seed, &e); break;
    case KEY_NO_WEIGHTS: r->without_weights = true; break;
    case 'j': r->wants_json = true; break;
    case ARGP_KEY_ARG:
        if (r->model) ok = false, error_set(&e, GABLE_USAGE, "export takes one model, and also got '%.60s'", arg);
        r->model = arg;
        break;
    case ARGP_KEY_NO_ARGS:
        ok = false;
        error_set(&e, GABLE_USAGE, "export needs a model; 'gable models' lists them");
        break;
    default: return ARGP_ERR_UNKNOWN;
    }
    if (!ok) cli_usage(r->self, "%s", e.why);
    return ok ? 0 : EINVAL;
}

static int say(const struct request *r, const struct graph *g, const char *path)
{
    struct stat st = {0};
    stat(path, &st);
    if (r->wants_json) {
        json_t *answer = json_answer("export");
        json_object_set_new(answer, "model", json_text(r->model));
        json_object_set_new(answer, "file", json_text(path));
        json_object_set_new(answer, "bytes", json_integer(st.st_size));
        json_object_set_new(answer, "opset", json_integer(ONNX_WRITE_OPSET));
        json_object_set_new(answer, "weights", r->without_weights ? json_null() : json_integer(r->seed));
        return cli_print_json(answer);
    }
    printf("%s: %s, opset %d, %s, %s\n", path, g->name, ONNX_WRITE_OPSET,
           r->without_weights ? "without weights" : "seeded weights", quantity_bytes((double)st.st_size).text);
    term_hint("next: gable analyze %s", path);
    return fflush(stdout) ? 1 : 0;
}

static gable_status make(const struct request *r, const char *path, struct graph **g, gable_error *e)
{
    struct weights *w = NULL;
    if (onnx_is_path(r->model))
        return error_set(e, GABLE_USAGE, "%.120s is a file already; export writes models of the zoo", r->model);
    gable_status s = zoo_build(r->model, &r->zoo, g, e);
    if (!s && !r->without_weights) s = weights_new(*g, (uint64_t)r->seed, &w, e);
    if (!s) s = onnx_write(*g, w ? w->value : NULL, path, e);
    weights_free(w);
    return s;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct request r = {.self = self, .seed = 1};
    struct graph *g = NULL;
    gable_error e = {0};
    char path[4096];
    int status = cli_parse(self, argc, argv, parse, &r);
    if (status) return status;
    snprintf(path, sizeof path, "%s%s", r.output ? r.output : r.model, r.output ? "" : ".onnx");
    status = make(&r, path, &g, &e) ? cli_fail(&e) : say(&r, g, path);
    graph_free(g);
    return status;
}

const struct command command_export = {
    .name = "export",
    .args = "MODEL",
    .purpose = "write a model of the zoo as an ONNX file",
    .examples = "  gable export resnet18\n"
                "  gable export mobilenet_v2 --batch 8 -o mobilenet.onnx\n"
                "  gable export efficientnet_b7 --no-weights -o b7.onnx\n",
    .options = options,
    .run = run,
};
