/* gable analyze: what a model costs. */
#include "cli/analyze/analyze.h"

#include "cli/analyze/budget.h"
#include "cli/analyze/claim.h"
#include "cli/analyze/diff.h"

#include "base/input.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/table.h"
#include "cli/words.h"
#include "counts/symbolic.h"
#include "counts/whatif.h"
#include "model/shapes.h"
#include "report/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 3, BATCHES_MAX = 16, SUBJECTS_MAX = CLI_MODELS * BATCHES_MAX };
enum {
    KEY_RULE = 0x100,
    KEY_STRICT,
    KEY_CLAIM,
    KEY_AGAINST,
    KEY_MARKDOWN,
    KEY_BUDGET,
    KEY_MEMORY,
    KEY_FIGURE,
    KEY_SYMBOLIC,
    KEY_WHAT_IF,
    KEY_PASSES
};
enum view { VIEW_SHORT, VIEW_LAYER, VIEW_TYPE, VIEW_TREE };

struct request {
    const struct command *self;
    const char *models[CLI_MODELS];
    int n_models, batches[BATCHES_MAX], n_batches;
    struct model_options options;
    struct model_shapes shapes;
    enum view view;
    int depth; /* of the tree; < 0: not said */
    const char *chip, *chips_file, *rules_file, *claim, *against, *budget_file, *figure;
    struct budget budget;
    struct taught *rules;
    bool has_optimizer, wants_json, wants_conventions, wants_markdown, is_strict, wants_training, wants_memory,
        wants_symbolic, wants_changes, wants_passes;
    struct changes changes;
    enum optimizer optimizer;
    const struct convention *convention; /* NULL: every tool's */
};

static const struct argp_option options[] = {
    {"batch", 'b', "N", 0, "images at once, 1 to 65536, or a list: 1,64,256 (1)", 0},
    CLI_SHAPES,
    {"dtype", 't', "TYPE", 0, "f64, f32, f16, bf16, f8 or s8: bytes of weights and activations (f32)", 0},
    {"by", 'y', "WHAT", 0, "type, layer or tree: the table below the totals", 0},
    {"depth", 'd', "N", 0, "levels of the tree, 0 for all (3)", 0},
    {"chip", 'c', "ID", 0, "bound and time floor on a chip of the database", 0},
    {"chips", 'C', "FILE", 0, "your own chips on top of the database", 0},
    {"as", 'a', "TOOL", 0, "what another tool would count, or all: thop, fvcore, ptflops, torchinfo, ...", 0},
    {"rule", KEY_RULE, "FILE", 0, "YAML: costs of operators that have no rule", 0},
    {"claim", KEY_CLAIM, "NUMBER", 0, "what gives a printed number: 3.8G, 25.6M params", 0},
    {"against", KEY_AGAINST, "MODEL", 0, "what this model adds to the first, removes, reshapes", 0},
    {"markdown", KEY_MARKDOWN, NULL, 0, "with --against or --budget: tables for a pull request", 0},
    {"budget", KEY_BUDGET, "FILE", 0, "YAML limits (macs: 4.2G); exit 3 when one is passed", 0},
    {"strict", KEY_STRICT, NULL, 0, "exit 1 where a node's cost is not known", 0},
    {"what-if", KEY_WHAT_IF, "LIST", 0, "with --chip: what int8,batch=8,fuse,bw=2x,flops=2x,... would remove", 0},
    {"symbolic", KEY_SYMBOLIC, NULL, 0, "totals as polynomials of the free dimensions; with --chip where they cross",
     0},
    {"memory", KEY_MEMORY, NULL, 0, "the step of the peak, the tensors alive there, what would lower it", 0},
    {"figure", KEY_FIGURE, "FILE", 0, "with --memory: the timeline as .svg, .png or .pdf", 0},
    {"passes", KEY_PASSES, NULL, 0, "what the graph's clean-up rewrites, why, and what that changes", 0},
    {"train", 'T', NULL, 0, "a training step: forward, backward, update; memory; the largest batch that fits", 0},
    {"optimizer", 'O', "NAME", 0, "sgd, momentum, adam or adamw, with --train (sgd)", 0},
    {"json", 'j', NULL, 0, "one JSON object with exact integers", 0},
    {0},
};

