/* gable train --data: a training run over epochs, with its loss curve and checkpoints. */
#include "cli/train.h"

#include "base/json.h"
#include "base/text.h"
#include "base/units.h"
#include "bench/subject.h"
#include "cli/command.h"
#include "cli/table.h"
#include "learn/images.h"
#include "learn/learn.h"
#include "model/model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SYNTHETIC_BATCHES = 16, SYNTHETIC_CLASSES = 10, CURVE = 60, ROWS = 8 };

static void progress(void *arg, int epoch, int done, int steps, double loss)
{
    char what[96];
    snprintf(what, sizeof what, "epoch %d of %d, loss %.4f", epoch + 1, *(const int *)arg, loss);
    term_progress(what, done, steps);
}

static int dimension(const struct shape *x, int i) { return i < x->rank ? (int)x->dim[i] : 1; }

static gable_status read_data(const struct train_run *r, const char *folder, const struct shape *x, int classes,
                              struct dataset *out, gable_error *e)
{
    bool is_held = folder != r->data; /* for validation: as it is, however few */
    struct images_options o = {.channels = dimension(x, 1),
                               .height = dimension(x, 2),
                               .width = dimension(x, 3),
                               .classes = classes,
                               .batch = is_held ? 1 : dimension(x, 0),
                               .classes_of = is_held ? r->data : NULL,
                               .varies = r->augments && !is_held,
                               .seed = r->options.seed,
                               .interrupted = &cli_interrupted};
    if (images_are_in(folder)) return images_read(folder, &o, out, e);
    if (o.varies) return error_set(e, GABLE_BAD_INPUT, "--augment is of folders of images, %.120s has arrays", folder);
    return dataset_read(folder, classes, out, e);
}
static gable_status load(const struct train_run *r, const struct graph *g, struct dataset *out, gable_error *e)
{
    const struct tensor *t = g->inputs[0];
    const struct shape *x = &t->shape, *y = &g->outputs[0]->shape;
    if (g->n_inputs != 1 || x->rank < 2 || x->rank > 4 || y->rank != 2)
        return error_set(e, GABLE_BAD_INPUT, "%s does not take images (or one other array) and give classes", g->name);
    int classes = (int)y->dim[1], drawn = classes < SYNTHETIC_CLASSES ? classes : SYNTHETIC_CLASSES;
    if (strcmp(r->data, "synthetic") != 0) return read_data(r, r->data, x, classes, out, e);
    if (r->augments) return error_set(e, GABLE_BAD_INPUT, "--augment is of folders of images");
    if (t->dtype != DTYPE_F32)
        return error_set(e, GABLE_BAD_INPUT, "the input '%.80s' is %s: only floats are drawn, give --data DIR", t->name,
                         dtype_name(t->dtype));
    return dataset_synthetic(SYNTHETIC_BATCHES * (int)x->dim[0], dimension(x, 1), dimension(x, 2), dimension(x, 3),
                             drawn, r->options.seed, out, e);
}

static gable_status hold_out(const struct train_run *r, const struct graph *g, struct dataset *d, struct dataset *out,
                             gable_error *e)
{
    char *end;
    double share = r->validate ? strtod(r->validate, &end) : 0;
    if (!r->validate) return GABLE_OK;
    if (*end || end == r->validate)
        return read_data(r, r->validate, &g->inputs[0]->shape, (int)g->outputs[0]->shape.dim[1], out, e);
    if (share > 0 && share < 1) return dataset_split(d, share, r->options.seed, out, e);
    return error_set(e, GABLE_BAD_INPUT, "--validate takes a share between 0 and 1 or a folder, not %.40s",
                     r->validate);
}

