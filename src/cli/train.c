/* gable train: real training steps, timed by their parts; with --data training over epochs (train_run.c). */
#include "cli/train.h"

#include "bench/training_trace.h"
#include "cli/command.h"
#include "cli/table.h"
#include "cli/trace.h"
#include "cli/words.h"
#include "model/shapes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_RATE = 1000,
    KEY_DECAY,
    KEY_LOSS,
    KEY_RECOMPUTE,
    KEY_ISA,
    KEY_BUDGET,
    KEY_SEED,
    KEY_RULE,
    KEY_NO_ROOF,
    KEY_STEPS,
    KEY_TRACE
};
enum { BATCH = 32 }; /* where none is asked for */
enum {
    KEY_DATA = 1100,
    KEY_EPOCHS,
    KEY_CHECKPOINT,
    KEY_RESUME,
    KEY_SAVE,
    KEY_FREEZE,
    KEY_VALIDATE,
    KEY_AUGMENT,
    KEY_STORE,
    KEY_NO_STORE
};

struct request {
    const struct command *self;
    const char *models[CLI_MODELS], *trace;
    int n_models;
    bool wants_json, wants_layers, no_roof, has_rate;
    struct train_run learns;
    struct training_options options;
    struct model_shapes shapes;
};

static const struct argp_option options[] = {
    {"batch", 'b', "N", 0, "images of a step, 1 to 65536 (32)", 0},
    {"optimizer", 'O', "NAME", 0, "sgd, momentum, adam or adamw (momentum)", 0},
    {"data", KEY_DATA, "DIR", 0,
     "really train on DIR/CLASS/*.png, *.jpg, *.jpeg (scaled and cut to the input, ImageNet's means and deviations), "
     "on "
     "DIR/images.npy (n x C x H x W; or inputs.npy, as it is) and DIR/labels.npy, or on 'synthetic'; without it steps "
     "are timed",
     0},
    {"epochs", KEY_EPOCHS, "N", 0, "with --data (5)", 0},
    {"validate", KEY_VALIDATE, "SHARE|DIR", 0,
     "with --data: the accuracy after every epoch on data that are not trained on, 0.2 of them or another folder's", 0},
    {"augment", KEY_AUGMENT, NULL, 0,
     "with a folder of images: every epoch sees other parts of them, mirrored or not (RandomResizedCrop, "
     "RandomHorizontalFlip)",
     0},
    {"checkpoint", KEY_CHECKPOINT, "FILE", 0, "with --data: written whole after every epoch, and when interrupted", 0},
    {"resume", KEY_RESUME, NULL, 0, "go on from the checkpoint, exactly", 0},
    {"save", KEY_SAVE, "FILE.onnx", 0,
     "with --data: the trained model in inference form, at the end or when interrupted: what gable run, ONNX Runtime "
     "and gable train take",
     0},
    {"store", KEY_STORE, "FILE", 0,
     "with --data: where losses are kept for the report (gable.db in the XDG data directory)", 0},
    {"no-store", KEY_NO_STORE, NULL, 0, "with --data: keep nothing", 0},
    {"rate", KEY_RATE, "X", 0, "learning rate (timed: 0.0001; with --data: 0.01, adam 0.001)", 0},
    {"freeze", KEY_FREEZE, "PATTERN", 0, "weights whose names match, as 'fc1.*', stay as they are", 0},
    {"decay", KEY_DECAY, "X", 0, "weight decay (0)", 0},
    {"loss", KEY_LOSS, "NAME", 0, "cross-entropy or mse (cross-entropy)", 0},
    {"recompute", KEY_RECOMPUTE, "WHAT", 0,
     "what backward makes again to save memory: none, cheap (normalisations, activations), checkpoint (none)", 0},
    {"threads", 't', "N", 0, "threads (one per allowed core)", 0},
    CLI_SHAPES,
    {"isa", KEY_ISA, "NAME", 0, "instruction set: best, plain, neon, avx2 or avx512 (best)", 0},
    {"rule", KEY_RULE, NULL, 0, "choose algorithms by rule: the same bits in every run", 0},
    {"budget", KEY_BUDGET, "SECONDS", 0, "of samples per model (10)", 0},
    {"steps", KEY_STEPS, "N", 0,
     "exactly so many steps as samples, and so many by their stages; fewer than 6 are shown, but not valid", 0},
    {"seed", KEY_SEED, "N", 0, "of weights, images, labels and dropout (1)", 0},
    {"quick", 'q', NULL, 0, "a tenth of the time, wider intervals, marked so", 0},
    {"trace", KEY_TRACE, "FILE", 0,
     "then trace 3 steps: forward, both halves of backward and the update by layer, every thread, FLOP/s and bytes/s, "
     "for ui.perfetto.dev",
     0},
    {"no-roof", KEY_NO_ROOF, NULL, 0, "do not measure the roof first", 0},
    {"layers", 'l', NULL, 0, "a table per layer and pass", 0},
    {"json", 'j', NULL, 0, "one JSON object", 0},
    {0},
};