static bool parse_dtype(const char *text, enum dtype *out, gable_error *e)
{
    static const char *const names[] = {"f64", "f32", "f16", "bf16", "f8", "s8"};
    int i = cli_word("--dtype", text, names, (int)COUNT_OF(names), e);
    if (i >= 0) *out = dtype_find(names[i]);
    return i >= 0;
}

static bool parse_view(const char *text, enum view *out, gable_error *e)
{
    static const char *const names[] = {"layer", "type", "tree"};
    int i = cli_word("--by", text, names, (int)COUNT_OF(names), e);
    if (i >= 0) *out = (enum view)(i + VIEW_LAYER);
    return i >= 0;
}

static bool parse_convention(const char *text, struct request *r, gable_error *e)
{
    const char *names[32] = {"all"};
    size_t n = 1;
    for (const struct convention *c; n < COUNT_OF(names) && (c = convention_at((int)n - 1)); n++) names[n] = c->tool;
    r->wants_conventions = true;
    int i = cli_word("--as", text, names, (int)n, e);
    r->convention = i > 0 ? convention_at(i - 1) : NULL;
    return i >= 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *r = state->input;
    gable_error e = {0};
    bool ok = true;
    switch (key) {
    case 'b': ok = cli_int_list("--batch", arg, 1, 65536, r->batches, BATCHES_MAX, &r->n_batches, &e); break;
    case 's':
    case CLI_KEY_SHAPE:
    case CLI_KEY_BIND: ok = cli_shape(key, arg, &r->shapes, &r->options.zoo.height, &r->options.zoo.width, &e); break;
    case 't': ok = parse_dtype(arg, &r->options.zoo.dtype, &e); break;
    case 'y': ok = parse_view(arg, &r->view, &e); break;
    case 'd': ok = cli_int("--depth", arg, 0, 64, &r->depth, &e); break;
    case 'c': r->chip = arg; break;
    case 'C': r->chips_file = arg; break;
    case 'a': ok = parse_convention(arg, r, &e); break;
    case 'T': r->wants_training = true; break;
    case 'O':
        r->has_optimizer = true;
        ok = cli_optimizer(arg, &r->optimizer, &e);
        break;
    case 'j': r->wants_json = true; break;
    case KEY_WHAT_IF:
        r->wants_changes = true;
        ok = changes_parse(arg, &r->changes, &e);
        break;
    case KEY_SYMBOLIC: r->wants_symbolic = true; break;
    case KEY_MEMORY: r->wants_memory = true; break;
    case KEY_PASSES: r->wants_passes = true; break;
    case KEY_FIGURE: r->figure = arg; break;
    case KEY_RULE: r->rules_file = arg; break;
    case KEY_CLAIM: r->claim = arg; break;
    case KEY_AGAINST: r->against = arg; break;
    case KEY_MARKDOWN: r->wants_markdown = true; break;
    case KEY_BUDGET: r->budget_file = arg; break;
    case KEY_STRICT: r->is_strict = true; break;
    case ARGP_KEY_ARG: ok = cli_model(arg, r->models, &r->n_models, &e); break;
    default: return ARGP_ERR_UNKNOWN;
    }
    if (!ok) cli_usage(r->self, "%s", e.why);
    return ok ? 0 : EINVAL;
}

static gable_status load_all(const struct request *r, struct subject *s, int *n, gable_error *e)
{
    gable_status status = GABLE_OK;
    for (int m = 0; m < r->n_models && !status; m++)
        for (int b = 0; b < r->n_batches && !status; b++) {
            struct model_options o = r->options;
            o.zoo.batch = r->batches[b];
            status = model_settle(r->models[m], &o, e);
            if (status) return status;
            s[*n] = (struct subject){.word = r->models[m],
                                     .options = o,
                                     .rules = r->rules,
                                     .is_training = r->wants_training,
                                     .optimizer = r->optimizer};
            struct subject *one = &s[(*n)++];
            status = r->wants_symbolic ? symbolic_load(one, e) : subject_load(one->word, &o, r->rules, one, e);
        }
    return status;
}

