/* gable train --data: a training run over epochs, with its loss curve and checkpoints. */
#include "cli/train.h"

#include "base/json.h"
#include "base/text.h"
#include "bench/subject.h"
#include "cli/command.h"
#include "cli/table.h"
#include "learn/images.h"
#include "learn/learn.h"
#include "model/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SYNTHETIC_BATCHES = 16, SYNTHETIC_CLASSES = 10, CURVE = 60, ROWS = 8 };

static void progress(void *arg, int epoch, int done, int steps, double loss)
{
    char what[96];
    snprintf(what, sizeof what, "epoch %d of %d, loss %.4f", epoch + 1, *(const int *)arg, loss);
    term_progress(what, done, steps);
}

static int dimension(const struct shape *x, int i) { return i < x->rank ? (int)x->dim[i] : 1; }

static gable_status read_data(const char *folder, const struct shape *x, int classes, struct dataset *out,
                              gable_error *e)
{
    struct images_options o = {.channels = dimension(x, 1),
                               .height = dimension(x, 2),
                               .width = dimension(x, 3),
                               .classes = classes,
                               .batch = dimension(x, 0),
                               .interrupted = &cli_interrupted};
    return images_are_in(folder) ? images_read(folder, &o, out, e) : dataset_read(folder, classes, out, e);
}
static gable_status load(const struct train_run *r, const struct graph *g, struct dataset *out, gable_error *e)
{
    const struct tensor *t = g->inputs[0];
    const struct shape *x = &t->shape, *y = &g->outputs[0]->shape;
    if (g->n_inputs != 1 || x->rank < 2 || x->rank > 4 || y->rank != 2)
        return error_set(e, GABLE_BAD_INPUT, "%s does not take images (or one other array) and give classes", g->name);
    int classes = (int)y->dim[1], drawn = classes < SYNTHETIC_CLASSES ? classes : SYNTHETIC_CLASSES;
    if (strcmp(r->data, "synthetic") != 0) return read_data(r->data, x, classes, out, e);
    if (t->dtype != DTYPE_F32)
        return error_set(e, GABLE_BAD_INPUT, "the input %.80s is %s: only floats are drawn, give --data DIR", t->name,
                         dtype_name(t->dtype));
    return dataset_synthetic(SYNTHETIC_BATCHES * (int)x->dim[0], dimension(x, 1), dimension(x, 2), dimension(x, 3),
                             drawn, r->options.seed, out, e);
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
    char cells[3][32];
    table_column(t, "epoch", TABLE_RIGHT);
    table_column(t, "loss", TABLE_RIGHT);
    table_column(t, "accuracy", TABLE_RIGHT);
    for (int i = 0; i < l->n_epochs; i++) {
        snprintf(cells[0], sizeof cells[0], "%d", i + 1);
        snprintf(cells[1], sizeof cells[1], "%.4f", l->epochs[i].loss);
        snprintf(cells[2], sizeof cells[2], "%.1f %%", 100 * l->epochs[i].accuracy);
        TABLE_ROW(t, -1, cells[0], cells[1], cells[2]);
    }
    table_print(t, stdout);
}
static json_t *run_answer(const char *model, const struct learning *l)
{
    json_t *answer = json_answer("train"), *losses = json_array(), *epochs = json_array();
    for (int i = 0; i < l->n_losses; i++) json_array_append_new(losses, json_number(l->losses[i]));
    for (int i = 0; i < l->n_epochs; i++)
        json_array_append_new(epochs, json_pack("{s:o, s:o}", "loss", json_number(l->epochs[i].loss), "accuracy",
                                                json_number(l->epochs[i].accuracy)));
    json_object_set_new(answer, "training",
                        json_pack("{s:o, s:i, s:i, s:b, s:o, s:o}", "model", json_text(model), "steps_per_epoch",
                                  l->steps_per_epoch, "resumed_at", l->resumed_at, "interrupted", l->is_interrupted,
                                  "epochs", epochs, "losses", losses));
    return answer;
}
static int show(const struct train_run *r, const char *model, const struct learning *l)
{
    if (r->wants_json) {
        int bad = cli_print_json(run_answer(model, l));
        if (bad) return bad;
    } else {
        if (l->n_losses > 0) print_curve(l);
        if (l->n_epochs > 0) print_epochs(l);
        if (l->resumed_at) printf("resumed after step %d\n", l->resumed_at);
        if (l->is_interrupted)
            printf("interrupted after step %d%s%s\n", l->n_losses, r->checkpoint ? "; go on with --resume and " : "",
                   r->checkpoint ? r->checkpoint : "");
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
        .zoo = {.batch = r->options.batch, .height = r->options.height, .width = r->options.width}};
    struct graph *g = NULL;
    struct weights *w = NULL;
    struct initializers *file = NULL;
    struct trainer *t = NULL;
    struct dataset d = {0};
    struct learning l = {0};
    gable_error e = {0};
    int epochs = r->epochs;
    struct learn_options o = {.epochs = epochs,
                              .seed = r->options.seed,
                              .checkpoint = r->checkpoint,
                              .resumes = r->resumes,
                              .interrupted = &cli_interrupted,
                              .progress = progress,
                              .progress_arg = &epochs};
    gable_status s = model_open(r->options.model, &m, &g, &e);
    if (!s) s = load(r, g, &d, &e);
    if (!s) s = subject_weights(r->options.model, r->options.seed, g, true, &file, &w, &e);
    if (!s) s = trainer_open(g, w, cli_cpus(), &r->options.trainer, &t, &e);
    if (!s) train_say_engine(g->name, t->engine->name, t->why);
    if (!s) s = learn_run(t, &d, &o, &l, &e);
    term_progress_end();
    if (l.n_losses > 0) keep(r, t, &d, &o, &l);
    int status = s && l.n_losses == 0 ? 0 : g ? show(r, g->name, &l) : 0;
    if (s) status = cli_fail(&e);
    learning_release(&l);
    trainer_close(t);
    weights_free(w);
    initializers_close(file);
    dataset_release(&d);
    graph_free(g);
    return status;
}
