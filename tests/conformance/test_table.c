/* Runs ONNX's backend tests and compares the table of what passes with docs/CONFORMANCE.md.
   test_conformance_table            all, compared with the committed file
   test_conformance_table --write    all, the file written anew
   test_conformance_table PREFIX     the cases whose name or operator begins so (test_add, Conv), each with its reason
 */
#include "base/file.h"
#include "base/text.h"
#include "cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOT "/usr/share/libonnx-testdata/data"
#define TABLE TESTS_DIR "/../docs/CONFORMANCE.md"

static const char *const words[OUTCOMES] = {"passed", "FAILED", "not supported"};

struct tally {
    size_t n[OUTCOMES];
};
static size_t total(const struct tally *t) { return t->n[PASSED] + t->n[FAILED] + t->n[UNSUPPORTED]; }

static void add_row(struct text *t, const char *label, const struct tally *k)
{
    text_addf(t, "| %s | %zu | %zu | %zu | %zu |\n", label, total(k), k->n[PASSED], k->n[FAILED], k->n[UNSUPPORTED]);
}

#define HEAD(first) "| " first " | tests | passed | failed | not supported |\n|---|---|---|---|---|\n"

static void add_suites(struct text *t, const struct cases *all)
{
    struct tally plain = {0};
    text_add(t, HEAD("suite"));
    for (size_t i = 0; i < all->n;) {
        struct tally k = {0};
        const char *suite = all->at[i].suite;
        for (; i < all->n && !strcmp(all->at[i].suite, suite); i++) {
            k.n[all->at[i].outcome]++;
            if (!strcmp(suite, "node") && !all->at[i].needs_more) plain.n[all->at[i].outcome]++;
        }
        add_row(t, suite, &k);
    }
    add_row(t, "node, without strings, sequences, optionals, training", &plain);
    if (total(&plain))
        text_addf(t, "\nOf the last row %.1f %% pass.\n", 100.0 * (double)plain.n[PASSED] / (double)total(&plain));
}

static int by_operator(const void *a, const void *b)
{
    const struct conformance_case *x = *(const struct conformance_case *const *)a,
                                  *y = *(const struct conformance_case *const *)b;
    int order = strcmp(x->op, y->op);
    return order ? order : strcmp(x->name, y->name);
}

static void add_operators(struct text *t, const struct cases *all)
{
    const struct conformance_case **order = calloc(all->n + 1, sizeof *order);
    if (!order) abort();
    for (size_t i = 0; i < all->n; i++) order[i] = &all->at[i];
    qsort(order, all->n, sizeof(*order), by_operator);
    text_add(t, "\n## Operator by operator\n" HEAD("operator"));
    for (size_t i = 0; i < all->n;) {
        struct tally k = {0};
        const char *op = order[i]->op;
        for (; i < all->n && !strcmp(order[i]->op, op); i++) k.n[order[i]->outcome]++;
        add_row(t, op, &k);
    }
    text_add(t, "\n## What does not pass, and why\n| test | | reason |\n|---|---|---|\n");
    for (size_t i = 0; i < all->n; i++)
        if (order[i]->outcome != PASSED) {
            text_addf(t, "| %s/%s | %s | ", order[i]->suite, order[i]->name, words[order[i]->outcome]);
            text_add_safe(t, order[i]->why, 0);
            text_add(t, " |\n");
        }
    free(order);
}

static void table(struct text *t, const struct cases *all)
{
    text_add(
        t, "# Conformance\nONNX's backend tests (Debian's libonnx-testdata, ONNX 1.12), run by Gable's general engine "
           "and compared as ONNX's own\nrunner does: type, shape, and values within 1e-7 + 0.1 %; operators that draw "
           "random numbers by type and shape alone.\nThis file is generated: `build/tests/test_conformance_table "
           "--write` writes it, the test `conformance.test_table` fails when\nit is not what the tests give.\n\n");
    add_suites(t, all);
    add_operators(t, all);
}

static int run_chosen(struct cases *all, const char *prefix)
{
    struct tally k = {0};
    for (size_t i = 0; i < all->n; i++) {
        struct conformance_case *c = &all->at[i];
        size_t n = strlen(prefix);
        if (strncmp(c->name, prefix, n) != 0 && strcmp(c->op, prefix) != 0 && strcmp(c->suite, prefix) != 0) continue;
        case_run(c, true);
        k.n[c->outcome]++;
        printf("%-13s %s/%s (%s) %s\n", words[c->outcome], c->suite, c->name, c->op, c->why);
    }
    printf("%zu passed, %zu failed, %zu not supported\n", k.n[PASSED], k.n[FAILED], k.n[UNSUPPORTED]);
    return k.n[FAILED] + k.n[UNSUPPORTED] > 0 || total(&k) == 0;
}

/* The first line in which two texts differ. */
static void show_difference(const char *was, const char *is)
{
    size_t line = 1;
    while (*was && *was == *is) line += *was == '\n', was++, is++;
    while (line > 1 && was[-1] != '\n') was--, is--;
    printf("docs/CONFORMANCE.md, line %zu: it has\n  %.*s\nthe tests give\n  %.*s\n"
           "If that is meant: build/tests/test_conformance_table --write\n",
           line, (int)strcspn(was, "\n"), was, (int)strcspn(is, "\n"), is);
}

static int run_all(struct cases *all, bool writes)
{
    struct text made = {0};
    char *was = NULL;
    size_t len = 0;
    int bad = 0;
    gable_error e = {0};
    for (size_t i = 0; i < all->n; i++) case_run(&all->at[i], false);
    table(&made, all);
    if (made.failed) abort();
    if (writes)
        bad = file_write(TABLE, made.data, made.len, &e) != GABLE_OK;
    else
        bad = file_read(TABLE, 1 << 24, &was, &len, &e) != GABLE_OK;
    if (bad) fprintf(stderr, "%s: %s\n", e.where, e.why);
    if (was && strcmp(was, made.data) != 0) {
        show_difference(was, made.data);
        bad = 1;
    }
    free(was);
    text_release(&made);
    return bad;
}

int main(int argc, char **argv)
{
    struct cases all;
    if (!cases_find(ROOT, &all)) {
        puts("libonnx-testdata is not installed");
        return 77;
    }
    bool writes = argc > 1 && !strcmp(argv[1], "--write");
    int bad = argc > 1 && !writes ? run_chosen(&all, argv[1]) : run_all(&all, writes);
    cases_release(&all);
    return bad;
}
