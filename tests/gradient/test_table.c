/* docs/GRADIENTS.md, from the rules. test_gradient_table --write writes it; without, it fails where the page differs.
 */
#include "base/file.h"
#include "base/text.h"
#include "check.h"
#include "gradient/gradient.h"
#include "ops/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE TESTS_DIR "/../docs/GRADIENTS.md"

static const char opening[] =
    "# Gradients\n"
    "The operators through which Gable writes the gradient of a graph (`src/gradient/`), for `gable train` of any ONNX "
    "file. dy is\nthe gradient of the output y, x the input; operands of one operator are separated by semicolons. "
    "Sums "
    "over what broadcasting\nrepeated are not mentioned. Each rule is compared with finite differences in double "
    "precision "
    "(`tests/gradient/`).\nThis file is generated: `build/tests/test_gradient_table --write` writes it, the test "
    "`gradient.test_table` fails when it\nis not what the rules say.\n\n";

static bool lets_through(const struct gradient_rule *r) { return r->back || r->define; }

static void add_rows(struct text *t, bool that_let_through)
{
    const struct gradient_rule *r;
    for (int i = 0; (r = gradient_rule_at(i)); i++)
        if (lets_through(r) == that_let_through)
            text_addf(t, "| %s%s%s | %s |\n", r->domain, *r->domain ? "." : "", r->op, r->words);
}

/* Its result is no real number, or nothing that is trained goes into it. */
static bool needs_none(const struct op *op)
{
    static const char *const why[] = {"integers", "truth value", "words", "drawn or placed"};
    for (size_t i = 0; i < COUNT_OF(why); i++)
        if (op->train.formula && strstr(op->train.formula, why[i])) return true;
    return false;
}

/* Operators of which no rule is known, in the order of the operator table, and what their row says of it. */
static void add_missing(struct text *t)
{
    const struct op *op;
    for (int i = 0; (op = op_at(i)); i++) {
        if (gradient_rule_find(op->domain, op->name) || needs_none(op)) continue;
        const char *why = op->train.formula ? op->train.formula : "no reason";
        text_addf(t, "| %s%s%s | %s |\n", op->domain, *op->domain ? "." : "", op->name,
                  why + (strncmp(why, "none: ", 6) == 0 ? 6 : 0));
    }
}

static void page(struct text *t)
{
    text_add(t, opening);
    text_add(t, "| operator | gradient |\n|---|---|\n");
    add_rows(t, true);
    text_add(t,
             "\n## Operators through which nothing flows back\nA weight that reaches the loss only through one of "
             "these is refused with that node's name, and so is one behind\nan operator whose result is no real number."
             "\n\n| operator | why |\n|---|---|\n");
    add_rows(t, false);
    text_add(t, "\n## Without a rule\nRefused with the node's name where a gradient would have to flow through them; "
                "what gives "
                "integers, truth values, words or\ndrawn values needs none.\n\n| operator | why |\n|---|---|\n");
    add_missing(t);
}

static void the_page_is_what_the_rules_say(void **state)
{
    struct text made = {0};
    char *was = NULL;
    size_t len = 0;
    gable_error e = {0};
    (void)state;
    page(&made);
    assert_false(made.failed);
    assert_ok(file_read(PAGE, 1 << 20, &was, &len, &e), &e);
    if (strcmp(was, made.data) != 0) fail_msg("docs/GRADIENTS.md differs: build/tests/test_gradient_table --write");
    free(was);
    text_release(&made);
}

/* Whatever the operator table counts a gradient of has a rule. */
static void every_counted_gradient_has_a_rule(void **state)
{
    const struct op *op;
    (void)state;
    for (int i = 0; (op = op_at(i)); i++) {
        const struct gradient_rule *r = gradient_rule_find(op->domain, op->name);
        if (op->train.gradient && !(r && lets_through(r))) fail_msg("%s has no rule", op->name);
    }
}

/* And the other way round: what is trained is counted. */
static void every_rule_is_counted(void **state)
{
    const struct gradient_rule *r;
    (void)state;
    for (int i = 0; (r = gradient_rule_at(i)); i++) {
        const struct op *op = op_find(r->domain, r->op);
        if (lets_through(r) && !(op && op->train.gradient)) fail_msg("%s is not counted", r->op);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_what_the_rules_say),
        cmocka_unit_test(every_counted_gradient_has_a_rule),
        cmocka_unit_test(every_rule_is_counted),
    };
    if (argc > 1 && !strcmp(argv[1], "--write")) {
        struct text made = {0};
        gable_error e = {0};
        page(&made);
        int bad = made.failed || file_write(PAGE, made.data, made.len, &e);
        text_release(&made);
        return bad;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
