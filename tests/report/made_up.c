#include "made_up.h"

#include "check.h"
#include "learn/learned.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Shares by kind, in the order of OP_KINDS: of the FLOPs, of the unfused bytes, and relative slowness of a kind. */
struct mix {
    double flops[KIND_N], bytes[KIND_N];
};
static const struct mix efficient = {{.03, .88, .06, 0, .005, .01, .01, .002, .003, 0, 0},
                                     {.02, .30, .16, 0, .03, .17, .24, .03, .05, 0, 0}};
static const struct mix residual = {{.92, .06, 0, 0, .001, .005, .004, .001, .009, 0, 0},
                                    {.49, .06, 0, 0, .02, .16, .15, .04, .08, 0, 0}};
static const struct mix shuffling = {{.06, .85, .04, 0, .03, .01, .005, .005, 0, 0, 0},
                                     {.06, .33, .14, 0, .05, .16, .10, .04, 0, .12, 0}};
static const struct mix squeezing = {{.70, .29, 0, 0, 0, 0, .005, .005, 0, 0, 0},
                                     {.38, .32, 0, 0, 0, 0, .18, .08, 0, .04, 0}};
static const double slowness[KIND_N] = {1, 1.35, 4.6, 3, 1.3, 1.5, 2.6, 1.9, 1.7, 2.5, 1.5};

static const struct made {
    const char *id, *label, *family;
    double macs, params, activations; /* of one image; activations in elements */
    double share[MADE_BATCHES];
    const struct mix *mix;
} made[MADE_MODELS] = {
    {"shufflenet_v2_x0_5", "ShuffleNetV2 ×0.5", "shufflenet", 40476448, 1366792, 2945704, {.12, .38, .41}, &shuffling},
    {"mobilenet_v3_small", "MobileNetV3-Small", "mobilenet", 56510400, 2542856, 4106768, {.14, .27, .30}, &efficient},
    {"mobilenet_v2", "MobileNetV2", "mobilenet", 300774272, 3504872, 19464296, {.27, .44, .46}, &efficient},
    {"squeezenet1_1", "SqueezeNet 1.1", "squeezenet", 349151936, 1235496, 5596408, {.47, .68, .70}, &squeezing},
    {"efficientnet_b0", "EfficientNet-B0", "efficientnet", 385814752, 5288548, 19874240, {.22, .34, .36}, &efficient},
    {"efficientnet_b1", "EfficientNet-B1", "efficientnet", 569651680, 7794184, 27697144, {.20, .31, .33}, &efficient},
    {"shufflenet_v2_x2_0", "ShuffleNetV2 ×2.0", "shufflenet", 583253464, 7393996, 10356856, {.3, .52, .55}, &shuffling},
    {"efficientnet_b2", "EfficientNet-B2", "efficientnet", 658963440, 9109994, 29044092, {.21, .33, .35}, &efficient},
    {"efficientnet_b4", "EfficientNet-B4", "efficientnet", 1503710432, 19341616, 50604432, {.23, .35, .37}, &efficient},
    {"resnet18", "ResNet18", "resnet", 1814073344, 11689512, 7477736, {.58, .88, .91}, &residual},
};
static const int made_batches[MADE_BATCHES] = {1, 64, 256};

static void add_ceiling(struct machine *m, enum ceiling_kind kind, const char *level, const char *what, enum dtype d,
                        const char *isa, int threads, double value)
{
    struct ceiling *c = &m->ceilings[m->n_ceilings++];
    *c = (struct ceiling){.kind = kind, .dtype = d, .threads = threads, .value = value, .valid = true};
    c->low = .995 * value;
    c->high = 1.005 * value;
    c->theory = kind == CEILING_COMPUTE ? 1.02 * value : 0;
    snprintf(c->level, sizeof c->level, "%s", level);
    snprintf(c->what, sizeof c->what, "%s", what);
    snprintf(c->isa, sizeof c->isa, "%s", isa);
}

