#include "cli/words.h"

#include "base/text.h"

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

bool cli_model(const char *word, const char **models, int *n, gable_error *e)
{
    if (*n < CLI_MODELS) {
        models[(*n)++] = word;
        return true;
    }
    error_set(e, GABLE_USAGE, "at most %d models at once", CLI_MODELS);
    return false;
}
