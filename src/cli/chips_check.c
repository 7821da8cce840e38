/* gable chips --check: numbers that a file states of chips, those that cannot be, and what went wrong there. */
#include "base/json.h"
#include "base/text.h"
#include "cli/chips.h"
#include "cli/command.h"
#include "roof/check.h"

#include <math.h>
#include <stdio.h>

static void add_value(struct text *t, double value, const char *text, const char *unit)
{
    if (value > 0)
        text_addf(t, "%.10g%s", value, *unit ? " " : "");
    else
        text_add_safe(t, *text ? text : "nothing", 60);
    if (value > 0) text_add_safe(t, unit, 20);
}

/* "  wrong: line 29: intel_x bandwidth_gbs: 17.6 GB/s, right: 153.6 = 2*4*2.4*8", then why */
static void print_row(const struct check_row *r)
{
    struct text t = {0};
    text_addf(&t, "  %s: ", check_verdict_name(r->verdict));
    if (r->line) text_addf(&t, "line %d: ", r->line);
    text_add_safe(&t, r->chip, 60);
    text_add(&t, " ");
    text_add_safe(&t, r->field, 40);
    text_add(&t, ": ");
    add_value(&t, r->stated, r->stated_text, r->unit);
    if (r->right > 0) text_addf(&t, "%s%.6g", r->verdict == CHECK_WRONG ? "; right: " : "; here: ", r->right);
    if (r->right > 0 && r->derivation) {
        text_add(&t, " = ");
        text_add_safe(&t, r->derivation, 80);
    }
    text_add(&t, "\n");
    if (*r->why) {
        text_add(&t, "      ");
        text_add_safe(&t, r->why, 0);
        text_add(&t, "\n");
    }
    if (t.data) fputs(t.data, stdout);
    text_release(&t);
}

static void print_verdicts(const struct check *c, const char *title, bool objections)
{
    bool is_titled = false;
    for (int i = 0; i < c->n; i++) {
        const struct check_row *r = &c->rows[i];
        if (check_is_objection(r->verdict) != objections || r->verdict == CHECK_RIGHT) continue;
        if (!is_titled) printf("\n%s\n", title);
        is_titled = true;
        print_row(r);
    }
}

static void print_check(const struct check *c)
{
    const char *separator = "";
    printf("%d number%s: ", c->n, c->n == 1 ? "" : "s");
    for (int v = 0; v < CHECK_VERDICTS; v++) {
        if (!c->n_of[v]) continue;
        printf("%s%d %s", separator, c->n_of[v], check_verdict_name((enum check_verdict)v));
        separator = ", ";
    }
    printf("%s\n", c->n ? "" : "nothing to check");
    print_verdicts(c, "objections", true);
    print_verdicts(c, "notes", false);
}

static json_t *row_json(const struct check_row *r)
{
    return json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o}", "line",
                     r->line ? json_integer(r->line) : json_null(), "chip", json_text(r->chip), "field",
                     json_text(r->field), "verdict", check_verdict_name(r->verdict), "stated",
                     r->stated > 0 ? json_number(r->stated) : json_text(r->stated_text), "right",
                     json_number(r->right > 0 ? r->right : NAN), "unit", json_text(r->unit), "derivation",
                     r->derivation ? json_text(r->derivation) : json_null(), "why", json_text(r->why));
}

static int show_json(const struct check *c)
{
    json_t *answer = json_answer("chips"), *rows = json_array(), *totals = json_object();
    for (int v = 0; v < CHECK_VERDICTS; v++)
        json_object_set_new(totals, check_verdict_name((enum check_verdict)v), json_integer(c->n_of[v]));
    for (int i = 0; i < c->n; i++) json_array_append_new(rows, row_json(&c->rows[i]));
    json_object_set_new(answer, "verdicts", totals);
    json_object_set_new(answer, "check", rows);
    return cli_print_json(answer);
}

int chips_check(const char *path, const struct chips *known, bool wants_json)
{
    gable_error e = {0};
    struct check *c = NULL;
    if (check_file(path, known, &c, &e)) return cli_fail(&e);
    int exit_status = 0;
    if (wants_json)
        exit_status = show_json(c);
    else
        print_check(c);
    if (fflush(stdout)) exit_status = 1;
    if (c->n_of[CHECK_WRONG] || c->n_of[CHECK_UNKNOWN]) exit_status = 1;
    check_free(c);
    return exit_status;
}