static void make_machine(struct machine *m)
{
    struct topology *t = &m->topology;
    snprintf(t->cpu, sizeof t->cpu, "Made-up CPU 8-Core");
    snprintf(t->vendor, sizeof t->vendor, "Nobody");
    t->sockets = 1;
    t->cores = t->pus = 8;
    t->memory_bytes = (size_t)32 << 30;
    m->clock_hz = 3e9;
    for (int all = 0; all < 2; all++) {
        int threads = all ? 8 : 1;
        double n = all ? 8 : 1;
        add_ceiling(m, CEILING_COMPUTE, "vector", "", DTYPE_F32, "avx512", threads, 144e9 * n);
        add_ceiling(m, CEILING_COMPUTE, "vector", "", DTYPE_F32, "avx2", threads, 74e9 * n);
        add_ceiling(m, CEILING_COMPUTE, "vector", "", DTYPE_F32, "sse", threads, 22e9 * n);
        add_ceiling(m, CEILING_COMPUTE, "vector", "", DTYPE_F32, "scalar", threads, 9e9 * n);
        add_ceiling(m, CEILING_COMPUTE, "vector", "", DTYPE_F64, "avx512", threads, 72e9 * n);
        add_ceiling(m, CEILING_COMPUTE, "vector", "", DTYPE_BF16, "avx512", threads, 288e9 * n);
        add_ceiling(m, CEILING_COMPUTE, "vector", "", DTYPE_S8, "avx512", threads, 576e9 * n);
        add_ceiling(m, CEILING_BANDWIDTH, "L1", "read", DTYPE_F32, "", threads, 360e9 * n);
        add_ceiling(m, CEILING_BANDWIDTH, "L2", "read", DTYPE_F32, "", threads, 78e9 * n);
        add_ceiling(m, CEILING_BANDWIDTH, "L3", "read", DTYPE_F32, "", threads, 26e9 * n);
        add_ceiling(m, CEILING_BANDWIDTH, "DRAM", "read", DTYPE_F32, "", threads, all ? 38e9 : 17e9);
        add_ceiling(m, CEILING_BANDWIDTH, "DRAM", "copy nt", DTYPE_F32, "", threads, all ? 33e9 : 14e9);
        add_ceiling(m, CEILING_BANDWIDTH, "DRAM", "write", DTYPE_F32, "", threads, all ? 19e9 : 9e9);
    }
}

static void make_cost(struct study_cost *c, const struct made *m, int batch)
{
    double flops = 2 * m->macs * 1.01 * batch, unfused = 4 * (2.6 * m->activations * batch + m->params);
    c->batch = batch;
    c->cost = (struct cost){.macs = (count)(m->macs * batch), .flops = (count)flops};
    c->bytes.unfused = (count)unfused;
    c->bytes.fused = (count)(4 * (.77 * m->activations * batch + m->params));
    c->bytes.ideal = (count)(4 * (151528.0 * batch + m->params));
    c->memory.weights = (count)(4 * m->params);
    c->memory.activations = (count)(4 * m->activations * batch);
    c->memory.peak_live = (count)(4 * .18 * m->activations * batch);
    for (int k = 0; k < KIND_N; k++) {
        struct kind_total *t = &c->kinds[k];
        t->cost.flops = (count)(flops * m->mix->flops[k]);
        t->cost.macs = k <= KIND_LINEAR ? t->cost.flops / 2 : 0;
        t->bytes = (count)(unfused * m->mix->bytes[k]);
        t->nodes = t->bytes > 0 ? 5 : 0;
    }
}

