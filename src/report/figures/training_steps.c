#include "report/figures/training_steps.h"

#include "report/findings.h"

#include <math.h>

enum { CAUSES = 4, CAUSE_ROOM = 256 };
static const double worth_saying = 0.03; /* forward passes */

const struct pass_look pass_looks[PASS_N] = {
    [PASS_FORWARD] = {"forward", "@passForward"},
    [PASS_DATA] = {"data gradients", "@passData"},
    [PASS_WEIGHT] = {"weight gradients", "@passWeight"},
    [PASS_UPDATE] = {"update", "@passUpdate"},
};

void add_pass_keys(struct figure *f)
{
    for (int p = 0; p < PASS_N; p++) figure_key(f, "square", pass_looks[p].color + 1, pass_looks[p].name);
}

void add_one_to_two(struct figure *f, int n, int dy)
{
    json_t *line = json_array();
    figure_append(f, line, figure_pack(f, "{s:[[f,f],[f,f]]}", "coords", 3.0, -1.0, 3.0, n - 0.5));
    figure_lines(f, line, false, &(struct stroke){.color = "@ink", .width = 1, .type = "dashed", .z = 6});
    figure_add(
        f, "ends",
        figure_pack(f, "{s:[f,f], s:i, s:s, s:s}", "at", 3.0, 0.0, "dy", dy, "text", "1 : 2", "color", "@muted"));
}

bool measured_step(const struct study *s, int model, struct measured_step *out)
{
    *out = (struct measured_step){.step = study_step(s, model, TRAINED_STEP)};
    if (!out->step || !out->step->valid || !(out->step->median_ns > 0)) return false;
    for (int i = 0; i < TRAINED_RUNS; i++) {
        const struct run *r = out->passes[i] = study_step(s, model, i);
        bool is_needed = i < PASS_UPDATE;
        if (!r && i < PASS_N) return false;
        if (is_needed && (!r->valid || !(r->median_ns > 0) || !r->n_groups)) return false;
    }
    out->ns = amounts_of_runs(out->passes, AMOUNT_NS);
    out->flops = amounts_of_runs(out->passes, AMOUNT_FLOPS);
    out->bytes = amounts_of_runs(out->passes, AMOUNT_BYTES);
    return true;
}
int measured_steps(const struct study *s)
{
    struct measured_step m;
    int n = 0;
    for (int i = 0; i < s->n_models; i++) n += measured_step(s, i, &m);
    return n;
}

void say_train_command(struct figure *f, const struct study *s)
{
    struct text names = {0};
    for (int i = 0; i < s->n_models; i++) text_addf(&names, " %s", s->models[i].id);
    figure_say(f, "command", "gable train%s --batch %d --optimizer %s%s --json", names.data ? names.data : "",
               s->training_batch, optimizer_name(STUDY_OPTIMIZER), s->is_quick ? " --quick" : "");
    text_release(&names);
}

void say_causes(const struct study *s, int model, const struct measured_step *m, struct text *out)
{
    const struct study_training *t = &s->models[model].training;
    struct deviation found[DEVIATIONS];
    int n = deviation_find(m ? &m->ns : &t->flops, found);
    for (int i = 0; i < n && i < CAUSES && fabs(found[i].adds) >= worth_saying; i++) {
        char words[CAUSE_ROOM];
        deviation_say(&found[i], m ? &m->flops : &t->flops, m ? &m->bytes : &t->bytes, m ? &m->ns : NULL, kind_phrase,
                      words, sizeof words);
        text_addf(out, "%s%s%.2f: %s", i ? "; " : "", sign_of(found[i].adds), fabs(found[i].adds), words);
    }
}
