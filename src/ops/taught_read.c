/* The form of a rule file, read and checked. */
#include "base/file.h"
#include "base/text.h"
#include "base/yaml_reader.h"
#include "ops/taught_rule.h"

#include <stdlib.h>
#include <string.h>

struct pass {
    struct yaml_reader y;
    struct taught *t;
};

static void expected(struct pass *p, const char *key, const char *what)
{
    char found[200];
    yaml_reader_fail(&p->y, yaml_reader_place(&p->y), "'%.60s': expected %s, found %s", key, what,
                     yaml_reader_found(&p->y, found, sizeof found));
}

static const char *keep_text(struct pass *p, const char *key, size_t most)
{
    const char *text = yaml_reader_text(&p->y);
    if (!text || strlen(text) > most) {
        expected(p, key, most > 64 ? "an expression of at most 256 characters" : "a name of at most 63 characters");
        return NULL;
    }
    const char *kept = arena_string(p->t->arena, text);
    if (!kept) yaml_reader_fail(&p->y, yaml_reader_place(&p->y), "the file holds too much text");
    return kept;
}

struct lines {
    struct place at[RULE_NAMES_MAX]; /* of each expression */
    bool is_quoted[RULE_NAMES_MAX];
};

static void add_expression(struct pass *p, struct rule *r, struct lines *l, int i, const char *name)
{
    if (!p->y.status) l->is_quoted[i] = p->y.event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    l->at[i] = yaml_reader_place(&p->y);
    r->named[i].name = name;
    r->named[i].text = keep_text(p, name, 256);
}

static void read_lets(struct pass *p, struct rule *r, struct lines *l)
{
    if (yaml_reader_type(&p->y) != YAML_MAPPING_START_EVENT) {
        expected(p, "let", "a mapping of names to expressions");
        return;
    }
    while (yaml_reader_next(&p->y) == YAML_SCALAR_EVENT) {
        const char *name = keep_text(p, "let", 63);
        if (name && (!strcmp(name, "macs") || !strcmp(name, "flops")))
            yaml_reader_fail(&p->y, yaml_reader_place(&p->y), "'%s' is a key of the rule, not of 'let'", name);
        for (int i = 0; i < r->n_named && name; i++)
            if (!strcmp(r->named[i].name, name))
                yaml_reader_fail(&p->y, yaml_reader_place(&p->y), "'%s' is given twice", name);
        if (r->n_named == TAUGHT_LETS_MAX)
            yaml_reader_fail(&p->y, yaml_reader_place(&p->y), "more than %d names", TAUGHT_LETS_MAX);
        yaml_reader_next(&p->y);
        if (p->y.status) return;
        add_expression(p, r, l, r->n_named++, name);
    }
}

enum key { KEY_OP, KEY_DOMAIN, KEY_LET, KEY_MACS, KEY_FLOPS, KEY_SOURCE, KEY_N };

static enum key find_key(struct pass *p)
{
    static const char *const keys[] = {"op", "domain", "let", "macs", "flops", "source"};
    const char *word = yaml_reader_text(&p->y);
    for (int i = 0; i < KEY_N; i++)
        if (word && !strcmp(word, keys[i])) return (enum key)i;
    const char *nearest = word ? text_nearest(word, keys, KEY_N) : NULL;
    char found[200];
    yaml_reader_fail(&p->y, yaml_reader_place(&p->y), "unknown key %s%s%s%s",
                     yaml_reader_found(&p->y, found, sizeof found), nearest ? ", did you mean '" : "",
                     nearest ? nearest : "", nearest ? "'?" : "");
    return KEY_N;
}

/* macs and flops come after all of `let`, in whatever order the file has them. */
struct costs {
    struct rule rule; /* macs in named[0], flops in named[1] */
    struct lines lines;
};

static void read_value(struct pass *p, enum key key, struct rule *r, struct lines *l, struct costs *c)
{
    switch (key) {
    case KEY_OP: r->op.name = keep_text(p, "op", 63); break;
    case KEY_DOMAIN: r->op.domain = keep_text(p, "domain", 63); break;
    case KEY_LET: read_lets(p, r, l); break;
    case KEY_MACS: add_expression(p, &c->rule, &c->lines, 0, "macs"); break;
    case KEY_FLOPS: add_expression(p, &c->rule, &c->lines, 1, "flops"); break;
    case KEY_SOURCE: keep_text(p, "source", 256); break;
    case KEY_N: break;
    }
}

static void append_costs(struct rule *r, struct lines *l, const struct costs *c)
{
    r->flops = -1;
    for (int i = 0; i < 2; i++) {
        if (!c->rule.named[i].text) continue;
        *(i ? &r->flops : &r->macs) = r->n_named;
        l->at[r->n_named] = c->lines.at[i];
        l->is_quoted[r->n_named] = c->lines.is_quoted[i];
        r->named[r->n_named].name = c->rule.named[i].name;
        r->named[r->n_named++].text = c->rule.named[i].text;
    }
}