/* Backward data is 0.9, weights 1.0 of each kind's forward; bytes 1.2 and 0.6. */
static void make_training(struct study_training *t, const struct made *m)
{
    static const double times[PASS_N] = {1, .9, 1, 0}, traffic[PASS_N] = {1, 1.2, .6, 0};
    double flops = 2 * m->macs * 1.01 * STUDY_TRAINING_BATCH, bytes = 10.4 * m->activations * STUDY_TRAINING_BATCH;
    t->batch = STUDY_TRAINING_BATCH;
    for (int k = 0; k < KIND_N; k++)
        for (int p = 0; p < PASS_UPDATE; p++) {
            struct work *w = &t->kinds[k][p];
            w->cost.flops = (count)(flops * m->mix->flops[k] * times[p]);
            w->cost.macs = k <= KIND_LINEAR ? w->cost.flops / 2 : 0;
            w->bytes = (count)(bytes * m->mix->bytes[k] * traffic[p]);
            t->passes[p].cost = cost_add(t->passes[p].cost, w->cost);
            t->passes[p].bytes += w->bytes;
        }
    for (int k = 0; k < KIND_N; k++)
        for (int p = 0; p < PASS_UPDATE; p++) {
            t->flops.of[k][p] = (double)t->kinds[k][p].cost.flops;
            t->bytes.of[k][p] = (double)t->kinds[k][p].bytes;
        }
    t->passes[PASS_UPDATE] = (struct work){.cost.flops = (count)(4 * m->params), .bytes = (count)(20 * m->params)};
    t->memory = (struct training_memory){.weights = (count)(4 * m->params),
                                         .gradients = (count)(4 * m->params),
                                         .optimizer = (count)(4 * m->params),
                                         .saved = (count)(6 * m->activations * STUDY_TRAINING_BATCH),
                                         .working = 1 << 20};
    t->memory.total = 3 * t->memory.weights + t->memory.saved + t->memory.working;
}

/* One group per kind that does arithmetic on its own; norms are folded, activations ride along. */
static void make_groups(struct run *r, const struct made *m)
{
    r->groups = calloc(KIND_N, sizeof *r->groups);
    assert_non_null(r->groups);
    double fused = (double)r->bytes.fused, flops = (double)r->flops_counted;
    for (int k = 0; k < KIND_N; k++) {
        if (m->mix->bytes[k] <= 0 || k == KIND_NORM) continue;
        struct run_group *g = &r->groups[r->n_groups++];
        snprintf(g->name, sizeof g->name, "features.%d", k);
        snprintf(g->kernel, sizeof g->kernel, "made_up_%s", op_kind_name((enum op_kind)k));
        g->kind = (enum op_kind)k;
        g->flops_counted = g->flops_executed = flops * m->mix->flops[k];
        g->bytes = fused * m->mix->bytes[k];
        g->floor_ns = 1e9 * roof_floor_s(&r->roof, g->flops_counted, g->bytes);
    }
}

/* Samples around the median: 8 slower ones of warm-up, then 30 with a long right tail. */
static void make_samples(struct run *r)
{
    enum { WARMUP = 8, CLEAN = 30 };
    r->samples = calloc(WARMUP + CLEAN, sizeof *r->samples);
    assert_non_null(r->samples);
    double spread = r->batch == 1 ? .04 : .01, at = 0;
    for (int i = 0; i < WARMUP + CLEAN; i++) {
        double u = fmod(.618034 * (i + 1), 1), tail = (u - .5) * spread + (u > .93 ? 2 * spread : 0);
        double ns = r->median_ns * (i < WARMUP ? 1 + .3 * exp(-i / 3.0) + tail : 1 + tail);
        r->samples[i] =
            (struct sample){.start_ns = (int64_t)at, .ns = (int64_t)ns, .marks = i < WARMUP ? MARK_WARMUP : 0};
        at += ns;
    }
    r->n_samples = WARMUP + CLEAN;
    r->n_clean = CLEAN;
    r->n_eff = CLEAN;
    r->p5_ns = r->median_ns * (1 - .45 * spread);
    r->p95_ns = r->median_ns * (1 + 2.4 * spread);
    r->min_ns = r->median_ns * (1 - .5 * spread);
    r->max_ns = r->median_ns * (1 + 2.5 * spread);
    r->low_ns = r->median_ns * (1 - .1 * spread);
    r->high_ns = r->median_ns * (1 + .1 * spread);
}

void made_up_share(struct study *s, int model, int batch_index, double share)
{
    struct run *r = made_up_run(s, model, batch_index);
    double sum = 0, flops = (double)r->flops_counted;
    r->flops_per_s = share * r->attainable;
    r->median_ns = 1e9 * flops / r->flops_per_s;
    r->efficiency = share;
    r->efficiency_low = .99 * share;
    r->efficiency_high = 1.01 * share;
    for (int i = 0; i < r->n_groups; i++) sum += r->groups[i].floor_ns * slowness[r->groups[i].kind];
    r->sum_ns = .97 * r->median_ns;
    r->instrumented_ns = 1.01 * r->median_ns;
    for (int i = 0; i < r->n_groups; i++)
        r->groups[i].median_ns = r->sum_ns * r->groups[i].floor_ns * slowness[r->groups[i].kind] / sum;
    free(r->samples);
    make_samples(r);
}

