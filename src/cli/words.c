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

bool cli_binding(const char *text, struct cli_bindings *b, gable_error *e)
{
    size_t len = strcspn(text, "=");
    int n = b->n, value;
    if (!text[len] || !len || len >= ONNX_FREE_NAME)
        return error_set(e, GABLE_USAGE, "--bind takes NAME=VALUE such as seq=128, not '%.60s'", text), false;
    if (n == MODEL_BINDINGS_MAX) return error_set(e, GABLE_USAGE, "at most %d --bind", MODEL_BINDINGS_MAX), false;
    if (!cli_int("--bind NAME=", text + len + 1, 0, 1 << 30, &value, e)) return false;
    memcpy(b->names[n], text, len);
    for (int i = 0; i < n; i++)
        if (!strcmp(b->names[i], b->names[n]))
            return error_set(e, GABLE_USAGE, "--bind gives '%.60s' twice", b->names[n]), false;
    b->binding[n] = (struct onnx_binding){b->names[n], value};
    b->n++;
    return true;
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
