/* The file: a head, the losses, the epochs, then for every trained tensor and
   running statistic its values and states; at the end a checksum of all before
   it. In the machine's own byte order, which the head tells. */
#include "learn/learn.h"

#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHECKPOINT_VERSION = 2, PATH_ROOM = 4096, NAME_ROOM = 64 };
#define CHECKPOINT_MAGIC UINT64_C(0x54504b4c42414701) /* another byte order reads another number */

struct head {
    uint64_t magic, steps_done, seed, trainer_seed;
    int64_t n_right, floats;
    int32_t version, optimizer, batch, n_losses, n_epochs, steps_per_epoch;
    char model[NAME_ROOM];
};
struct bytes {
    char *data;
    size_t len, at;
};

static uint64_t checksum(const char *bytes, size_t n)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < n; i++) hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
    return hash;
}
static void copy_out(struct bytes *b, const void *from, size_t n)
{
    if (n) memcpy(b->data + b->at, from, n);
    b->at += n;
}
static void copy_in(struct bytes *b, void *to, size_t n)
{
    if (n) memcpy(to, b->data + b->at, n);
    b->at += n;
}

static const enum trainer_value kept[] = {VALUE_WEIGHT, VALUE_FIRST, VALUE_SECOND};
/* Every piece of state through `work`; their floats. */
static int64_t each_state(struct trainer *t, struct bytes *b, void (*work)(struct bytes *b, float *values, size_t n))
{
    int64_t floats = 0;
    for (size_t k = 0; k < COUNT_OF(kept); k++)
        for (int i = 0; i < t->graph->n_tensors; i++) {
            float *values = trainer_values(t, kept[k], i);
            if (!values) continue;
            count n = tensor_elements(t->graph->tensors[i]);
            floats += n;
            if (work) work(b, values, (size_t)n);
        }
    return floats;
}
static void write_state(struct bytes *b, float *values, size_t n) { copy_out(b, values, n * sizeof *values); }
static void read_state(struct bytes *b, float *values, size_t n) { copy_in(b, values, n * sizeof *values); }

static size_t file_bytes(const struct head *h)
{
    return sizeof *h + (size_t)h->n_losses * sizeof(double) + (size_t)h->n_epochs * sizeof(struct learn_epoch) +
           (size_t)h->floats * sizeof(float) + sizeof(uint64_t);
}
static struct head head_of(struct trainer *t, const struct learn_options *o, const struct learning *l)
{
    struct head h = {.magic = CHECKPOINT_MAGIC,
                     .version = CHECKPOINT_VERSION,
                     .steps_done = t->steps_done,
                     .seed = o->seed,
                     .trainer_seed = t->options.seed,
                     .n_right = l->n_right,
                     .floats = each_state(t, NULL, NULL),
                     .optimizer = (int32_t)t->options.optimizer,
                     .batch = t->batch,
                     .n_losses = l->n_losses,
                     .n_epochs = l->n_epochs,
                     .steps_per_epoch = l->steps_per_epoch};
    snprintf(h.model, sizeof h.model, "%s", t->graph->name);
    return h;
}
static void previous_of(const char *path, char out[PATH_ROOM]) { snprintf(out, PATH_ROOM, "%s.previous", path); }

gable_status checkpoint_write(const char *path, struct trainer *t, const struct learn_options *o,
                              const struct learning *l, gable_error *e)
{
    struct head h = head_of(t, o, l);
    struct bytes b = {.len = file_bytes(&h)};
    char previous[PATH_ROOM];
    b.data = malloc(b.len);
    if (!b.data) return error_set(e, GABLE_NO_MEMORY, "no memory for a checkpoint of %zu bytes", b.len);
    copy_out(&b, &h, sizeof h);
    copy_out(&b, l->losses, (size_t)l->n_losses * sizeof *l->losses);
    copy_out(&b, l->epochs, (size_t)l->n_epochs * sizeof *l->epochs);
    each_state(t, &b, write_state);
    uint64_t sum = checksum(b.data, b.at);
    copy_out(&b, &sum, sizeof sum);
    previous_of(path, previous);
    unlink(previous); /* a link: the checkpoint itself is there at every moment */
    gable_status s = GABLE_OK;
    if (link(path, previous) && errno != ENOENT)
        s = error_set(e, GABLE_FAILED, "%s cannot be kept: %s", previous, strerror(errno));
    if (!s) s = file_write(path, b.data, b.len, e);
    free(b.data);
    return s;
}