static bool parse_loss(const char *text, enum train_loss *out, gable_error *e)
{
    static const char *const names[] = {[LOSS_CROSS_ENTROPY] = "cross-entropy", [LOSS_MSE] = "mse"};
    int i = cli_word("--loss", text, names, (int)COUNT_OF(names), e);
    if (i >= 0) *out = (enum train_loss)i;
    return i >= 0;
}
static bool parse_recompute(const char *text, enum recompute *out, gable_error *e)
{
    int i = cli_word("--recompute", text, recompute_names, RECOMPUTE_KINDS, e);
    if (i >= 0) *out = (enum recompute)i;
    return i >= 0;
}
static bool parse_seed(const char *text, struct training_options *o, gable_error *e)
{
    int seed = 0;
    bool ok = cli_int("--seed", text, 1, 2147483647, &seed, e);
    o->seed = o->trainer.seed = (uint64_t)seed;
    return ok;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *r = state->input;
    struct training_options *o = &r->options;
    gable_error e = {0};
    bool ok = true;
    switch (key) {
    case 'b': ok = cli_int("--batch", arg, 1, 65536, &o->batch, &e); break;
    case 'O': ok = cli_optimizer(arg, &o->trainer.optimizer, &e); break;
    case KEY_DATA: r->learns.data = arg; break;
    case KEY_EPOCHS: ok = cli_int("--epochs", arg, 1, 100000, &r->learns.epochs, &e); break;
    case KEY_CHECKPOINT: r->learns.checkpoint = arg; break;
    case KEY_VALIDATE: r->learns.validate = arg; break;
    case KEY_AUGMENT: r->learns.augments = true; break;
    case KEY_SAVE: r->learns.save = arg; break;
    case KEY_RESUME: r->learns.resumes = true; break;
    case KEY_STORE: r->learns.store = arg; break;
    case KEY_NO_STORE: r->learns.no_store = true; break;
    case KEY_RATE:
        r->has_rate = true;
        ok = cli_real("--rate", arg, 0, 1e6, &o->trainer.rate, &e);
        break;
    case KEY_FREEZE: o->trainer.frozen = arg; break;
    case KEY_DECAY: ok = cli_real("--decay", arg, 0, 1, &o->trainer.weight_decay, &e); break;
    case KEY_LOSS: ok = parse_loss(arg, &o->trainer.loss, &e); break;
    case KEY_RECOMPUTE: ok = parse_recompute(arg, &o->trainer.recompute, &e); break;
    case 't': ok = cli_int("--threads", arg, 1, cli_cpus()->n_allowed, &o->trainer.threads, &e); break;
    case 's':
    case CLI_KEY_SHAPE:
    case CLI_KEY_BIND: ok = cli_shape(key, arg, &r->shapes, &o->height, &o->width, &e); break;
    case KEY_ISA: ok = cli_isa(arg, &o->trainer.isa, &e); break;
    case KEY_RULE: o->trainer.tune = false; break;
    case KEY_BUDGET: ok = cli_real("--budget", arg, 0.1, 3600, &o->budget_s, &e); break;
    case KEY_SEED: ok = parse_seed(arg, o, &e); break;
    case KEY_TRACE: r->trace = arg; break;
    case KEY_STEPS: ok = cli_int("--steps", arg, 1, 100000, &o->steps, &e); break;
    case 'q': o->quick = true; break;
    case KEY_NO_ROOF: r->no_roof = true; break;
    case 'l': r->wants_layers = true; break;
    case 'j': r->wants_json = true; break;
    case ARGP_KEY_ARG: ok = cli_model(arg, r->models, &r->n_models, &e); break;
    default: return ARGP_ERR_UNKNOWN;
    }
    if (!ok) cli_usage(r->self, "%s", e.why);
    return ok ? 0 : EINVAL;
}

