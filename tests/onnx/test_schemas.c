/* The operator table beside libonnx's own registry: every operator of ai.onnx, in each of its versions, has a row with
   a shape rule, a cost, a statement of it, and room for its operands. */
#include "base/file.h"
#include "check.h"
#include "ops/ops.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct schema {
    char name[64];
    int version, inputs[2], outputs[2];
};

static int many(int n) { return n < 0 ? INT_MAX : n; }

/* What the row lacks for that version; NULL for nothing. */
static const char *lack(const struct schema *s)
{
    const struct op *op = op_find(DOMAIN_ONNX, s->name);
    if (!op) return "a row";
    if (!op->shape) return "a shape rule";
    if (!op->cost) return "a cost";
    if (!op->formula || !*op->formula) return "a statement of its cost";
    if (op->inputs.min > s->inputs[0] || many(op->inputs.max) < s->inputs[1]) return "room for its inputs";
    if (op->outputs.min > (s->outputs[0] ? s->outputs[0] : 1) || /* a node that gives nothing is refused */
        many(op->outputs.max) < s->outputs[1])
        return "room for its outputs";
    return NULL;
}

static void every_operator_has_a_whole_row(void **state)
{
    (void)state;
    struct schema s;
    int n = 0, newest = 0, lacking = 0, fields;
    FILE *list = popen(LIST, "r");
    assert_non_null(list);
    while ((fields = fscanf(list, "%63s %d %d %d %d %d", s.name, &s.version, &s.inputs[0], &s.inputs[1], &s.outputs[0],
                            &s.outputs[1])) == 6) {
        const char *what = lack(&s);
        if (what)
            print_message("%s, since opset %d (%d to %d inputs, %d to %d outputs), has not %s\n", s.name, s.version,
                          s.inputs[0], s.inputs[1], s.outputs[0], s.outputs[1], what);
        lacking += what != NULL;
        newest = s.version > newest ? s.version : newest;
        n++;
    }
    assert_int_equal(pclose(list), 0);
    assert_int_equal(fields, EOF);
    assert_true(n > 200 && newest >= 17);
    assert_int_equal(lacking, 0);
}

/* Where data decide how much is computed, the row or the node says that it is a bound. */
static void bounds_are_said(void **state)
{
    (void)state;
    static const char *const names[] = {"If", "Loop", "SequenceMap", "TopK", "Unique", "NonMaxSuppression"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct op *op = op_find(DOMAIN_ONNX, names[i]);
        assert_non_null(op);
        if (op->certainty == COST_EXACT && !op->certain) fail_msg("%s is not said to be a bound", names[i]);
        assert_contains(op->formula, "bound");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operator_has_a_whole_row),
        cmocka_unit_test(bounds_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
