#include "report/figures/parts.h"

#include "report/checks.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const struct run *shown_run(const struct study *s, int model, int b)
{
    const struct run *r = study_run(s, model, s->batches[b], "cpu");
    bool can_be_drawn = r && r->median_ns > 0 && isfinite(r->median_ns) && r->flops_per_s > 0 && r->intensity > 0 &&
                        isfinite(r->flops_per_s) && isfinite(r->intensity) && r->attainable > 0;
    return can_be_drawn ? r : NULL;
}

static const struct {
    enum bench_code code;
    const char *phrase;
} excuses[] = {
    {CODE_CLOCK_ABOVE_PROBE, "the clock was above that of the roof"},
    {CODE_EXECUTED_FEWER, "Winograd executes fewer FLOPs than are counted"},
    {CODE_IN_CACHE, "its data stayed in a cache"},
    {CODE_FUSED_MORE, "it moves less than modelled"},
};

const char *run_excuse(const struct run *r)
{
    for (size_t i = 0; i < COUNT_OF(excuses); i++)
        if (r->notes & CODE_BIT(excuses[i].code)) return excuses[i].phrase;
    return NULL;
}

/* Above its roof (interval against roof), although what explains a place has moved it there. */
static bool run_is_unexplained(const struct run *r) { return r->efficiency_low > 1; }

const char *run_fault(const struct run *r)
{
    if (!r->valid) return r->reason == CODE_NONE ? "the run is invalid" : bench_code_sentence(r->reason);
    if (run_is_unexplained(r)) return bench_code_sentence(CODE_ABOVE_ROOF);
    const char *mistake = check_run(r);
    return mistake ? mistake : "";
}

const struct run *sound_run(const struct study *s, int model, int b)
{
    const struct run *r = shown_run(s, model, b);
    return r && !*run_fault(r) ? r : NULL;
}

/* How many models have one. */
static int sound_runs(const struct study *s, int b)
{
    int n = 0;
    for (int i = 0; i < s->n_models; i++) n += sound_run(s, i, b) != NULL;
    return n;
}

int unsound_runs(const struct study *s)
{
    int n = 0;
    for (int i = 0; i < s->n_models; i++)
        for (int b = 0; b < s->n_batches; b++) {
            const struct run *r = study_run(s, i, s->batches[b], "cpu");
            n += r && !sound_run(s, i, b);
        }
    return n;
}

int best_batch(const struct study *s)
{
    int best = -1, most = 0;
    for (int b = 0; b < s->n_batches; b++) {
        int n = sound_runs(s, b);
        if (n > 0 && n >= most) {
            most = n;
            best = b;
        }
    }
    return best;
}

void add_unsound(struct text *t, const struct study *s)
{
    int bad = unsound_runs(s), all = 0;
    for (int i = 0; i < s->n_models; i++)
        for (int b = 0; b < s->n_batches; b++) all += study_run(s, i, s->batches[b], "cpu") != NULL;
    if (bad)
        text_addf(t, "%d of %d runs %s invalid: drawn hollow, and left out of every ratio, rank and finding.", bad, all,
                  bad == 1 ? "is" : "are");
}

void note_unsound(struct figure *f, const struct study *s)
{
    struct text t = {0};
    add_unsound(&t, s);
    if (t.len) figure_say(f, "note", "%s", t.data);
    text_release(&t);
}

int machine_threads(const struct study *s)
{
    int most = 0;
    for (int i = 0; i < s->machine.n_ceilings; i++)
        if (s->machine.ceilings[i].threads > most) most = s->machine.ceilings[i].threads;
    return most;
}

void say_machine(const struct study *s, char *out, size_t room)
{
    int threads = machine_threads(s);
    snprintf(out, room, "%s, %d thread%s, float32", *s->machine.topology.cpu ? s->machine.topology.cpu : "this CPU",
             threads, threads == 1 ? "" : "s");
}

/* From light to dark on paper: more images, more ink. */
const char *sign_of(double x) { return x < 0 ? "\u2212" : "+"; }

const char *batch_color(const struct study *s, int b)
{
    if (b == s->n_batches - 1) return "@batch256";
    return b == 0 ? "@batch1" : "@batch64";
}

const char *kind_color(enum op_kind k)
{
    static const char *const colors[KIND_N] = {
        [KIND_CONV] = "@conv",
        [KIND_POINTWISE] = "@pointwise",
        [KIND_DEPTHWISE] = "@depthwise",
        [KIND_GROUPED] = "@grouped",
        [KIND_LINEAR] = "@linear",
        [KIND_NORM] = "@norm",
        [KIND_ACTIVATION] = "@activation",
        [KIND_POOL] = "@pool",
        [KIND_ELEMENTWISE] = "@elementwise",
        [KIND_MOVE] = "@move",
        [KIND_OTHER] = "@other",
    };
    return k >= 0 && k < KIND_N ? colors[k] : "@other";
}

/* Ten shapes that stay apart at 9 px; from the eleventh model on they repeat and the label alone tells them apart. */
const char *model_symbol(int model)
{
    static const char *const symbols[] = {
        "circle",
        "triangle",
        "rect",
        "diamond",
        "path://M0,0 L10,0 L5,9 Z",                                                 /* triangle, point down */
        "path://M3,0 L7,0 L7,3 L10,3 L10,7 L7,7 L7,10 L3,10 L3,7 L0,7 L0,3 L3,3 Z", /* plus */
        "path://M5,0 L10,4 L8,10 L2,10 L0,4 Z",                                     /* pentagon */
        "path://M5,0 L6.3,3.5 L10,3.8 L7.1,6.1 L8.1,9.8 L5,7.7 L1.9,9.8 L2.9,6.1 L0,3.8 L3.7,3.5 Z", /* star */
        "path://M2,0 L5,3 L8,0 L10,2 L7,5 L10,8 L8,10 L5,7 L2,10 L0,8 L3,5 L0,2 Z",                  /* cross */
        "path://M0,0 L10,0 L6.5,5 L10,10 L0,10 L3.5,5 Z",                                            /* hourglass */
    };
    return symbols[model < 0 ? 0 : (size_t)model % COUNT_OF(symbols)];
}

void key_batches(struct figure *f, const struct study *s, bool has_invalid)
{
    figure_key(f, "none", "muted", "Images per batch:");
    for (int b = 0; b < s->n_batches; b++) {
        char text[16];
        snprintf(text, sizeof text, "%d", s->batches[b]);
        figure_key(f, "dot", batch_color(s, b), text);
    }
    if (has_invalid) figure_key(f, "ring", batch_color(s, 0), "invalid run");
}

const char *isa_title(const char *isa)
{
    static const char *const labels[][2] = {
        {"avx512", "AVX-512"},
        {"avx2", "AVX2"},
        {"avx", "AVX"},
        {"sse", "SSE"},
        {"neon", "NEON"},
        {"sve", "SVE"},
        {"amx", "AMX"},
        {"vnni", "VNNI"},
        {"avx512_vnni", "AVX-512 VNNI"},
        {"avx512_bf16", "AVX-512 BF16"},
        {"avx_vnni", "AVX VNNI"},
    };
    for (size_t i = 0; i < COUNT_OF(labels); i++)
        if (!strcmp(isa, labels[i][0])) return labels[i][1];
    return isa;
}

const char *dtype_label(enum dtype d)
{
    switch (d) {
    case DTYPE_F64: return "float64";
    case DTYPE_F32: return "float32";
    case DTYPE_F16: return "float16";
    case DTYPE_BF16: return "bfloat16";
    case DTYPE_S8: return "int8";
    default: return dtype_name(d);
    }
}