/* Puts every subject under the chip's roof for its own dtype. */
static gable_status load_chip(const struct request *r, struct subject *s, int n, struct chips **chips, gable_error *e)
{
    if (!r->chip) return GABLE_OK;
    gable_status status = chips_load(r->chips_file, chips, e);
    if (status) return status;
    for (int i = 0; i < n && !status; i++) status = cli_chip(*chips, r->chip, s[i].graph, &s[i].chip, &s[i].roof, e);
    return status;
}

static int show_json(const struct request *r, const struct subject *s, int n)
{
    json_t *answer = json_answer("analyze"), *models = json_array();
    struct json_stream *streams = calloc((size_t)n + 1, ANALYZE_STREAMS * sizeof *streams);
    gable_error e = {0};
    if (!streams) error_set(&e, GABLE_NO_MEMORY, "no memory to list %d models", n);
    for (int i = 0; i < n && !e.status; i++) {
        json_t *model = analyze_json_model(&s[i], &streams[ANALYZE_STREAMS * i]);
        if (r->wants_conventions) {
            json_object_set_new(model, "conventions", analyze_json_conventions(&s[i], r->convention));
            json_object_set_new(model, "conventions_checked", json_boolean(analyze_conventions_are_checked(&s[i])));
        }
        if (r->wants_changes) json_object_set_new(model, "what_if", analyze_json_whatif(&s[i], &r->changes, &e));
        if (r->wants_symbolic && !e.status) json_object_set_new(model, "symbolic", analyze_json_symbolic(&s[i], &e));
        if (r->wants_memory && !e.status)
            json_object_set_new(json_object_get(model, "memory"), "timeline",
                                analyze_json_timeline(&s[i], r->figure, &e));
        if (r->wants_passes && !e.status) json_object_set_new(model, "passes", analyze_json_passes(&s[i], &e));
        json_array_append_new(models, model);
    }
    json_object_set_new(answer, "models", models);
    if (e.status) json_decref(answer);
    int status = e.status ? cli_fail(&e) : cli_print_json_streams(answer, streams, ANALYZE_STREAMS * n);
    free(streams);
    return status;
}

/* What was asked for by name, in place of the totals; false where nothing was. */
static bool show_parts(const struct request *r, const struct subject *s, gable_error *e)
{
    int n = 0;
    if (r->wants_conventions) {
        analyze_print_conventions(s, r->convention);
        n++;
    }
    if (r->wants_changes) {
        if (n++) printf("\n");
        analyze_print_whatif(s, &r->changes, e);
    }
    if (r->wants_symbolic && !e->status) {
        if (n++) printf("\n");
        analyze_print_symbolic(s, e);
    }
    if (r->wants_training && !e->status) {
        if (n++) printf("\n");
        analyze_print_training(s, e);
    }
    if (r->wants_memory && !e->status) {
        if (n++) printf("\n");
        analyze_print_memory(s, r->figure, e);
    }
    if (r->wants_passes && !e->status) {
        if (n++) printf("\n");
        analyze_print_passes(s, e);
    }
    return n > 0;
}

static void show_one(const struct request *r, const struct subject *s, gable_error *e)
{
    if (show_parts(r, s, e)) return;
    analyze_print_card(s);
    analyze_print_chip(s);
    switch (r->view) {
    case VIEW_SHORT:
    case VIEW_TYPE: analyze_print_types(s); break;
    case VIEW_LAYER: analyze_print_layers(s); break;
    case VIEW_TREE: analyze_print_tree(s, r->depth < 0 ? DEPTH : r->depth); break;
    }
    if (r->view == VIEW_SHORT && !input_is_stdin(s->word))
        term_hint("next: gable analyze %s --by tree", s->graph->name);
}

static bool wants_parts(const struct request *r)
{
    return r->wants_conventions || r->wants_changes || r->wants_training || r->wants_memory || r->wants_passes;
}