static void progress(void *arg, const char *what, double share)
{
    (void)arg;
    term_progress(what, (int)(100 * share), 100);
}
static void progress_machine(void *arg, const char *what, int done, int total)
{
    (void)arg;
    term_progress(what, done, total);
}
static gable_status find_roof(struct request *r, gable_error *e)
{
    struct bench_options b = {.engine = {.threads = r->options.trainer.threads},
                              .quick = r->options.quick,
                              .progress_machine = progress_machine};
    gable_status s = bench_roof(cli_cpus(), &b, &cli_interrupted, e);
    term_progress_end();
    r->options.roof = b.roof;
    r->options.roof_is_rough = b.roof_is_rough;
    return s;
}

static int show(const struct request *r, const struct trained *t, int n)
{
    bool all_valid = true;
    for (int i = 0; i < n; i++) all_valid &= t[i].runs[TRAINED_STEP].valid;
    if (r->wants_json) {
        int bad = cli_print_json(train_json(t, n));
        if (bad) return bad;
    } else if (n) {
        train_print_table(t, n);
        for (int i = 0; i < n; i++) {
            char sentence[TRAIN_SENTENCE];
            train_sentence(&t[i], sentence, sizeof sentence);
            printf("\n");
            term_line(sentence);
            if (t[i].runs[PASS_FORWARD].n_groups) train_print_kinds(&t[i]);
            train_print_memory(&t[i]);
            if (r->wants_layers && t[i].runs[PASS_FORWARD].n_groups) train_print_layers(&t[i]);
        }
        if (fflush(stdout)) return 1;
    }
    return all_valid ? 0 : gable_exit_status(GABLE_INVALID_RUN);
}
/* Nothing is traced of a point that did not run. */
static int trace(const struct request *r, const struct trained *t)
{
    struct training_options o = r->options;
    json_t *found = NULL;
    gable_error e = {0};
    o.model = r->models[0];
    if (t->runs[PASS_FORWARD].n_groups < 1) return 0;
    gable_status s = training_trace(cli_cpus(), &o, t, &found, &e);
    if (!s) s = trace_write(found, r->trace, &e);
    if (s) return cli_fail(&e);
    if (!r->wants_json) trace_say(r->trace, "3 steps", t->runs[TRAINED_STEP].threads);
    return fflush(stdout) ? 1 : 0;
}

static int measure(struct request *r)
{
    gable_error e = {0};
    struct trained *t = calloc((size_t)r->n_models, sizeof *t);
    gable_status s = t ? GABLE_OK : error_set(&e, GABLE_NO_MEMORY, "no memory for %d models", r->n_models);
    int n = 0;
    if (!s && !r->no_roof) s = find_roof(r, &e);
    for (int i = 0; !s && i < r->n_models && !cli_interrupted; i++) {
        struct training_options o = r->options;
        o.model = r->models[i];
        o.progress = progress;
        s = training_point(cli_cpus(), &o, &cli_interrupted, &t[n], &e);
        if (!s) train_say_engine(t[n].runs[TRAINED_STEP].model, t[n].trainer, t[n].why);
        if (!s) n++;
    }
    term_progress_end();
    int status = n || (r->wants_json && !s) ? show(r, t, n) : 0, bad = n && !s && r->trace ? trace(r, t) : 0;
    for (int i = 0; i < n; i++) trained_release(&t[i]);
    free(t);
    return s ? cli_fail(&e) : bad ? bad : status;
}

