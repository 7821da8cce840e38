/* docs/COUNTING.md holds the program's own counts: a row for every model, a row for every convention. */
#include "base/file.h"
#include "base/text.h"
#include "check.h"
#include "ops/convention.h"
#include "zoo/zoo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_page(void)
{
    char path[512], *text = NULL;
    size_t len;
    gable_error e = {0};
    snprintf(path, sizeof path, "%s/../docs/COUNTING.md", TESTS_DIR);
    assert_ok(file_read(path, 1 << 20, &text, &len, &e), &e);
    return text;
}

/* 1 where the page lacks the line; it is printed as it should be. */
static int lacks(const char *page, struct text *line)
{
    text_add(line, "\n");
    assert_false(line->failed);
    int is_missing = !strstr(page, line->data);
    if (is_missing) print_message("docs/COUNTING.md lacks this line: %s", line->data + 1);
    text_release(line);
    return is_missing;
}

/* Millions with three digits, exact to the rounding. */
static void add_millions(struct text *row, count value)
{
    count rounded = (value + 500) / 1000;
    text_addf(row, " %" PRId64 ".%03" PRId64 " |", rounded / 1000, rounded % 1000);
}

static void models_have_their_row(void **state)
{
    (void)state;
    char *page = read_page();
    int missing = 0;
    struct text head = {0};
    text_add(&head, "\n| model | parameters |");
    for (int i = 0; convention_at(i); i++)
        text_addf(&head, " %s, %s |", convention_at(i)->tool, convention_at(i)->unit);
    text_add(&head, " gable, FLOPs |");
    missing += lacks(page, &head);
    for (int m = 0; m < zoo_size(); m++) {
        struct text row = {0};
        struct graph *g = NULL;
        struct cost total = {0};
        count params = 0;
        gable_error e = {0};
        assert_ok(zoo_build(zoo_at(m)->id, NULL, &g, &e), &e);
        for (int i = 0; i < g->n_nodes; i++) total = cost_add(total, op_cost(g->nodes[i]));
        for (int i = 0; i < g->n_tensors; i++)
            if (g->tensors[i]->role == ROLE_WEIGHT) params += tensor_elements(g->tensors[i]);
        text_addf(&row, "\n| %s | %" PRId64 " |", zoo_at(m)->id, params);
        for (int i = 0; convention_at(i); i++) {
            struct convention_total counted;
            convention_count(convention_at(i), g, &counted);
            add_millions(&row, counted.value);
        }
        add_millions(&row, total.flops);
        missing += lacks(page, &row);
        graph_free(g);
    }
    free(page);
    assert_int_equal(missing, 0);
}

static void conventions_have_their_row(void **state)
{
    (void)state;
    char *page = read_page();
    int missing = 0;
    for (int i = 0; convention_at(i); i++) {
        const struct convention *c = convention_at(i);
        struct text row = {0};
        text_addf(&row, "\n| %s | %s |", c->tool, c->unit);
        for (int k = 0; k < CONVENTION_RULES && c->rules[k].ops; k++)
            text_addf(&row, "%s %d x %s", k ? " +" : "", c->rules[k].factor, c->rules[k].what);
        text_addf(&row, " | %s |", c->note);
        missing += lacks(page, &row);
    }
    free(page);
    assert_int_equal(missing, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_have_their_row),
        cmocka_unit_test(conventions_have_their_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