/* Counts of nothing are 0: some exporters write 0 for a dimension that is free. */
static void warn_of_empty_inputs(const struct subject *s)
{
    for (int i = 0; i < s->graph->n_inputs; i++) {
        const struct tensor *t = s->graph->inputs[i];
        char shape[160];
        struct text line = {0};
        if (!t->has_shape || tensor_elements(t) != 0) continue;
        onnx_shape_text(t->name, t->shape.rank, t->shape.dim, shape, sizeof shape);
        text_add(&line, "gable: an input has no elements: ");
        text_add_safe(&line, shape, 0);
        text_add(&line, "; if 0 stands for free there, say --shape with numbers in its place\n");
        if (line.data) fputs(line.data, stderr);
        text_release(&line);
    }
}

static int show(const struct request *r, const struct subject *s, int n)
{
    gable_error e = {0};
    if (r->wants_json) return show_json(r, s, n);
    if (n > 1 && r->view == VIEW_SHORT && !wants_parts(r))
        analyze_print_comparison(s, n);
    else
        for (int i = 0; i < n && !e.status; i++) {
            if (i) printf("\n");
            show_one(r, &s[i], &e);
        }
    if (fflush(stdout) && !e.status) error_set(&e, GABLE_FAILED, "the answer cannot be written to stdout");
    return e.status ? cli_fail(&e) : 0;
}

/* --against makes the second model the one that budgets are about. */
static int show_diff(const struct request *r, const struct subject *s)
{
    enum diff_form form = r->wants_json ? DIFF_JSON : r->wants_markdown ? DIFF_MARKDOWN : DIFF_TEXT;
    return analyze_diff(&s[0], &s[1], form);
}

static int check_budget(const struct request *r, const struct subject *s, int n)
{
    int exit_status = 0;
    for (int i = r->against ? 1 : 0; i < n && r->budget_file; i++) {
        if (r->wants_markdown && (r->against || i)) printf("\n");
        int status = budget_check(&r->budget, &s[i], r->wants_markdown ? BUDGET_MARKDOWN : BUDGET_LINES);
        if (status) exit_status = status;
    }
    return exit_status;
}

static gable_status load_files(struct request *r, gable_error *e)
{
    gable_status status = r->rules_file ? taught_load(r->rules_file, &r->rules, e) : GABLE_OK;
    return status || !r->budget_file ? status : budget_load(r->budget_file, &r->budget, e);
}

/* Options that would do nothing without another; 0 where none is alone. */
static int check_company(const struct request *r)
{
    if (r->depth >= 0 && r->view != VIEW_TREE) return cli_usage(r->self, "--depth N belongs to --by tree");
    if (r->has_optimizer && !r->wants_training) return cli_usage(r->self, "--optimizer NAME belongs to --train");
    if (r->chips_file && !r->chip) return cli_usage(r->self, "--chips FILE belongs to --chip ID");
    if (r->wants_markdown && !r->against && !r->budget_file)
        return cli_usage(r->self, "--markdown belongs to --against MODEL or --budget FILE");
    if (r->wants_changes && !r->chip) return cli_usage(r->self, "--what-if needs --chip ID: 'gable chips' lists them");
    if (r->figure && (!r->wants_memory || r->n_models * r->n_batches != 1))
        return cli_usage(r->self, "--figure FILE belongs to --memory of one model at one batch");
    return 0;
}

/* Options that do not go together; 0 where all do. */
static int check_request(const struct request *r)
{
    int alone = check_company(r);
    if (alone) return alone;
    if (r->claim && r->n_models > 1) return cli_usage(r->self, "--claim is about one model, not %d", r->n_models);
    if (r->claim && (wants_parts(r) || r->wants_symbolic || r->against || r->budget_file || r->rules_file || r->chip))
        return cli_usage(r->self, "--claim is a question of its own: only --json, --size and --dtype go with it");
    if (r->against && (r->n_models != 1 || r->n_batches != 1))
        return cli_usage(r->self, "--against compares two models at one batch: gable analyze A --against B");
    if (r->view != VIEW_SHORT && !r->wants_json && (wants_parts(r) || r->wants_symbolic || r->against))
        return cli_usage(r->self, "--by WHAT divides the totals: it does not go with another question");
    if (r->wants_markdown && r->wants_json) return cli_usage(r->self, "--markdown or --json: which one?");
    if (r->figure && !draw_knows(r->figure))
        return cli_usage(r->self, "--figure takes a file that ends in .svg, .png or .pdf, not '%.60s'", r->figure);
    return 0;
}

