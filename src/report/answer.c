/* The report's answer: what a reader should remember, chosen by the numbers. */
#include "report/figures.h"
#include "report/figures/parts.h"
#include "report/findings.h"

#include <math.h>
#include <string.h>

static void add_sentence(struct figure *f, json_t *sentences, json_t *text)
{
    if (text) figure_append(f, sentences, text);
}

/* The machine and where its ridge puts the models. */
static json_t *say_roof(struct figure *f, const struct study *s, const struct extremes *x, int b)
{
    return figure_text(f,
                       "This machine (%s) computes %s and moves %s: below %.1f FLOP per byte memory is the limit, and "
                       "%d of %d models are "
                       "there at batch %d.",
                       *s->machine.topology.cpu ? s->machine.topology.cpu : "CPU unknown",
                       figure_quantity(s->roof.peak, "FLOP/s").text, figure_quantity(s->roof.bandwidth, "B/s").text,
                       roof_ridge(&s->roof), x->memory_bound, x->n, s->batches[b]);
}

static json_t *say_share(struct figure *f, const struct study *s, const struct extremes *x, int b)
{
    if (x->n == 1)
        return figure_text(f, "%s attains %.0f\u00a0%% of what its roof allows at batch %d.", s->models[x->best].label,
                           100 * x->best_share, s->batches[b]);
    return figure_text(f,
                       "At batch %d %s attains %.0f\u00a0%% of what its roof allows and %s %.0f\u00a0%%; the median "
                       "model %.0f\u00a0%%.",
                       s->batches[b], s->models[x->best].label, 100 * x->best_share, s->models[x->worst].label,
                       100 * x->worst_share, 100 * x->median_share);
}

/* Where the time above the floor goes, over all sound runs of the batch; NULL where groups were not timed. */
static json_t *say_loss(struct figure *f, const struct study *s, int b)
{
    double lost[KIND_N] = {0}, between = 0, total = 0;
    int n = 0, worst = 0;
    for (int i = 0; i < s->n_models; i++) {
        const struct run *r = sound_run(s, i, b);
        if (!r || r->n_groups < 1) continue;
        struct losses l = finding_losses(r);
        double whole = l.time_total + l.between_ns;
        if (!(whole > 0)) continue;
        for (int k = 0; k < KIND_N; k++) lost[k] += l.lost_ns[k] / whole;
        between += l.between_ns / whole;
        n++;
    }
    for (int k = 0; k < KIND_N; k++) {
        total += lost[k];
        if (lost[k] > lost[worst]) worst = k;
    }
    if (!n || !(total + between > 0)) return NULL;
    double share = 100 * (total + between) / n;
    if (between > lost[worst])
        return figure_text(f,
                           "On average %.0f\u00a0%% of the time is above the roof\u2019s floor, most of it between "
                           "operators (%.0f\u00a0%% of the time).",
                           share, 100 * between / n);
    return figure_text(f,
                       "On average %.0f\u00a0%% of the time is above the roof\u2019s floor, most of it in %s "
                       "(%.0f\u00a0%% of the time).",
                       share, kind_phrase((enum op_kind)worst), 100 * lost[worst] / n);
}

/* Which of FLOPs, parameters, bytes and floor ranks latency best, and who breaks the rule of FLOPs. */
static json_t *say_prediction(struct figure *f, const struct study *s, int b)
{
    struct agreement best = {.rho = -2}, flops = finding_agreement(s, b, BY_FLOPS);
    struct inversion x = finding_inversion(s, b, BY_FLOPS);
    enum predictor leader = BY_FLOPS;
    for (int p = 0; p < PREDICTORS; p++) {
        struct agreement a = finding_agreement(s, b, (enum predictor)p);
        if (isfinite(a.rho) && a.rho > best.rho + 1e-9) best = a, leader = (enum predictor)p;
    }
    if (!isfinite(flops.rho) || flops.n < 4)
        return figure_text(f, "%d valid run%s at batch %d %s too few to say what predicts latency.", flops.n,
                           flops.n == 1 ? "" : "s", s->batches[b], flops.n == 1 ? "is" : "are");
    if (!x.exists)
        return figure_text(
            f, "FLOPs rank the latency of all %d models rightly at batch %d (Spearman\u2019s ρ\u00a0=\u00a0%.2f).",
            flops.n, s->batches[b], flops.rho);
    return figure_text(f,
                       "FLOPs alone mislead (ρ\u00a0=\u00a0%.2f over %d models at batch %d): %s has %.1f times the "
                       "FLOPs of %s and takes "
                       "%.0f\u00a0%% of its time; %s rank%s latency best (ρ\u00a0=\u00a0%.2f).",
                       flops.rho, flops.n, s->batches[b], s->models[x.more].label, x.work, s->models[x.less].label,
                       100 * x.time, predictor_name(leader), leader == BY_FLOOR ? "s" : "", best.rho);
}

static json_t *say_validity(struct figure *f, const struct study *s)
{
    int bad = unsound_runs(s), all = 0;
    for (int i = 0; i < s->n_models; i++)
        for (int b = 0; b < s->n_batches; b++) all += study_run(s, i, s->batches[b], "cpu") != NULL;
    const char *gpu = s->has_gpu ? "" : " There is no GPU here: only the CPU was measured.";
    if (bad)
        return figure_text(f, "%d of %d runs %s invalid and left out of all this.%s", bad, all, bad == 1 ? "is" : "are",
                           gpu);
    return figure_text(f, "All %d runs are valid.%s", all, gpu);
}

json_t *report_answer(const struct study *s)
{
    struct figure f = figure_start("summary", "answer", "Answer", 1);
    int b = best_batch(s);
    json_t *sentences = json_array(), *headline = NULL;
    if (b < 0) {
        headline = figure_text(&f, "No run of this study can be trusted");
        add_sentence(&f, sentences,
                     figure_text(&f, "%d models were counted; none has a valid run, so nothing is said about speed.",
                                 s->n_models));
        if (s->roof.peak > 0 && s->roof.bandwidth > 0)
            add_sentence(&f, sentences,
                         figure_text(&f, "The machine computes %s and moves %s.",
                                     figure_quantity(s->roof.peak, "FLOP/s").text,
                                     figure_quantity(s->roof.bandwidth, "B/s").text));
        add_sentence(&f, sentences, say_validity(&f, s));
    } else {
        struct extremes x = finding_extremes(s, b);
        headline =
            x.memory_bound * 2 > x.n
                ? figure_text(
                      &f, "Memory bounds most of these models here; the median one reaches %.0f\u00a0%% of its roof",
                      100 * x.median_share)
            : x.memory_bound * 2 < x.n
                ? figure_text(
                      &f,
                      "Arithmetic bounds most of these models here; the median one reaches %.0f\u00a0%% of its roof",
                      100 * x.median_share)
                : figure_text(&f,
                              "Memory bounds half of these models here, arithmetic the others; the median one reaches "
                              "%.0f\u00a0%% of its roof",
                              100 * x.median_share);
        add_sentence(&f, sentences, say_roof(&f, s, &x, b));
        add_sentence(&f, sentences, say_share(&f, s, &x, b));
        add_sentence(&f, sentences, say_loss(&f, s, b));
        add_sentence(&f, sentences, say_prediction(&f, s, b));
        add_sentence(&f, sentences, say_validity(&f, s));
    }
    json_t *answer = figure_pack(&f, "{s:o, s:o}", "headline", headline, "sentences", sentences);
    bool failed = f.failed;
    json_decref(f.spec);
    if (!failed) return answer;
    json_decref(answer);
    return NULL;
}