static void make_run(struct study *s, struct run *r, int model, int b)
{
    const struct made *m = &made[model];
    const struct study_cost *c = &s->models[model].costs[b];
    snprintf(r->model, sizeof r->model, "%s", m->id);
    snprintf(r->label, sizeof r->label, "%s", m->label);
    snprintf(r->engine, sizeof r->engine, "cpu");
    snprintf(r->device, sizeof r->device, "%s", s->machine.topology.cpu);
    snprintf(r->pass, sizeof r->pass, "forward");
    snprintf(r->isa, sizeof r->isa, "avx512");
    r->batch = made_batches[b];
    r->threads = 8;
    r->height = r->width = 224;
    r->dtype = DTYPE_F32;
    r->block = 1;
    r->macs = c->cost.macs;
    r->flops_counted = r->flops_executed = c->cost.flops;
    r->params = s->models[model].params;
    r->bytes = c->bytes;
    r->roof = s->roof;
    r->probe_flops = s->roof.peak;
    r->probe_bytes = s->roof.bandwidth;
    r->intensity = (double)c->cost.flops / (double)c->bytes.fused;
    r->attainable = roof_attainable(&s->roof, r->intensity);
    r->bound = roof_bound(&s->roof, (double)c->cost.flops, (double)c->bytes.fused);
    r->p90_tail_ns = r->p99_tail_ns = NAN;
    r->setup_ns = 4e7;
    r->first_ns = 9e6;
    r->valid = true;
    make_groups(r, m);
    made_up_share(s, model, b, m->share[b]);
}

void made_up_study(struct study *s)
{
    *s = (struct study){.training_batch = STUDY_TRAINING_BATCH,
                        .n_batches = MADE_BATCHES,
                        .n_models = MADE_MODELS,
                        .n_runs = MADE_MODELS * MADE_BATCHES};
    make_machine(&s->machine);
    s->roof = (struct roof){.peak = 8 * 144e9, .bandwidth = 38e9};
    s->chips = made_up_chips();
    s->batches = calloc(MADE_BATCHES, sizeof *s->batches);
    s->models = calloc(MADE_MODELS, sizeof *s->models);
    s->runs = calloc((size_t)s->n_runs, sizeof *s->runs);
    assert_true(s->batches && s->models && s->runs);
    memcpy(s->batches, made_batches, sizeof made_batches);
    snprintf(s->command, sizeof s->command, "gable report");
    snprintf(s->version, sizeof s->version, "0.1.0");
    s->started_utc = 1764000000;
    s->finished_utc = 1764000600;
    for (int i = 0; i < MADE_MODELS; i++) {
        struct study_model *m = &s->models[i];
        snprintf(m->id, sizeof m->id, "%s", made[i].id);
        snprintf(m->label, sizeof m->label, "%s", made[i].label);
        snprintf(m->family, sizeof m->family, "%s", made[i].family);
        m->params = (count)made[i].params;
        m->costs = calloc(MADE_BATCHES, sizeof *m->costs);
        assert_non_null(m->costs);
        make_training(&m->training, &made[i]);
        for (int b = 0; b < MADE_BATCHES; b++) make_cost(&m->costs[b], &made[i], made_batches[b]);
        for (int b = 0; b < MADE_BATCHES; b++) make_run(s, &s->runs[i * MADE_BATCHES + b], i, b);
    }
    struct run *drifted = made_up_run(s, made_up_model(s, "mobilenet_v3_small"), 0);
    drifted->valid = false;
    drifted->reason = CODE_SPEED_DRIFT;
    drifted->notes = CODE_BIT(CODE_SPEED_DRIFT);
}

