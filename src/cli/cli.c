/* What every command shares: parsing, errors, numbers from options, JSON on stdout. */
#include "cli/command.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/table.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_COLOR = 0x7f01, VALUE_MAX = LIMIT_ARGUMENT_BYTES };

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
    static const char *const whens[] = {"auto", "never", "always"};
    (void)state;
    if (key != KEY_COLOR) return ARGP_ERR_UNKNOWN;
    for (int i = 0; i < 3; i++)
        if (!strcmp(arg, whens[i])) {
            term_set_color((enum term_color)i);
            return 0;
        }
    argp_error(state, "--color takes auto, never or always, not '%.40s'", arg);
    return EINVAL;
}

static const struct argp_option common_options[] = {
    {"color", KEY_COLOR, "WHEN", 0, "colour: auto, never, always", 90},
    {0},
};
static const struct argp common = {.options = common_options, .parser = parse_common};

static bool is_known(const char *word, size_t n, const struct argp_option *options)
{
    static const char *const always[] = {"help", "usage", "color"};
    for (size_t i = 0; i < COUNT_OF(always); i++)
        if (!strncmp(always[i], word, n)) return true;
    for (const struct argp_option *o = options; o && (o->name || o->key || o->doc); o++)
        if (o->name && !strncmp(o->name, word, n)) return true; /* getopt takes any clear beginning */
    return false;
}

/* getopt says only that it does not know an option; this says which one was probably meant. */
static bool has_unknown_option(const struct command *self, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--"); i++) {
        if (strncmp(argv[i], "--", 2)) continue;
        const char *word = argv[i] + 2, *names[64] = {"help"}, *nearest;
        size_t n = strcspn(word, "="), n_names = 1;
        char cut[64];
        if (is_known(word, n, self->options)) continue;
        for (const struct argp_option *o = self->options; o && (o->name || o->key || o->doc); o++)
            if (o->name && n_names < COUNT_OF(names)) names[n_names++] = o->name;
        snprintf(cut, sizeof cut, "%.*s", (int)(n < 60 ? n : 60), word);
        nearest = text_nearest(cut, names, n_names);
        cli_usage(self, "there is no option '--%s'%s%s%s", cut, nearest ? ", did you mean '--" : "",
                  nearest ? nearest : "", nearest ? "'?" : "");
        return true;
    }
    return false;
}

int cli_parse(const struct command *self, int argc, char **argv, argp_parser_t parser, void *input)
{
    const struct argp_child children[] = {{&common, 0, NULL, 0}, {0}};
    struct text doc = {0}, name = {0};
    for (int i = 1; i < argc; i++)
        if (strnlen(argv[i], VALUE_MAX + 1) > VALUE_MAX)
            return cli_usage(self, "argument %d is longer than %d bytes", i, VALUE_MAX);
    if (has_unknown_option(self, argc, argv)) return 2;
    text_addf(&doc, "%s.\vExamples:\n%s", self->purpose, self->examples);
    text_addf(&name, "gable %s", self->name);
    if (doc.failed || name.failed) return 1;
    char *first = argv[0];
    const struct argp argp = {
        .options = self->options, .parser = parser, .args_doc = self->args, .doc = doc.data, .children = children};
    argp_err_exit_status = 2;
    argv[0] = name.data;
    error_t failed = argp_parse(&argp, argc, argv, 0, NULL, input);
    argv[0] = first;
    text_release(&doc);
    text_release(&name);
    return failed ? 2 : 0;
}

/* Names of control characters grow fourfold: what is too long then is cut in the middle, at last at its end. */
static void add_error(struct text *line, const gable_error *e)
{
    enum { WHERE_COLUMNS = 160, WHY_COLUMNS = 280 };
    text_add(line, "gable: ");
    if (e->where[0]) {
        text_add_safe(line, e->where, WHERE_COLUMNS);
        text_add(line, ": ");
    }
    text_add_safe(line, e->why, WHY_COLUMNS);
    size_t n = line->len;
    while (n >= LIMIT_ERROR_BYTES || (n < line->len && (line->data[n] & 0xC0) == 0x80)) n--;
    line->len = n;
    text_add(line, "\n");
}

int cli_fail(const gable_error *e)
{
    struct text line = {0};
    add_error(&line, e);
    fputs(line.failed ? "gable: not enough memory\n" : line.data, stderr);
    text_release(&line);
    return gable_exit_status(e->status);
}

int cli_usage(const struct command *self, const char *format, ...)
{
    gable_error e = {.status = GABLE_USAGE};
    va_list args;
    va_start(args, format);
    vsnprintf(e.why, sizeof e.why, format, args);
    va_end(args);
    cli_fail(&e);
    fprintf(stderr, "Try 'gable %s --help'.\n", self->name);
    return 2;
}

static bool refuse(gable_error *e, const char *option, const char *text, const char *what)
{
    error_set(e, GABLE_USAGE, "%s takes %s, not '%.60s'", option, what, text);
    return false;
}

static bool int_of(const char *text, size_t len, int least, int most, int *out)
{
    char copy[24], *end;
    if (len == 0 || len >= sizeof copy) return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (copy[0] < '0' || copy[0] > '9') return false; /* no sign, no space */
    errno = 0;
    long long value = strtoll(copy, &end, 10);
    if (*end || errno || value < least || value > most) return false;
    *out = (int)value;
    return true;
}

bool cli_int(const char *option, const char *text, int least, int most, int *out, gable_error *e)
{
    char what[64];
    if (int_of(text, strlen(text), least, most, out)) return true;
    snprintf(what, sizeof what, "a whole number from %d to %d", least, most);
    return refuse(e, option, text, what);
}

bool cli_int_list(const char *option, const char *text, int least, int most, int *out, int room, int *n, gable_error *e)
{
    char what[96];
    *n = 0;
    for (const char *p = text;; p++) {
        size_t len = strcspn(p, ",");
        if (*n == room || !int_of(p, len, least, most, &out[*n])) break;
        ++*n;
        p += len;
        if (*p == '\0') return true;
    }
    snprintf(what, sizeof what, "up to %d whole numbers from %d to %d, separated by commas", room, least, most);
    return refuse(e, option, text, what);
}

bool cli_real(const char *option, const char *text, double least, double most, double *out, gable_error *e)
{
    char what[96], *end;
    double value = strtod(text, &end);
    if (end != text && *end == '\0' && isfinite(value) && value >= least && value <= most) {
        *out = value;
        return true;
    }
    snprintf(what, sizeof what, "a number from %g to %g", least, most);
    return refuse(e, option, text, what);
}

bool cli_size(const char *text, int *height, int *width, gable_error *e)
{
    enum { SIDE_MAX = 65536 };
    char first[16];
    size_t len = strcspn(text, "xX");
    if (len >= sizeof first || !len) return cli_int("--size", text, 1, SIDE_MAX, height, e);
    memcpy(first, text, len);
    first[len] = '\0';
    if (!cli_int("--size", first, 1, SIDE_MAX, height, e)) return false;
    *width = *height;
    return !text[len] || cli_int("--size", text + len + 1, 1, SIDE_MAX, width, e);
}

int cli_print_json(json_t *answer) { return cli_print_json_streams(answer, NULL, 0); }

int cli_print_json_streams(json_t *answer, const struct json_stream *streams, int n)
{
    gable_error e = {0};
    int bad = !answer || !json_write_streams(answer, streams, n, stdout) || fflush(stdout);
    json_decref(answer);
    if (!bad) return 0;
    error_set(&e, GABLE_FAILED, "the answer cannot be written to stdout: %s", strerror(errno));
    return cli_fail(&e);
}
