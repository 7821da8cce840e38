/* docs/METRICS.md holds a row for every operator, with the table's own words. */
#include "check.h"
#include "ops/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_document(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s/../docs/METRICS.md", TESTS_DIR);
    FILE *f = fopen(path, "r");
    if (!f) fail_msg("%s cannot be read", path);
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, f) > 1000);
    fclose(f);
    return text;
}

enum table { FORWARD, BACKWARD };

static void row_of(const struct op *op, enum table table, char *row, size_t size)
{
    int len = snprintf(row, size, "\n| %s%s%s | ", op->domain, *op->domain ? "." : "", op->name);
    if (table == FORWARD)
        snprintf(row + len, size - (size_t)len, "%s | %s |\n", op_kind_name(op->kind), op->formula);
    else
        snprintf(row + len, size - (size_t)len, "%s | %s%s |\n", op->train.formula,
                 op->train.gradient ? keep_words(op->train.keep) : "",
                 op->train.keep_bytes ? " and its own notes" : "");
}

static void check_table(enum table table)
{
    char *text = read_document();
    const struct op *op;
    int missing = 0;
    for (int i = 0; (op = op_at(i)); i++) {
        char row[512];
        row_of(op, table, row, sizeof row);
        if (strstr(text, row)) continue;
        print_message("docs/METRICS.md lacks this row:%s", row);
        missing++;
    }
    free(text);
    assert_int_equal(missing, 0);
}

static void every_operator_is_documented(void **state)
{
    (void)state;
    check_table(FORWARD);
}

static void every_gradient_is_documented(void **state)
{
    (void)state;
    check_table(BACKWARD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_operator_is_documented),
                                       cmocka_unit_test(every_gradient_is_documented)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
