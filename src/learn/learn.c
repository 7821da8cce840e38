#include "learn/learn.h"

#include "learn/mixed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Fisher and Yates, by the seed and the epoch alone. */
static void shuffle(int *order, int n, uint64_t seed, int epoch)
{
    uint64_t state = mixed(seed + mixed((uint64_t)epoch));
    for (int i = 0; i < n; i++) order[i] = i;
    for (int i = n - 1; i > 0; i--) {
        int j = (int)((state = mixed(state)) % (uint64_t)(i + 1)), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}

static bool note_loss(struct learning *l, double loss)
{
    if (l->n_losses == l->room) {
        int room = l->room ? 2 * l->room : 256;
        double *grown = realloc(l->losses, (size_t)room * sizeof *grown);
        if (!grown) return false;
        l->losses = grown;
        l->room = room;
    }
    l->losses[l->n_losses++] = loss;
    return true;
}
static gable_status load_batch(struct trainer *t, const struct dataset *d, int epoch, const int *order, gable_error *e)
{
    size_t each = dataset_each(d);
    gable_status s = GABLE_OK;
    for (int i = 0; !s && i < t->batch; i++) {
        s = dataset_load(d, order[i], epoch, trainer_input(t, 0) + (size_t)i * each, e);
        trainer_labels(t)[i] = d->labels[order[i]];
    }
    return s;
}
int learn_right(const float *output, const int32_t *labels, int n, int classes)
{
    int right = 0;
    for (int i = 0; i < n; i++) {
        const float *y = output + (size_t)i * (size_t)classes;
        int most = 0;
        for (int c = 1; c < classes; c++)
            if (y[c] > y[most]) most = c;
        right += most == labels[i];
    }
    return right;
}
static int count_right(struct trainer *t)
{
    return learn_right(trainer_output(t), trainer_labels(t), t->batch, (int)t->graph->outputs[0]->shape.dim[1]);
}
static bool has_one_class(const struct dataset *d)
{
    for (int i = 1; i < d->n; i++)
        if (d->labels[i] != d->labels[0]) return false;
    return true;
}
static gable_status check_data(const struct trainer *t, const struct dataset *d, gable_error *e)
{
    const struct shape *x = &t->graph->inputs[0]->shape;
    if (t->options.loss != LOSS_CROSS_ENTROPY)
        return error_set(e, GABLE_BAD_INPUT, "labels are learnt with cross-entropy");
    const int of_data[] = {d->channels, d->height, d->width};
    bool fits = x->rank <= 4 && t->graph->n_inputs == 1;
    long long of_model[3];
    for (int i = 0; i < 3; i++) {
        of_model[i] = x->rank > i + 1 ? x->dim[i + 1] : 1;
        fits = fits && of_model[i] == of_data[i];
    }
    if (!fits)
        return error_set(e, GABLE_BAD_INPUT, "the images are %d x %d x %d, the model takes %lld x %lld x %lld",
                         d->channels, d->height, d->width, of_model[0], of_model[1], of_model[2]);
    if (d->n < t->batch) return error_set(e, GABLE_BAD_INPUT, "%d images do not fill a batch of %d", d->n, t->batch);
    if (has_one_class(d))
        return error_set(e, GABLE_BAD_INPUT, "all %d images are of class %d: there is nothing to tell apart", d->n,
                         d->labels[0]);
    return GABLE_OK;
}

static bool is_interrupted(const struct learn_options *o) { return o->interrupted && *o->interrupted; }

/* From the step at which the run stands to the end of its epoch. */
static gable_status run_epoch(struct trainer *t, const struct dataset *d, const struct learn_options *o, int *order,
                              struct learning *l, gable_error *e)
{
    int epoch = l->n_epochs, steps = l->steps_per_epoch;
    shuffle(order, d->n, o->seed, epoch);
    for (int step = l->n_losses - epoch * steps; step < steps; step++) {
        double loss = 0;
        if (is_interrupted(o)) {
            l->is_interrupted = true;
            return GABLE_OK;
        }
        gable_status s = load_batch(t, d, epoch, order + (size_t)step * (size_t)t->batch, e);
        if (!s) s = trainer_step(t, &loss, e);
        if (s) return s;
        l->n_right += count_right(t);
        if (!note_loss(l, loss)) return error_set(e, GABLE_NO_MEMORY, "no memory for %d losses", l->n_losses);
        if (o->progress) o->progress(o->progress_arg, epoch, step + 1, steps, loss);
    }
    double sum = 0;
    for (int i = epoch * steps; i < l->n_losses; i++) sum += l->losses[i];
    struct learn_epoch *done = &l->epochs[l->n_epochs];
    *done = (struct learn_epoch){
        .loss = sum / steps, .accuracy = (double)l->n_right / ((double)steps * (double)t->batch), .validated = NAN};
    gable_status s = o->validation ? learn_validate(t, o->validation, &done->validated, NULL, e) : GABLE_OK;
    l->n_epochs += !s;
    l->n_right = 0;
    return s;
}

gable_status learn_run(struct trainer *t, const struct dataset *d, const struct learn_options *o, struct learning *out,
                       gable_error *e)
{
    gable_status s = check_data(t, d, e);
    *out = (struct learning){0};
    if (s) return s;
    out->steps_per_epoch = d->n / t->batch;
    out->epochs = calloc((size_t)o->epochs + 1, sizeof *out->epochs);
    int *order = calloc((size_t)d->n, sizeof *order);
    if (!out->epochs || !order) s = error_set(e, GABLE_NO_MEMORY, "no memory for %d epochs", o->epochs);
    if (!s && o->resumes) s = checkpoint_read(o->checkpoint, t, o, out, e);
    while (!s && out->n_epochs < o->epochs && !out->is_interrupted) {
        s = run_epoch(t, d, o, order, out, e);
        if (!s && o->checkpoint) s = checkpoint_write(o->checkpoint, t, o, out, e);
    }
    free(order);
    return s;
}
void learning_release(struct learning *l)
{
    free(l->losses);
    free(l->epochs);
    *l = (struct learning){0};
}