/* A word that is written differently in the file teaches nothing, and would do so in silence. */
static void warn_of_idle_rules(const struct request *r, const struct subject *s, int n)
{
    int taught = 0;
    for (int i = 0; i < n; i++) {
        struct coverage c;
        coverage_find(s[i].graph, &c);
        taught += c.n[COST_TAUGHT];
    }
    if (r->rules && !taught)
        fprintf(stderr, "gable: note: no node here is of an operator that %s has a rule for\n", r->rules_file);
}

static int run(const struct command *self, int argc, char **argv)
{
    struct request r = {.self = self, .depth = -1};
    gable_error e = {0};
    int exit_status = cli_parse(self, argc, argv, parse, &r), n = 0;
    if (exit_status) return exit_status;
    if (model_shapes_batches(&r.shapes, r.batches, &r.n_batches, &e)) return cli_usage(self, "%s", e.why);
    r.options.n_shapes = r.shapes.n;
    r.options.shapes = r.shapes.at;
    if (!r.n_models) return cli_usage(self, "which model? 'gable models' lists them");
    exit_status = check_request(&r);
    if (exit_status) return exit_status;
    if (r.claim) return analyze_claim(r.models[0], &r.options, r.claim, r.wants_json);
    if (r.against) r.models[r.n_models++] = r.against;
    struct subject *s = calloc(SUBJECTS_MAX, sizeof *s);
    struct chips *chips = NULL;
    if (!s)
        error_set(&e, GABLE_NO_MEMORY, "no memory");
    else if (!load_files(&r, &e) && !load_all(&r, s, &n, &e))
        load_chip(&r, s, n, &chips, &e);
    for (int i = 0; i < n && !e.status; i++) warn_of_empty_inputs(&s[i]);
    if (!e.status) warn_of_idle_rules(&r, s, n);
    exit_status = e.status ? cli_fail(&e) : r.against ? show_diff(&r, s) : r.wants_markdown ? 0 : show(&r, s, n);
    if (!exit_status) exit_status = check_budget(&r, s, n);
    if (!exit_status && r.is_strict) exit_status = analyze_strict(s, n);
    for (int i = 0; i < n; i++) subject_release(&s[i]);
    free(s);
    chips_free(chips);
    taught_free(r.rules);
    return exit_status;
}

const struct command command_analyze = {
    .name = "analyze",
    .args = "MODEL...",
    .purpose = "what models cost: MACs, FLOPs, parameters, bytes, memory",
    .examples = "  gable analyze resnet18\n"
                "  gable analyze efficientnet_b0 --by tree\n"
                "  gable analyze mobilenet_v2 --batch 1,64,256\n"
                "  gable analyze model.onnx --shape tokens=1x128\n"
                "  gable analyze resnet50 --chip nvidia_t4 --by layer\n"
                "  gable analyze resnet50 --as thop\n"
                "  gable analyze resnet50 --claim 3.8G\n"
                "  gable analyze resnet18 --against resnet34 --markdown\n"
                "  gable analyze efficientnet_b4 --train --batch 64 --optimizer adam\n"
                "  gable analyze resnet18 --memory --figure memory.svg\n"
                "  gable analyze resnet50 --symbolic --chip nvidia_t4\n"
                "  gable analyze resnet18 --chip nvidia_t4 --what-if int8,batch=8,fuse,bw=2x\n"
                "  gable analyze efficientnet_b0 --passes\n"
                "  curl -sL https://host/model.onnx | gable analyze -\n"
                "  gable analyze vgg16 --size 320x240 --json\n",
    .options = options,
    .run = run,
};
