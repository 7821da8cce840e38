#include "case.h"

#include "check.h"
#include "engine/general/general.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMORY_MAX = 1 << 26 };

static int64_t whole(const char **at)
{
    char *end;
    long long v = strtoll(*at, &end, 10);
    if (end == *at && **at == '-') fail_msg("no number: %s", *at);
    *at = end;
    return v;
}

static void set_element(struct value *v, int64_t i, const char *word)
{
    const double real = strtod(word, NULL);
    const int64_t number = v->dtype == DTYPE_U64 ? (int64_t)strtoull(word, NULL, 10) : strtoll(word, NULL, 10);
    const bool is_real =
        v->dtype == DTYPE_F64 || v->dtype == DTYPE_F32 || v->dtype == DTYPE_F16 || v->dtype == DTYPE_BF16;
    struct value from = {.kind = VALUE_TENSOR, .dtype = is_real ? DTYPE_F64 : DTYPE_S64, .n = 1};
    struct value to = *v;
    from.data = is_real ? (void *)&real : (void *)&number;
    to.data = (char *)v->data + (size_t)i * value_element_bytes(v->dtype);
    to.n = 1;
    if (v->dtype == DTYPE_STRING)
        assert_true(value_set_string(v, i, word));
    else
        value_convert(&from, &to);
}

static const char *read_tensor(struct pool *p, const char *text, struct value *out)
{
    char word[64];
    int64_t dim[SHAPE_RANK_MAX];
    int rank = 0, used = 0;
    gable_error e = {0};
    if (sscanf(text, " %15[a-z0-9][%n", word, &used) != 1 || !used) fail_msg("no dtype: %s", text);
    enum dtype d = dtype_find(word);
    for (text += used; *text != ']'; text += *text == ',') dim[rank++] = whole(&text);
    text++;
    assert_ok(value_new(p, d, rank, dim, out, &e), &e);
    for (int64_t i = 0; i < out->n; i++) {
        if (sscanf(text, " %63s%n", word, &used) != 1) fail_msg("too few values: %s", text);
        set_element(out, i, word);
        text += used;
    }
    return text + strspn(text, " ");
}

static struct value read_value(struct pool *p, const char *text)
{
    struct value v = {0}, items[16];
    int64_t n = 0;
    gable_error e = {0};
    if (!*text) return v;
    if (strncmp(text, "seq", 3) != 0) {
        if (*read_tensor(p, text, &v)) fail_msg("too many values: %s", text);
        return v;
    }
    for (text += 3; *text; text += *text == '|') text = read_tensor(p, text + strspn(text, " "), &items[n++]);
    assert_ok(value_new_sequence(p, n ? items[0].dtype : DTYPE_F32, n, &v, &e), &e);
    for (int64_t i = 0; i < n; i++) value_items(&v)[i] = items[i];
    return v;
}

static void set_list(struct graph *g, struct node *n, const char *name, const char *text, bool is_real)
{
    int64_t ints[64];
    double reals[64];
    int listed = 0;
    for (; *text && *text != ']'; text += *text == ',') {
        reals[listed] = strtod(text, NULL);
        ints[listed++] = whole(&text);
        text += strcspn(text, ",]");
    }
    if (is_real)
        node_set_floats(g, n, name, listed, reals);
    else
        node_set_ints(g, n, name, listed, ints);
}

/* "A,B]": words */
static void set_words(struct graph *g, struct node *n, const char *name, char *text)
{
    const char *words[16];
    int listed = 0;
    text[strcspn(text, "]")] = 0;
    while (*text) {
        words[listed++] = text;
        text += strcspn(text, ",");
        if (*text) *text++ = 0;
    }
    node_set_strings(g, n, name, listed, words);
}

static void set_attributes(struct graph *g, struct node *n, const char *text)
{
    char name[32], value[256];
    int used;
    while (sscanf(text, " %31[^=: ]%n", name, &used) == 1) {
        text += used;
        char kind = *text++;
        if (sscanf(text, "%255[^ ]%n", value, &used) == 1) text += used;
        bool is_real = strpbrk(value, ".nf") != NULL;
        if (kind == ':' && *value == '[')
            set_words(g, n, name, value + 1);
        else if (kind == ':')
            node_set_string(g, n, name, value);
        else if (*value == '[')
            set_list(g, n, name, value + 1, is_real);
        else if (is_real)
            node_set_float(g, n, name, strtod(value, NULL));
        else
            node_set_int(g, n, name, strtoll(value, NULL, 10));
    }
}