static void check_expressions(struct pass *p, const struct rule *r, const struct lines *l)
{
    for (int i = 0; i < r->n_named && !p->y.status; i++) {
        gable_error e = {0};
        double value;
        size_t offset = 0;
        if (rule_evaluate(r, NULL, i, &value, &offset, &e)) continue;
        struct place at = l->at[i];
        at.column += offset + l->is_quoted[i];
        yaml_reader_fail(&p->y, at, "'%.60s': %s", r->named[i].name, e.why);
    }
}

static void check_rule(struct pass *p, struct rule *r, struct place start)
{
    if (!r->op.name || !*r->op.name) {
        yaml_reader_fail(&p->y, start, "'op' is missing here");
        return;
    }
    if (!r->op.domain || !strcmp(r->op.domain, "ai.onnx")) r->op.domain = "";
    if (op_find(r->op.domain, r->op.name))
        yaml_reader_fail(&p->y, start, "'%s' has a row of its own: rules are for operators without one", r->op.name);
    for (int i = 0; i < p->t->n; i++)
        if (!strcmp(p->t->rule[i].op.name, r->op.name) && !strcmp(p->t->rule[i].op.domain, r->op.domain))
            yaml_reader_fail(&p->y, start, "a second rule for '%s', first on line %zu", r->op.name, p->t->rule[i].line);
}

static void read_rule(struct pass *p)
{
    struct rule *r = &p->t->rule[p->t->n];
    struct place start = yaml_reader_place(&p->y);
    struct lines lines = {0};
    struct costs costs = {0};
    bool seen[KEY_N + 1] = {false};
    *r = (struct rule){.op = op_unknown, .line = start.line};
    r->op.name = r->op.domain = NULL;
    if (yaml_reader_type(&p->y) != YAML_MAPPING_START_EVENT) expected(p, "rules", "a mapping with 'op' and 'macs'");
    while (!p->y.status && yaml_reader_next(&p->y) == YAML_SCALAR_EVENT) {
        enum key key = find_key(p);
        if (seen[key]) yaml_reader_fail(&p->y, yaml_reader_place(&p->y), "this key is given twice");
        seen[key] = true;
        if (p->y.status || yaml_reader_next(&p->y) == YAML_NO_EVENT) return;
        read_value(p, key, r, &lines, &costs);
    }
    if (p->y.status) return;
    if (!costs.rule.named[0].text) yaml_reader_fail(&p->y, start, "'macs' is missing here");
    append_costs(r, &lines, &costs);
    if (!p->y.status) check_rule(p, r, start);
    if (!p->y.status) check_expressions(p, r, &lines);
    r->op.cost = rule_cost;
    r->op.certainty = COST_TAUGHT;
    r->op.formula = r->named[r->macs].text;
    p->t->n++;
}

static void read_document(struct pass *p)
{
    static const char form[] = "'rules:' and a list of rules";
    yaml_reader_next(&p->y); /* the stream */
    yaml_event_type_t type = yaml_reader_next(&p->y);
    if (type != YAML_STREAM_END_EVENT) type = yaml_reader_next(&p->y);
    if (type != YAML_MAPPING_START_EVENT) expected(p, "file", form);
    yaml_reader_next(&p->y);
    const char *key = yaml_reader_text(&p->y);
    if (!key || strcmp(key, "rules") != 0) expected(p, "file", form);
    if (yaml_reader_next(&p->y) != YAML_SEQUENCE_START_EVENT) expected(p, "rules", "a list");
    while (!p->y.status && yaml_reader_next(&p->y) != YAML_SEQUENCE_END_EVENT && !p->y.status) {
        if (p->t->n == TAUGHT_MAX) yaml_reader_fail(&p->y, yaml_reader_place(&p->y), "more than %d rules", TAUGHT_MAX);
        if (!p->y.status) read_rule(p);
    }
    if (yaml_reader_next(&p->y) != YAML_MAPPING_END_EVENT) expected(p, "file", "nothing after the list of rules");
    yaml_reader_next(&p->y); /* the document's end */
    if (yaml_reader_next(&p->y) != YAML_STREAM_END_EVENT) expected(p, "file", "one document");
}

gable_status taught_parse(const char *name, const char *yaml, size_t len, struct taught **out, gable_error *e)
{
    struct arena *a = arena_new((size_t)16 << 20);
    struct taught *t = arena_alloc(a, sizeof *t);
    if (t)
        *t = (struct taught){
            .arena = a, .name = arena_string(a, name), .rule = arena_array(a, TAUGHT_MAX, sizeof *t->rule)};
    if (!t || !t->rule || !t->name) {
        arena_free(a);
        return error_set(e, GABLE_NO_MEMORY, "no memory for rules");
    }
    struct pass p = {.t = t};
    yaml_reader_init(&p.y, name, yaml, len, e);
    if (!p.y.status) read_document(&p);
    gable_status s = p.y.status;
    yaml_reader_release(&p.y);
    if (s)
        arena_free(a);
    else
        *out = t;
    return s;
}

gable_status taught_load(const char *path, struct taught **out, gable_error *e)
{
    char *yaml = NULL;
    size_t len = 0;
    gable_status s = file_read(path, TAUGHT_FILE_MAX, &yaml, &len, e);
    if (!s) s = taught_parse(path, yaml, len, out, e);
    free(yaml);
    return s;
}

void taught_free(struct taught *t)
{
    if (t) arena_free(t->arena);
}
