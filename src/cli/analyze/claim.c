/* gable analyze --claim: what gives a number that somebody printed. */
#include "cli/analyze/claim.h"

#include "base/json.h"
#include "base/units.h"
#include "cli/analyze/analyze.h"
#include "cli/command.h"
#include "cli/table.h"

#include <stdio.h>

/* "224x224", "batch 8, 224x224" */
static struct cell cell_setting(const struct claim_answer *a)
{
    struct cell c = {""};
    int n = a->batch > 1 ? snprintf(c.text, sizeof c.text, "batch %d%s", a->batch, a->height ? ", " : "") : 0;
    if (a->height) snprintf(c.text + n, sizeof c.text - (size_t)n, "%dx%d", a->height, a->width);
    return c;
}

static struct cell cell_difference(const struct claim_answer *a)
{
    struct cell c;
    snprintf(c.text, sizeof c.text, "%+.2f %%", 100 * a->difference);
    return c;
}

static void answer_row(struct table *t, const struct claim_answer *a)
{
    TABLE_ROW(t, -1, cell_count(a->value).text, cell_difference(a).text, a->model, cell_setting(a).text, a->what);
}

static int print(const char *word, const char *claim, const struct claim_result *r)
{
    const struct claim_answer *best = r->n ? &r->answers[0] : &r->nearest;
    printf("%s for %s: ", claim, word);
    if (r->n)
        printf("%s = %s of %s%s%s (%s)\n\n", cell_count(best->value).text, best->what, best->model,
               best->height ? " at " : "", cell_setting(best).text, cell_difference(best).text);
    else
        printf("no convention gives this\n\n");
    if (r->n && *best->note) printf("%s: %s\n\n", best->model, best->note);
    struct table *t = table_new();
    table_column(t, r->n ? "explains it" : "nearest", TABLE_RIGHT);
    table_column(t, "off by", TABLE_RIGHT);
    table_column(t, "model", TABLE_LEFT);
    table_column(t, "input", TABLE_LEFT);
    table_column(t, "counted", TABLE_CUT);
    for (int i = 0; i < r->n; i++) answer_row(t, &r->answers[i]);
    if (!r->n) answer_row(t, &r->nearest);
    table_print(t, stdout);
    printf("\n%s as asked: %s MACs of convolutions and products, %s parameters.\n", word, quantity_exact(r->macs).text,
           quantity_exact(r->params).text);
    return fflush(stdout) ? 1 : 0;
}

static json_t *answer_json(const struct claim_answer *a)
{
    json_t *o = json_pack("{s:o, s:o, s:o, s:i, s:o, s:o}", "model", json_text(a->model), "note", json_text(a->note),
                          "what", json_text(a->what), "batch", a->batch, "value", json_count(a->value), "difference",
                          json_number(a->difference));
    json_object_set_new(o, "height", a->height ? json_integer(a->height) : json_null());
    json_object_set_new(o, "width", a->width ? json_integer(a->width) : json_null());
    return o;
}

int analyze_claim(const char *word, const struct model_options *options, const char *text, bool wants_json)
{
    struct claim claim;
    struct claim_result r;
    gable_error e = {0};
    if (claim_parse(text, &claim, &e)) {
        error_within(&e, "--claim");
        return cli_fail(&e);
    }
    if (claim_settle(word, options, &claim, &r, &e)) return cli_fail(&e);
    if (!wants_json) return print(word, text, &r);
    json_t *answer = json_answer("analyze"), *list = json_array();
    for (int i = 0; i < r.n; i++) json_array_append_new(list, answer_json(&r.answers[i]));
    json_object_set_new(answer, "model", json_text(word));
    json_object_set_new(answer, "claim", json_number(claim.value));
    json_object_set_new(answer, "is_explained", json_boolean(r.n > 0));
    json_object_set_new(answer, "explanations", list);
    json_object_set_new(answer, "nearest", answer_json(r.n ? &r.answers[0] : &r.nearest));
    json_object_set_new(answer, "macs", json_count(r.macs));
    json_object_set_new(answer, "params", json_count(r.params));
    return cli_print_json(answer);
}