/* A group per kind, as long as its FLOPs at 100 GFLOP/s, gradients of depthwise convolutions 4 times that. */
static void make_step_groups(struct run *r, const struct study_training *t, int pass)
{
    for (int k = 0; k < KIND_N && pass < PASS_UPDATE; k++) {
        const struct work *w = &t->kinds[k][pass];
        if (!w->cost.flops) continue;
        struct run_group *g = &r->groups[r->n_groups++];
        *g = (struct run_group){
            .kind = (enum op_kind)k, .flops_executed = (double)w->cost.flops, .bytes = (double)w->bytes};
        g->median_ns = g->flops_executed / 100 * (k == KIND_DEPTHWISE && pass ? 4 : 1);
        snprintf(g->name, sizeof g->name, "features.%d", k);
        r->median_ns += g->median_ns;
    }
}
static void add_step(struct study *s, int model, int pass)
{
    const struct study_training *t = &s->models[model].training;
    struct run_group groups[KIND_N];
    struct run r = {.batch = s->training_batch, .valid = true, .groups = groups, .roof = s->roof};
    gable_error e = {0};
    snprintf(r.model, sizeof r.model, "%s", s->models[model].id);
    snprintf(r.engine, sizeof r.engine, "%s", training_engine);
    snprintf(r.pass, sizeof r.pass, "%s", trained_name(pass));
    make_step_groups(&r, t, pass);
    for (int p = 0; pass == TRAINED_STEP && p < PASS_N; p++) r.median_ns += study_step(s, model, p)->median_ns;
    if (pass == PASS_UPDATE) r.median_ns = (double)t->passes[PASS_UPDATE].bytes / 20;
    if (pass == TRAINED_STEP) {
        r.planned_bytes = (size_t)t->memory.total / 2;
        r.peak_rss_bytes = r.planned_bytes + (1 << 20);
    }
    r.low_ns = 0.99 * r.median_ns;
    r.high_ns = 1.01 * r.median_ns;
    assert_ok(study_add_run(s, &r, &e), &e);
}
void made_up_steps(struct study *s)
{
    for (int i = 0; i < s->n_models; i++)
        for (int pass = 0; pass <= TRAINED_STEP; pass++) add_step(s, i, pass);
}

void made_up_learned(struct study *s, int n)
{
    enum { EACH = 4, MADE_EPOCHS = 3 };
    s->learned = calloc((size_t)n, sizeof *s->learned);
    assert_non_null(s->learned);
    for (int i = 0; i < n; i++) {
        struct learned *l = &s->learned[s->n_learned++];
        *l = (struct learned){.data = "synthetic",
                              .optimizer = "momentum",
                              .rate = 0.01,
                              .seed = 1,
                              .batch = 16,
                              .height = 64,
                              .width = 64};
        l->n_examples = 64;
        l->classes = 10;
        l->epochs = MADE_EPOCHS;
        snprintf(l->model, sizeof l->model, "%s", s->models[i].id);
        l->run = (struct learning){.steps_per_epoch = EACH, .n_losses = EACH * MADE_EPOCHS, .n_epochs = MADE_EPOCHS};
        l->run.losses = calloc((size_t)l->run.n_losses, sizeof *l->run.losses);
        l->run.epochs = calloc(MADE_EPOCHS, sizeof *l->run.epochs);
        assert_true(l->run.losses && l->run.epochs);
        for (int k = 0; k < l->run.n_losses; k++) l->run.losses[k] = 4 * pow(10, -i * k / (EACH * MADE_EPOCHS - 1.0));
        for (int k = 0; k < MADE_EPOCHS; k++) l->run.epochs[k].accuracy = i ? 0.3 * (k + 1) : 0.1;
        for (int k = 0; k < l->run.n_losses; k++) l->run.epochs[k / EACH].loss += l->run.losses[k] / EACH;
    }
}

void made_up_release(struct study *s) { study_release(s); }

int made_up_model(const struct study *s, const char *id)
{
    for (int i = 0; i < s->n_models; i++)
        if (!strcmp(s->models[i].id, id)) return i;
    fail_msg("no made-up model %s", id);
    return -1;
}

struct run *made_up_run(struct study *s, int model, int batch_index)
{
    return &s->runs[model * MADE_BATCHES + batch_index];
}
