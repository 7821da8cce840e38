/* What the files of gable train share. */
#ifndef CLI_TRAIN_H
#define CLI_TRAIN_H
#include "bench/training.h"
#include "learn/learned.h"

void train_print_table(const struct trained *t, int n);
void train_print_kinds(const struct trained *t);  /* time by operator type and pass */
void train_print_memory(const struct trained *t); /* planned by part, measured */
void train_print_layers(const struct trained *t); /* every stage */
/* Forward : backward in time and in FLOPs, and what makes the difference to 1 : 2. */
enum { TRAIN_SENTENCE = 1536 };
void train_sentence(const struct trained *t, char *out, size_t room);
json_t *train_json(const struct trained *t, int n);

/* On stderr, where another engine than the first trains the model: which, and why. */
void train_say_engine(const char *model, const char *engine, const char *why);

struct train_run {
    struct training_options options;
    const char *data; /* a folder, or "synthetic" */
    int epochs;
    const char *checkpoint; /* or NULL */
    const char *validate;   /* a folder, or a share of the data as a number; or NULL */
    const char *save;       /* where the trained model goes, or NULL */
    bool resumes, augments, wants_json, no_store;
    const char *store; /* NULL: the usual one */
};
int train_run(const struct train_run *r); /* the exit status */
/* The model as it is now, at inference, as an ONNX file; `w` is what the trainer began with. */
gable_status train_save(const struct train_run *r, struct trainer *t, const struct weights *w, const char *path,
                        gable_error *e);
/* Before hours of training: whether that will be possible. Writes a file beside it and takes it away. */
gable_status train_save_check(const struct train_run *r, struct trainer *t, const struct weights *w, gable_error *e);
/* For the report, where an epoch was finished; that it cannot be is said, no more. */
void train_keep(const struct train_run *r, const struct learned *l);
#endif