enum condition { WHOLE, DAMAGED, OF_ANOTHER_VERSION };
/* Every version ends with the checksum of all before it, so what another one
 * wrote is told from what is damaged. */
static enum condition condition_of(const struct bytes *b)
{
    struct head h;
    uint64_t sum;
    if (b->len < sizeof h + sizeof sum) return DAMAGED;
    memcpy(&h, b->data, sizeof h);
    memcpy(&sum, b->data + b->len - sizeof sum, sizeof sum);
    if (h.magic != CHECKPOINT_MAGIC || checksum(b->data, b->len - sizeof sum) != sum) return DAMAGED;
    if (h.version != CHECKPOINT_VERSION) return OF_ANOTHER_VERSION;
    bool fits = h.n_losses >= 0 && h.n_epochs >= 0 && h.floats >= 0 && h.floats < INT64_MAX / 8;
    return fits && file_bytes(&h) == b->len ? WHOLE : DAMAGED;
}
static bool is_file_whole(const char *path)
{
    struct bytes b = {0};
    gable_error ignored = {0};
    bool whole = !file_read(path, SIZE_MAX / 2, &b.data, &b.len, &ignored) && condition_of(&b) == WHOLE;
    free(b.data);
    return whole;
}
static gable_status refuse(const char *path, const struct bytes *b, enum condition condition, gable_error *e)
{
    char what[96] = "the checkpoint is damaged", previous[PATH_ROOM];
    struct head h;
    if (condition == OF_ANOTHER_VERSION) {
        memcpy(&h, b->data, sizeof h);
        snprintf(what, sizeof what, "the checkpoint has format %d, this gable reads format %d", h.version,
                 CHECKPOINT_VERSION);
    }
    previous_of(path, previous);
    if (!is_file_whole(previous)) return error_set(e, GABLE_BAD_INPUT, "%s", what);
    return error_set(e, GABLE_BAD_INPUT, "%s; the one before it, %s, is whole: resume from that", what, previous);
}
static gable_status compare(const struct head *h, const struct head *mine, int epochs, gable_error *e)
{
    if (strncmp(h->model, mine->model, sizeof h->model) != 0 || h->floats != mine->floats)
        return error_set(e, GABLE_BAD_INPUT, "it is of %.60s, not of %.60s as it is trained here", h->model,
                         mine->model);
    if (h->optimizer != mine->optimizer || h->batch != mine->batch || h->steps_per_epoch != mine->steps_per_epoch ||
        h->seed != mine->seed || h->trainer_seed != mine->trainer_seed)
        return error_set(e, GABLE_BAD_INPUT,
                         "it is of another run: optimizer, batch, seed and data "
                         "must be the same (batch %d, %d steps "
                         "an epoch there)",
                         h->batch, h->steps_per_epoch);
    if (h->n_epochs > epochs)
        return error_set(e, GABLE_BAD_INPUT, "it has %d epochs, more than the %d asked", h->n_epochs, epochs);
    return GABLE_OK;
}
static gable_status restore(struct bytes *b, struct trainer *t, const struct learn_options *o, struct learning *l,
                            gable_error *e)
{
    struct head h, mine = head_of(t, o, l);
    copy_in(b, &h, sizeof h);
    gable_status s = compare(&h, &mine, o->epochs, e);
    if (s) return s;
    l->losses = malloc(((size_t)h.n_losses + 1) * sizeof *l->losses);
    if (!l->losses) return error_set(e, GABLE_NO_MEMORY, "no memory for %d losses", h.n_losses);
    copy_in(b, l->losses, (size_t)h.n_losses * sizeof *l->losses);
    copy_in(b, l->epochs, (size_t)h.n_epochs * sizeof *l->epochs);
    each_state(t, b, read_state);
    l->n_losses = l->resumed_at = h.n_losses;
    l->room = h.n_losses + 1;
    l->n_epochs = h.n_epochs;
    l->n_right = h.n_right;
    t->steps_done = h.steps_done;
    return GABLE_OK;
}
gable_status checkpoint_read(const char *path, struct trainer *t, const struct learn_options *o, struct learning *l,
                             gable_error *e)
{
    struct bytes b = {0};
    gable_status s = file_read(path, SIZE_MAX / 2, &b.data, &b.len, e);
    if (s) return s;
    enum condition condition = condition_of(&b);
    s = condition == WHOLE ? restore(&b, t, o, l, e) : refuse(path, &b, condition, e);
    free(b.data);
    return s ? error_within(e, "%s", path) : GABLE_OK;
}
