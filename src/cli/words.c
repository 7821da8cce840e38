#include "cli/words.h"

#include "base/text.h"
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

int cli_word(const char *option, const char *text, const char *const *words, int n, gable_error *e)
{
    struct text list = {0};
    int found = -1;
    for (int i = 0; i < n; i++) {
        if (!strcmp(words[i], text)) found = i;
        text_addf(&list, "%s%s", i == 0 ? "" : i == n - 1 ? " or " : ", ", words[i]);
    }
    if (found < 0) error_set(e, GABLE_USAGE, "%s takes %s, not '%.40s'", option, list.data ? list.data : "", text);
    text_release(&list);
    return found;
}

bool cli_isa(const char *text, enum isa *out, gable_error *e)
{
    const char *names[ISA_N];
    for (int i = 0; i < ISA_N; i++) names[i] = isa_name((enum isa)i);
    int found = cli_word("--isa", text, names, ISA_N, e);
    if (found < 0) return false;
    *out = (enum isa)found;
    if (isa_is_here(*out)) return true;
    error_set(e, GABLE_USAGE, "--isa %s: this machine has none", text);
    return false;
}

bool cli_optimizer(const char *text, enum optimizer *out, gable_error *e)
{
    const char *names[OPTIMIZER_N];
    for (int o = 0; o < OPTIMIZER_N; o++) names[o] = optimizer_name((enum optimizer)o);
    int i = cli_word("--optimizer", text, names, OPTIMIZER_N, e);
    if (i >= 0) *out = (enum optimizer)i;
    return i >= 0;
}

bool cli_model(const char *word, const char **models, int *n, gable_error *e)
{
    if (*n < CLI_MODELS) {
        models[(*n)++] = word;
        return true;
    }
    error_set(e, GABLE_USAGE, "at most %d models at once", CLI_MODELS);
    return false;
}

bool cli_shape(int key, const char *arg, struct model_shapes *shapes, int *height, int *width, gable_error *e)
{
    if (key == CLI_KEY_SHAPE) return !model_shape_add(shapes, arg, e);
    if (key == CLI_KEY_BIND) return !model_bind_add(shapes, arg, e);
    return cli_size(arg, height, width, e);
}

static gable_status unknown_chip(const struct chips *chips, const char *id, gable_error *e)
{
    const char **ids = calloc((size_t)chips->n + 1, sizeof *ids);
    for (int i = 0; ids && i < chips->n; i++) ids[i] = chips->chip[i].id;
    const char *nearest = ids ? text_nearest(id, ids, (size_t)chips->n) : NULL;
    error_set(e, GABLE_USAGE, "there is no chip '%.60s'%s%s%s; 'gable chips' lists them", id,
              nearest ? ", did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    free(ids);
    return e->status;
}

gable_status cli_chip(const struct chips *chips, const char *id, const struct graph *g, const struct chip **out,
                      struct roof *roof, gable_error *e)
{
    enum dtype d = g->n_inputs ? g->inputs[0]->dtype : DTYPE_F32;
    *out = chips_find(chips, id);
    if (!*out) return unknown_chip(chips, id, e);
    if (chip_roof(*out, d, roof)) return GABLE_OK;
    return error_set(e, GABLE_USAGE, "%s has no known %s rate; 'gable chips %s' shows what it has", (*out)->name,
                     dtype_name(d), (*out)->id);
}

void print_shapes(FILE *out)
{
    fputs(
        "Every command that takes a MODEL takes these for its inputs; what a file fixes stays, another value is "
        "refused:\n\n"
        "  --batch N            images at once: the first dimension of every input, and others of its name, where it "
        "is\n"
        "                       free (1; 32 to train)\n"
        "  --size HxW           height and width of images: of a zoo model, or of a file's inputs of four dimensions\n"
        "  --shape NAME=NxM     all dimensions of one input, its batch first: in place of --batch and --size\n"
        "  --bind NAME=N        a file's free dimension by its name, wherever it stands; beside any of the others\n\n"
        "A dimension that is known by one input is known in all inputs that have the same name for it; what stays free "
        "is\n"
        "asked for. 'gable run' takes shapes from the files of --input first. -1 and names are free, 0 is no element: "
        "where\n"
        "an exporter writes 0 for free, --shape may put a number there.\n",
        out);
}