/* Mean of the losses that fall into one of n columns. */
static double column_loss(const struct learning *l, int i, int n)
{
    int first = (int)((long)l->n_losses * i / n), last = (int)((long)l->n_losses * (i + 1) / n);
    double sum = 0;
    for (int k = first; k < last; k++) sum += l->losses[k];
    return sum / (last - first);
}
static void print_curve(const struct learning *l)
{
    int n = l->n_losses < CURVE ? l->n_losses : CURVE;
    double low = INFINITY, high = -INFINITY;
    for (int i = 0; i < n; i++) {
        low = fmin(low, column_loss(l, i, n));
        high = fmax(high, column_loss(l, i, n));
    }
    for (int row = ROWS - 1; n > 1 && row >= 0; row--) {
        struct text line = {0};
        for (int i = 0; i < n; i++) {
            double at = high > low ? (column_loss(l, i, n) - low) / (high - low) * (ROWS - 1) : 0;
            text_add(&line, (int)(at + 0.5) == row ? "*" : " ");
        }
        printf("%9.4f |%s\n", low + (high - low) * row / (ROWS - 1), line.data ? line.data : "");
        text_release(&line);
    }
    printf("%9s  loss by step, 1 to %d\n", "", l->n_losses);
}
static void print_epochs(const struct learning *l)
{
    struct table *t = table_new();
    char cells[4][32];
    bool is_validated = isfinite(l->epochs[0].validated);
    table_column(t, "epoch", TABLE_RIGHT);
    table_column(t, "loss", TABLE_RIGHT);
    table_column(t, "accuracy", TABLE_RIGHT);
    if (is_validated) table_column(t, "validated", TABLE_RIGHT);
    for (int i = 0; i < l->n_epochs; i++) {
        snprintf(cells[0], sizeof cells[0], "%d", i + 1);
        snprintf(cells[1], sizeof cells[1], "%.4f", l->epochs[i].loss);
        snprintf(cells[2], sizeof cells[2], "%.1f %%", 100 * l->epochs[i].accuracy);
        snprintf(cells[3], sizeof cells[3], "%.1f %%", 100 * l->epochs[i].validated);
        if (is_validated)
            TABLE_ROW(t, -1, cells[0], cells[1], cells[2], cells[3]);
        else
            TABLE_ROW(t, -1, cells[0], cells[1], cells[2]);
    }
    table_print(t, stdout);
}
/* What of the model is trained; the weights and the constants that stay as they are, in tensors. */
struct portion {
    count parameters;
    int trained, kept, constants;
};
static struct portion portion_of(struct trainer *t)
{
    struct portion p = {0};
    for (int i = 0; i < t->graph->n_tensors; i++) {
        const struct tensor *w = t->graph->tensors[i];
        bool is_trained = trainer_values(t, VALUE_GRADIENT, i);
        p.trained += is_trained;
        if (is_trained) p.parameters = count_add(p.parameters, tensor_elements(w));
        p.kept += w->role == ROLE_WEIGHT && !is_trained;
        p.constants += w->role == ROLE_CONSTANT && w->shape.rank > 0 && !w->ints;
    }
    return p;
}
static void print_portion(const struct portion *p)
{
    printf("trained: %s parameters in %d tensors", quantity_exact(p->parameters).text, p->trained);
    if (p->kept) printf("; weights that stay as they are: %d", p->kept);
    if (p->constants) printf("; constants: %d", p->constants);
    printf("\n");
}
static json_t *run_answer(const char *model, const struct portion *p, const struct learning *l)
{
    json_t *answer = json_answer("train"), *losses = json_array(), *epochs = json_array();
    for (int i = 0; i < l->n_losses; i++) json_array_append_new(losses, json_number(l->losses[i]));
    for (int i = 0; i < l->n_epochs; i++)
        json_array_append_new(epochs, json_pack("{s:o, s:o, s:o}", "loss", json_number(l->epochs[i].loss), "accuracy",
                                                json_number(l->epochs[i].accuracy), "validated",
                                                json_number(l->epochs[i].validated)));
    json_object_set_new(answer, "training",
                        json_pack("{s:o, s:{s:o, s:i}, s:{s:i, s:i}, s:i, s:i, s:b, s:o, s:o}", "model",
                                  json_text(model), "trained", "parameters", json_count(p->parameters), "tensors",
                                  p->trained, "kept", "weights", p->kept, "constants", p->constants, "steps_per_epoch",
                                  l->steps_per_epoch, "resumed_at", l->resumed_at, "interrupted", l->is_interrupted,
                                  "epochs", epochs, "losses", losses));
    return answer;
}
/* Where a run that stopped can go on. */
static void print_rest(const struct train_run *r, const struct learning *l, bool has_failed)
{
    int kept = has_failed ? l->n_epochs * l->steps_per_epoch : l->n_losses;
    if (l->is_interrupted) printf("interrupted after step %d\n", l->n_losses);
    if (r->save && !has_failed) printf("%s holds the trained model: gable run %s\n", r->save, r->save);
    if (!l->is_interrupted && !has_failed) return;
    if (r->checkpoint && kept > 0)
        printf("%s holds the run up to step %d: go on with --resume\n", r->checkpoint, kept);
    else if (!r->checkpoint && (!r->save || has_failed))
        printf("nothing is kept of it: --checkpoint FILE keeps a run\n");
}
static int show(const struct train_run *r, const char *model, const struct portion *p, const struct learning *l,
                bool has_failed)
{
    if (r->wants_json) {
        int bad = cli_print_json(run_answer(model, p, l));
        if (bad) return bad;
    } else {
        print_portion(p);
        if (l->n_losses > 0) print_curve(l);
        if (l->n_epochs > 0) print_epochs(l);
        if (l->resumed_at) printf("resumed after step %d\n", l->resumed_at);
        print_rest(r, l, has_failed);
        if (fflush(stdout)) return 1;
    }
    return l->is_interrupted ? gable_exit_status(GABLE_INTERRUPTED) : 0;
}

