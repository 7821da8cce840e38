#include "learn/learned.h"

#include "base/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void name_of_folder(const char *path, char *out, size_t room)
{
    size_t end = strlen(path), begin;
    while (end > 1 && path[end - 1] == '/') end--;
    for (begin = end; begin > 0 && path[begin - 1] != '/';) begin--;
    snprintf(out, room, "%.*s", (int)(end - begin), path + begin);
}
void learned_describe(struct learned *l, const struct trainer *t, const struct dataset *d, const char *data,
                      const struct learn_options *o)
{
    *l = (struct learned){.rate = t->options.rate,
                          .decay = t->options.weight_decay,
                          .seed = o->seed,
                          .batch = t->batch,
                          .height = d->height,
                          .width = d->width,
                          .n_examples = d->n,
                          .epochs = o->epochs,
                          .started_utc = time(NULL)};
    snprintf(l->model, sizeof l->model, "%s", t->graph->name);
    snprintf(l->trainer, sizeof l->trainer, "%s", t->engine->name);
    snprintf(l->frozen, sizeof l->frozen, "%s", t->options.frozen ? t->options.frozen : "");
    snprintf(l->optimizer, sizeof l->optimizer, "%s", optimizer_name(t->options.optimizer));
    name_of_folder(data, l->data, sizeof l->data);
    for (int i = 0; i < d->n; i++)
        if (d->labels[i] >= l->classes) l->classes = d->labels[i] + 1;
}
void learned_key(const struct learned *l, struct text *out)
{
    text_addf(out, "%s, %d x %d, by %s, on %d of %s, %s %.9g %.9g, batch %d, seed %llu, frozen %s", l->model, l->height,
              l->width, l->trainer, l->n_examples, l->data, l->optimizer, l->rate, l->decay, l->batch,
              (unsigned long long)l->seed, l->frozen);
}

/* One row a member, read by both directions. */
#define TEXTS(X) X(model) X(trainer) X(data) X(frozen) X(optimizer)
#define REALS(X) X(rate) X(decay)
#define NUMBERS(X) X(seed) X(batch) X(height) X(width) X(n_examples) X(classes) X(epochs) X(started_utc)

json_t *learned_json(const struct learned *l)
{
    json_t *j = json_object(), *losses = json_array(), *epochs = json_array();
#define SET_TEXT(member) json_object_set_new(j, #member, json_text(l->member));
#define SET_REAL(member) json_object_set_new(j, #member, json_number(l->member));
#define SET_NUMBER(member) json_object_set_new(j, #member, json_integer((json_int_t)l->member));
    TEXTS(SET_TEXT)
    REALS(SET_REAL)
    NUMBERS(SET_NUMBER)
    for (int i = 0; i < l->run.n_losses; i++) json_array_append_new(losses, json_number(l->run.losses[i]));
    for (int i = 0; i < l->run.n_epochs; i++)
        json_array_append_new(epochs, json_pack("{s:o, s:o, s:o}", "loss", json_number(l->run.epochs[i].loss),
                                                "accuracy", json_number(l->run.epochs[i].accuracy), "validated",
                                                json_number(l->run.epochs[i].validated)));
    json_object_set_new(j, "steps_per_epoch", json_integer(l->run.steps_per_epoch));
    json_object_set_new(j, "epochs_done", epochs);
    json_object_set_new(j, "losses", losses);
    return j;
}

static bool read_text(const json_t *j, const char *key, char *out, size_t room)
{
    const char *s = json_string_value(json_object_get(j, key));
    return s && snprintf(out, room, "%s", s) < (int)room;
}
static bool read_number(const json_t *j, const char *key, json_int_t *out)
{
    const json_t *value = json_object_get(j, key);
    *out = json_integer_value(value);
    return json_is_integer(value);
}
static bool read_real(const json_t *value, double *out)
{
    *out = json_number_value(value);
    return json_is_number(value);
}
static bool read_members(const json_t *j, struct learned *l)
{
    bool ok = true;
    json_int_t n;
#define GET_TEXT(member) ok = ok && read_text(j, #member, l->member, sizeof l->member);
#define GET_REAL(member) ok = ok && read_real(json_object_get(j, #member), &l->member);
#define GET_NUMBER(member)                                 \
    ok = ok && read_number(j, #member, &n);                \
    l->member = ok ? (__typeof__(l->member))n : l->member; \
    ok = ok && (json_int_t)l->member == n;
    TEXTS(GET_TEXT)
    REALS(GET_REAL)
    NUMBERS(GET_NUMBER)
    ok = ok && read_number(j, "steps_per_epoch", &n) && n > 0 && n <= INT32_MAX;
    l->run.steps_per_epoch = ok ? (int)n : 0;
    return ok && l->batch > 0 && l->classes > 0;
}
static bool read_run(const json_t *losses, const json_t *epochs, struct learning *run)
{
    size_t n = json_array_size(losses), n_epochs = json_array_size(epochs);
    bool ok = n > 0 && n <= INT32_MAX && n_epochs <= n / (size_t)run->steps_per_epoch;
    run->losses = ok ? malloc(n * sizeof *run->losses) : NULL;
    run->epochs = ok ? calloc(n_epochs + 1, sizeof *run->epochs) : NULL;
    ok = run->losses && run->epochs;
    for (size_t i = 0; ok && i < n; i++) ok = read_real(json_array_get(losses, i), &run->losses[i]);
    for (size_t i = 0; ok && i < n_epochs; i++) {
        const json_t *epoch = json_array_get(epochs, i);
        if (!read_real(json_object_get(epoch, "validated"), &run->epochs[i].validated)) run->epochs[i].validated = NAN;
        ok = read_real(json_object_get(epoch, "loss"), &run->epochs[i].loss) &&
             read_real(json_object_get(epoch, "accuracy"), &run->epochs[i].accuracy);
    }
    run->n_losses = run->room = ok ? (int)n : 0;
    run->n_epochs = ok ? (int)n_epochs : 0;
    return ok;
}
gable_status learned_from_json(const json_t *j, struct learned *out, gable_error *e)
{
    *out = (struct learned){0};
    if (read_members(j, out) && read_run(json_object_get(j, "losses"), json_object_get(j, "epochs_done"), &out->run))
        return GABLE_OK;
    return error_set(e, GABLE_BAD_INPUT, "the record of a training run is not whole");
}
void learned_release(struct learned *l)
{
    learning_release(&l->run);
    *l = (struct learned){0};
}