/* By rule: a resumed run is the same run only with the same algorithms. */
static int learn(struct request *r)
{
    struct train_run *l = &r->learns;
    if (r->n_models != 1) return cli_usage(r->self, "--data trains one model");
    if (l->save && !onnx_is_path(l->save)) return cli_usage(r->self, "--save takes FILE.onnx, not %.80s", l->save);
    if (l->resumes && !l->checkpoint) return cli_usage(r->self, "--resume goes on from a --checkpoint FILE");
    l->options = r->options;
    l->options.model = r->models[0];
    l->options.trainer.tune = false;
    if (!r->has_rate) l->options.trainer.rate = 0; /* the optimizer's own */
    if (!l->options.seed) l->options.seed = 1;
    l->wants_json = r->wants_json;
    return train_run(l);
}
static int dispatch(struct request *r)
{
    const struct train_run *l = &r->learns;
    if (!r->n_models) return cli_usage(r->self, "which model? 'gable models' lists them");
    if (r->trace && (l->data || r->n_models > 1))
        return cli_usage(r->self, "--trace FILE is of one model's steps, without --data");
    if (l->data) return learn(r);
    if (l->checkpoint || l->resumes) return cli_usage(r->self, "--checkpoint and --resume go with --data");
    if (l->save) return cli_usage(r->self, "--save goes with --data");
    if (l->validate || l->augments) return cli_usage(r->self, "--validate and --augment go with --data");
    return measure(r);
}

/* The batch is asked for, or that of the first shape, or the usual one. */
static int settle_shapes(struct request *r)
{
    struct training_options *o = &r->options;
    gable_error e = {0};
    int n = o->batch ? 1 : 0;
    if (r->shapes.n && !r->shapes.at[0].is_dimension && model_shapes_batches(&r->shapes, &o->batch, &n, &e))
        return cli_usage(r->self, "%s", e.why);
    if (!o->batch) o->batch = BATCH;
    o->n_shapes = r->shapes.n;
    o->shapes = r->shapes.at;
    return 0;
}

static int run(const struct command *self, int argc, char **argv)
{
    struct request *r = calloc(1, sizeof *r);
    if (!r) return 1;
    r->self = self;
    r->options =
        (struct training_options){.trainer = {.optimizer = OPTIMIZER_MOMENTUM, .rate = 1e-4, .seed = 1, .tune = true}};
    r->learns.epochs = 5;
    int status = cli_parse(self, argc, argv, parse, r);
    if (!status) status = settle_shapes(r);
    if (!status) status = dispatch(r);
    free(r);
    return status;
}

const struct command command_train = {
    .name = "train",
    .args = "MODEL...",
    .purpose = "training steps timed by their parts, in FLOPs and memory; with --data, training over epochs",
    .examples = "  gable train resnet18 --batch 64\n"
                "  gable train efficientnet_b4 --batch 64 --recompute cheap\n"
                "  gable train mobilenet_v2 --layers\n"
                "  gable train resnet18 --trace steps.json\n"
                "  gable train squeezenet1_1 --optimizer adamw --quick --json\n"
                "  gable train squeezenet1_1 --size 64 --data synthetic --checkpoint run.ckpt\n"
                "  gable train resnet18 --data flowers --epochs 20 --augment --validate 0.2 --save flowers.onnx\n"
                "  gable train model.onnx --data examples --freeze 'embed*'\n",
    .options = options,
    .run = run,
};
