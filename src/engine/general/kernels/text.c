/* StringNormalizer: words without those that are listed, in upper or lower case (of ASCII letters: other locales are
   not looked at). */
#include "engine/general/kernels/operands.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum letters { LETTERS_AS_THEY_ARE, LETTERS_LOWER, LETTERS_UPPER };

static gable_status read_letters(struct call *c, enum letters *letters)
{
    static const char *const names[] = {"NONE", "LOWER", "UPPER"};
    const struct attribute *a = node_attribute(c->node, "case_change_action");
    *letters = LETTERS_AS_THEY_ARE;
    if (!a || !a->s) return GABLE_OK;
    for (int i = 0; i < 3; i++)
        if (!strcmp(a->s, names[i])) {
            *letters = (enum letters)i;
            return GABLE_OK;
        }
    return call_refuse(c, "has no case_change_action %.20s", a->s);
}

static bool is_stopped(const struct attribute *stop, bool is_exact, const char *word)
{
    for (int i = 0; stop && i < stop->n && stop->strings; i++)
        if (is_exact ? !strcmp(stop->strings[i], word) : !strcasecmp(stop->strings[i], word)) return true;
    return false;
}

static bool set_word(struct value *y, int64_t i, const char *word, enum letters letters)
{
    if (!value_set_string(y, i, word)) return false;
    for (char *at = ((char **)y->data)[i]; *at && letters != LETTERS_AS_THEY_ARE; at++) {
        bool is_lower = *at >= 'a' && *at <= 'z', is_upper = *at >= 'A' && *at <= 'Z';
        if (letters == LETTERS_UPPER ? is_lower : is_upper) *at = (char)(*at ^ ('a' ^ 'A'));
    }
    return true;
}

/* One row, of [C] or [1, C]; where nothing is left, one empty word. */
static gable_status run_string_normalizer(struct call *c)
{
    const struct value *x = c->in[0];
    const struct attribute *stop = node_attribute(c->node, "stopwords");
    bool is_exact = node_int(c->node, "is_case_sensitive", 0) != 0;
    char *const *words = x->data;
    enum letters letters;
    int64_t n = 0, dim[2] = {1, 1};
    if (x->dtype != DTYPE_STRING || x->rank < 1 || x->rank > 2 || (x->rank == 2 && x->dim[0] != 1))
        return call_refuse(c, "needs one row of strings");
    gable_status s = read_letters(c, &letters);
    for (int64_t i = 0; i < x->n; i++) n += !is_stopped(stop, is_exact, words[i] ? words[i] : "");
    dim[x->rank - 1] = n > 0 ? n : 1;
    if (!s) s = call_make(c, 0, DTYPE_STRING, x->rank, dim);
    if (s) return s;
    if (n == 0) return set_word(c->out[0], 0, "", letters) ? GABLE_OK : operand_no_memory(c);
    for (int64_t i = 0, k = 0; i < x->n; i++) {
        const char *word = words[i] ? words[i] : "";
        if (is_stopped(stop, is_exact, word)) continue;
        if (!set_word(c->out[0], k++, word, letters)) return operand_no_memory(c);
    }
    return s;
}

const struct kernel kernels_text[] = {
    {.op = "StringNormalizer", .domain = "", .run = run_string_normalizer},
    {0},
};