static double option(const struct kernel_case *k, const char *name, double fallback)
{
    const char *at = strstr(k->attributes, name);
    return at ? strtod(at + strlen(name), NULL) : fallback;
}

static void compare_tensors(const struct kernel_case *k, const struct value *want, const struct value *got)
{
    double limit = option(k, "TOLERANCE=", 1e-6);
    if (want->kind != got->kind) fail_msg("%s: kind %d, not %d", k->op, (int)got->kind, (int)want->kind);
    if (got->dtype != want->dtype)
        fail_msg("%s %s: %s, not %s", k->op, k->attributes, dtype_name(got->dtype), dtype_name(want->dtype));
    if (!value_same_shape(want, got)) {
        for (int i = 0; i < got->rank; i++) print_error("%lld ", (long long)got->dim[i]);
        fail_msg("%s %s: another shape than %s", k->op, k->attributes, k->out[0]);
    }
    for (int64_t i = 0; i < want->n; i++) {
        if (want->dtype == DTYPE_STRING) {
            assert_string_equal(((char **)got->data)[i], ((char **)want->data)[i]);
            continue;
        }
        double w = value_real(want, i), g = value_real(got, i), scale = fabs(w) > 1 ? fabs(w) : 1;
        bool is_same = w == g || (w != w && g != g) || fabs(w - g) <= limit * scale;
        if (value_int(want, i) != value_int(got, i) && want->dtype == DTYPE_S64) is_same = false;
        if (!is_same)
            fail_msg("%s %s (%s): element %lld is %.9g, not %.9g", k->op, k->attributes, k->in[0] ? k->in[0] : "",
                     (long long)i, g, w);
    }
}

static void compare(const struct kernel_case *k, const struct value *want, const struct value *got)
{
    if (want->kind != VALUE_SEQUENCE) {
        compare_tensors(k, want, got);
        return;
    }
    assert_int_equal(got->kind, VALUE_SEQUENCE);
    assert_int_equal(got->n, want->n);
    for (int64_t i = 0; i < want->n; i++) compare_tensors(k, &value_items(want)[i], &value_items(got)[i]);
}

static int given(const char *const *texts)
{
    int n = 0;
    while (n < CASE_VALUES_MAX && texts[n]) n++;
    return n;
}

#define OWN "ai.gable."
static struct graph *graph_of(const struct kernel_case *k, const struct value *in)
{
    struct graph *g = graph_new("g", "test", 1 << 20);
    struct tensor *operands[CASE_VALUES_MAX];
    int n_in = given(k->in), n_out = given(k->out);
    g->opset = (int)option(k, "OPSET=", 17);
    for (int i = 0; i < n_in; i++) {
        char name[] = {'x', (char)('0' + i), 0};
        operands[i] =
            in[i].kind == VALUE_ABSENT ? graph_absent(g) : graph_input(g, name, in[i].dtype, in[i].rank, in[i].dim);
        if (in[i].kind == VALUE_SEQUENCE) operands[i]->form = FORM_SEQUENCE;
    }
    bool is_own = !strncmp(k->op, OWN, strlen(OWN));
    struct node *n =
        graph_node(g, is_own ? k->op + strlen(OWN) : k->op, is_own ? "ai.gable" : "", "n", NULL, n_in, operands, n_out);
    set_attributes(g, n, k->attributes);
    for (int i = 0; i < n_out; i++) graph_output(g, n->out[i]);
    return g;
}

static void check_outputs(const struct kernel_case *k, struct general *s)
{
    for (int i = 0; i < given(k->out); i++) {
        struct value want = read_value(general_pool(s), k->out[i]);
        compare(k, &want, general_output(s, i));
        value_release(&want);
    }
}

/* One number that is put in the place of another: element `place` of an input, or of an attribute. */
struct swap {
    int input, attribute; /* the other is -1 */
    int64_t place, number;
};
static void swap_number(const struct swap *w, struct value *in, const struct node *n)
{
    if (w->input >= 0) {
        struct value *v = &in[w->input];
        if (v->dtype == DTYPE_S64)
            ((int64_t *)v->data)[w->place] = w->number;
        else
            ((int32_t *)v->data)[w->place] = (int32_t)w->number;
        return;
    }
    struct attribute *a = &n->attributes[w->attribute];
    if (a->type == ATTRIBUTE_INT)
        a->i = w->number;
    else
        ((int64_t *)(uintptr_t)a->ints)[w->place] = w->number;
}

