/* Words on the command line that more than one command takes. */
#ifndef CLI_WORDS_H
#define CLI_WORDS_H
#include "engine/engine.h"

/* One word of several: its place among them; -1 with a sentence in e that lists them. */
int cli_word(const char *option, const char *text, const char *const *words, int n, gable_error *e);
bool cli_isa(const char *text, enum isa *out, gable_error *e); /* --isa: one that this machine has */
enum { CLI_MODELS = 64 };
/* One more MODEL of those on the command line; models has room for CLI_MODELS. */
bool cli_model(const char *word, const char **models, int *n, gable_error *e);
#endif