static void keep(const struct train_run *r, const struct trainer *t, const struct dataset *d,
                 const struct learn_options *o, const struct learning *l)
{
    struct learned kept;
    if (r->no_store) return;
    learned_describe(&kept, t, d, r->data, o);
    kept.run = *l; /* borrowed */
    train_keep(r, &kept);
}
int train_run(const struct train_run *r)
{
    struct model_options m = {
        .zoo = {.batch = r->options.batch, .height = r->options.height, .width = r->options.width},
        .n_shapes = r->options.n_shapes,
        .shapes = r->options.shapes};
    struct graph *g = NULL;
    struct weights *w = NULL;
    struct initializers *file = NULL;
    struct trainer *t = NULL;
    struct dataset d = {0}, held = {0};
    struct learning l = {0};
    gable_error e = {0};
    int epochs = r->epochs;
    struct validation v = {.data = &held, .cpus = cli_cpus(), .threads = r->options.trainer.threads};
    struct learn_options o = {.epochs = epochs,
                              .seed = r->options.seed,
                              .checkpoint = r->checkpoint,
                              .resumes = r->resumes,
                              .validation = r->validate ? &v : NULL,
                              .interrupted = &cli_interrupted,
                              .progress = progress,
                              .progress_arg = &epochs};
    gable_status s = model_open(r->options.model, &m, &g, &e);
    if (!s) s = load(r, g, &d, &e);
    if (!s) s = hold_out(r, g, &d, &held, &e);
    if (!s) s = subject_weights(r->options.model, r->options.seed, g, true, &file, &w, &e);
    if (!s) s = trainer_open(g, w, cli_cpus(), &r->options.trainer, &t, &e);
    if (!s) train_say_engine(g->name, t->engine->name, t->why);
    v.weights = w;
    if (!s && r->save) s = train_save_check(r, t, w, &e);
    if (!s) s = learn_run(t, &d, &o, &l, &e);
    if (!s && r->save) s = train_save(r, t, w, r->save, &e);
    term_progress_end();
    if (l.n_losses > 0) keep(r, t, &d, &o, &l);
    int status = 0;
    if (t && (!s || l.n_losses > 0)) {
        struct portion p = portion_of(t);
        status = show(r, g->name, &p, &l, s);
    }
    if (s) status = cli_fail(&e);
    learning_release(&l);
    trainer_close(t);
    weights_free(w);
    initializers_close(file);
    dataset_release(&d);
    dataset_release(&held);
    graph_free(g);
    return status;
}