static void judge(const struct kernel_case *k, gable_status status, struct general *s, gable_error *e)
{
    const char *refused = k->out[0][0] == '!' ? k->out[0] + 1 : NULL;
    if (!refused) {
        assert_ok(status, e);
        check_outputs(k, s);
        return;
    }
    if (!status) fail_msg("%s %s is not refused: %s", k->op, k->attributes, refused);
    assert_contains(e->why, refused);
}

/* With a swap any answer is right that is one: outputs, or a sentence. */
static void case_run(const struct kernel_case *k, const struct swap *w, const struct cpus *cpus)
{
    gable_error e = {0};
    struct pool *texts = pool_new(MEMORY_MAX);
    struct value in[CASE_VALUES_MAX] = {{0}};
    struct general *s = NULL;
    for (int i = 0; i < given(k->in); i++) in[i] = read_value(texts, k->in[i]);
    struct graph *g = graph_of(k, in);
    if (w) swap_number(w, in, g->nodes[0]);
    gable_status status = general_open(g, NULL, cpus, &(struct general_options){.bytes_max = MEMORY_MAX}, &s, &e);
    for (int i = 0, input = 0; i < given(k->in) && !status; i++)
        if (in[i].kind != VALUE_ABSENT) assert_ok(general_set_input(s, input++, &in[i], &e), &e);
    if (!status) status = general_run(s, &e);
    if (!w)
        judge(k, status, s, &e);
    else if (status && !e.why[0])
        fail_msg("%s %s: refused without a word", k->op, k->attributes);
    general_close(s);
    for (int i = 0; i < CASE_VALUES_MAX; i++) value_release(&in[i]);
    pool_free(texts);
    graph_free(g);
}

void cases_run(const struct kernel_case *cases, size_t n)
{
    struct cpus cpus;
    cpus_read("", &cpus);
    for (size_t i = 0; i < n; i++) case_run(&cases[i], NULL, &cpus);
}

static void swap_all(const struct kernel_case *k, int input, int attribute, int64_t places, const struct cpus *cpus)
{
    static const int64_t hostile[] = {INT64_MIN,
                                      INT64_MIN + 1,
                                      -(INT64_C(1) << 32),
                                      -(INT64_C(1) << 31),
                                      -3,
                                      -1,
                                      0,
                                      1,
                                      2,
                                      5,
                                      (INT64_C(1) << 31) - 1,
                                      INT64_C(1) << 31,
                                      INT64_C(1) << 32,
                                      INT64_C(1) << 62,
                                      INT64_MAX - 1,
                                      INT64_MAX};
    for (int64_t place = 0; place < places; place++)
        for (size_t i = 0; i < COUNT_OF(hostile); i++)
            case_run(k, &(struct swap){input, attribute, place, hostile[i]}, cpus);
}

void cases_survive(const struct kernel_case *cases, size_t n)
{
    struct cpus cpus;
    cpus_read("", &cpus);
    for (size_t i = 0; i < n; i++) {
        struct pool *texts = pool_new(MEMORY_MAX);
        struct value in[CASE_VALUES_MAX] = {{0}};
        for (int j = 0; j < given(cases[i].in); j++) in[j] = read_value(texts, cases[i].in[j]);
        struct graph *g = graph_of(&cases[i], in);
        const struct node *node = g->nodes[0];
        for (int j = 0; j < given(cases[i].in); j++)
            if (in[j].dtype == DTYPE_S64 || in[j].dtype == DTYPE_S32) swap_all(&cases[i], j, -1, in[j].n, &cpus);
        for (int j = 0; j < node->n_attributes; j++) {
            const struct attribute *a = &node->attributes[j];
            bool is_whole = a->type == ATTRIBUTE_INT || a->type == ATTRIBUTE_INTS;
            if (is_whole) swap_all(&cases[i], -1, j, a->type == ATTRIBUTE_INT ? 1 : a->n, &cpus);
        }
        for (int j = 0; j < CASE_VALUES_MAX; j++) value_release(&in[j]);
        pool_free(texts);
        graph_free(g);
    }
}
