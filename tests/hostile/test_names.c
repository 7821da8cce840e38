/* A model whose every name means harm, through each command that prints names: no byte that a terminal obeys or that
   hides text comes out, JSON is parsed by another parser with the names in it, files stay where they were asked for. */
#include "base/file.h"
#include "check.h"
#include "command.h"
#include "write.h"

#include <dirent.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { F32 = 1, NAMES = 200, LONG = 1 << 16 };
static const int64_t dim[] = {1, 8};

static const char *const harms[] = {
    "\x1b[2J",                      /* clears the screen */
    "\x1b]0;owned\x07",             /* the window's title */
    "\x1b]8;;http://x\x1b\\y",      /* a link */
    "\x1b]52;c;cm0gLXJm\x07",       /* the clipboard */
    "\x1bP+q544e\x1b\\",            /* asks the terminal, which answers as if typed */
    "\xc2\x9b\x33\x31m",            /* CSI in one character of C1 */
    "\xc2\x9d\x30;owned\xc2\x9c",   /* OSC in C1 */
    "\x07\x07",                     /* bells */
    "harmless\rover it",            /* writes over */
    "password\b\b\b\b\b\b\b\bokay", /* the same, by steps */
    "a\nb\n\nc",                    /* lines of its own */
    "a\tb\vc\fd",
    "\x0e\x0f\x05\x7f", /* another character set, an enquiry, DEL */
    "\xe2\x80\xae"
    "dexob",                     /* bidi: U+202E */
    "\xe2\x81\xa6x\xe2\x81\xa9", /* U+2066, U+2069 */
    "a\xe2\x80\x8b\xe2\x80\x8d"
    "b", /* zero width */
    "\xef\xbb\xbf"
    "bom",
    "\xc2\xad\xd8\x9c\xe2\x80\xa8\xe2\x80\xa9", /* soft hyphen, Arabic mark, separators */
    "\xf3\xa0\x81\x81tag",                      /* U+E0041 */
    "\xff\xfe\x80",                             /* no UTF-8 */
    "\xc0\xaf\xe0\x80\xaf",                     /* overlong */
    "\xed\xa0\x80\xf5\x80\x80\x80",             /* a surrogate, beyond Unicode */
    "\xe4\xb8\xad\xe6\x96\x87\xe5\xad\x97",     /* wide: fine */
    "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81",        /* combining */
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\"quoted\",\"cells\"",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "&#60;b&#62;",
    "{b} {a|x}",
    "%s%n%x",
    "$(reboot)`reboot`",
    "../../up",
    "/etc/passwd",
    "CON",
    "-rf",
    "a/b\\c:d*e?f",
    ".",
    "..",
};

/* Name i: one of them, alone, in the middle, or at either end of what is no harm. */
static char *name_of(struct arena *a, const char *kind, int i)
{
    const char *harm = harms[(size_t)i % COUNT_OF(harms)];
    char *name = arena_alloc(a, strlen(harm) + 64);
    assert_non_null(name);
    switch ((size_t)i / COUNT_OF(harms) % 3) { /* first the harm, so that a cell or a line starts so */
    case 0: snprintf(name, strlen(harm) + 64, "%s%s%d", harm, kind, i); break;
    case 1: snprintf(name, strlen(harm) + 64, "%s%d/%s/x", kind, i, harm); break;
    default: snprintf(name, strlen(harm) + 64, "%s%d%s", kind, i, harm);
    }
    return name;
}

static Onnx__NodeProto *relu(struct arena *a, char *name, char *in, char *out)
{
    Onnx__NodeProto *n = write_node(a, "", "Relu", "-", "-");
    n->name = name;
    n->input[0] = in;
    n->output[0] = out;
    return n;
}

/* Relu after Relu; the names of nodes, tensors, and of the one input and output. One of 64 KiB is among them. */
static void write_hostile(const char *path)
{
    struct arena *a = arena_new(8 << 20);
    Onnx__ModelProto *m = write_model(a);
    char *in = name_of(a, "in", 0), *out = NULL, *huge = arena_alloc(a, LONG + 1);
    for (int i = 0; i < LONG; i++) huge[i] = i % 2 ? '\x1b' : 'h';
    write_add_input(a, m->graph, in, F32, 2, dim);
    for (int i = 0; i < NAMES; i++, in = out) {
        out = name_of(a, "t", i);
        write_add_node(a, m->graph, relu(a, i == NAMES / 2 ? huge : name_of(a, "", i), in, out));
    }
    write_add_output(a, m->graph, out);
    write_file(m, path);
    arena_free(a);
}

static size_t utf8_bytes(const unsigned char *s, unsigned *c)
{
    size_t n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : 4;
    if (s[0] >= 0xf5 || (s[0] >= 0x80 && s[0] < 0xc2)) return 0;
    *c = n == 1 ? s[0] : s[0] & (0xffu >> (n + 1));
    for (size_t i = 1; i < n; i++) {
        if (s[i] >> 6 != 2) return 0;
        *c = *c << 6 | (s[i] & 0x3fu);
    }
    return n;
}

static bool is_forbidden(unsigned c)
{
    return (c < 0x20 && c != '\n') || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c || c == 0xfeff ||
           (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
           (c >= 0xe0000 && c <= 0xe0fff) || (c >= 0xd800 && c < 0xe000);
}

static void check_clean(const char *command, const char *text, size_t n)
{
    for (size_t at = 0; at < n;) {
        unsigned c = 0;
        size_t used = utf8_bytes((const unsigned char *)text + at, &c);
        if (!used || is_forbidden(c))
            fail_msg("%s: byte %zu is \\x%02x: \"%.40s\"", command, at, (unsigned char)text[at],
                     text + (at < 20 ? 0 : at - 20));
        at += used;
    }
}

static const struct printed {
    const char *command;
    int status; /* -1: the machine's quiet decides */
    bool is_json;
} commands[] = {
    {"analyze m.onnx", 0, false},
    {"analyze m.onnx --by layer", 0, false},
    {"analyze m.onnx --by tree --depth 0", 0, false},
    {"analyze m.onnx --by type --chip nvidia_t4", 0, false},
    {"analyze m.onnx --json", 0, true},
    {"analyze m.onnx --as all", 0, false},
    {"analyze m.onnx --against n.onnx", 0, false},
    {"analyze m.onnx --against n.onnx --markdown", 0, false},
    {"analyze m.onnx --against n.onnx --json", 0, true},
    {"analyze m.onnx --chip nvidia_t4 --what-if int8,batch=8,fuse", 0, false},
    {"analyze m.onnx --memory", 0, false},
    {"analyze m.onnx --memory --json", 0, true},
    {"analyze m.onnx --passes", 0, false},
    {"analyze m.onnx --passes --json", 0, true},
    {"analyze m.onnx --train", 0, false},
    {"analyze m.onnx --train --json", 0, true},
    {"analyze m.onnx --as all --json", 0, true},
    {"analyze m.onnx --chip nvidia_t4 --what-if int8 --json", 0, true},
    {"analyze m.onnx n.onnx", 0, false},
    {"analyze m.onnx n.onnx --json", 0, true},
    {"analyze m.onnx --shape x=1x8", 2, false},
    {"analyze free.onnx", 1, false},
    {"analyze free.onnx --symbolic", 0, false},
    {"analyze free.onnx --symbolic --json", 0, true},
    {"analyze broken.onnx", 1, false},
    {"run m.onnx", 0, false},
    {"run m.onnx --json --output out", 0, true},
    {"run m.onnx --dump --output out/dump", 0, false},
    {"run m.onnx --until nowhere", 2, false},
    {"run m.onnx --input nowhere=random:1", 2, false},
    {"bench m.onnx --quick --groups --no-store", -1, false},
    {"run m.onnx --check .", 1, false},
    {"run m.onnx --bind N=3", 2, false},
    {"bench m.onnx --quick --no-store --json", -1, true},
    {"bench m.onnx --quick --no-store --trace t.json >talk; cat t.json", 0, true},
    {"report --models m.onnx --out r", 2, false},
    {"train m.onnx", 1, false},
    {"train m.onnx --json", 1, false},
    {"train m.onnx --data synthetic", 1, false},
    {"export m.onnx --annotate --chip nvidia_t4 -o n.onnx", 0, false},
    {"export m.onnx --annotate --chip nvidia_t4 --json -o n.onnx", 0, true},
    {"analyze n.onnx --by layer", 0, false},
};

/* Read by two parsers that are not ours to bend; each name of the model is in it as one string. */
static void check_json(const char *folder, const char *command, const char *text, size_t n)
{
    struct answer a;
    json_error_t e;
    json_t *j = json_loadb(text, n, JSON_REJECT_DUPLICATES, &e);
    if (!j) fail_msg("%s: line %d: %s", command, e.line, e.text);
    json_decref(j);
    command_run(folder, "node -e 'JSON.parse(require(\"fs\").readFileSync(\"kept\", \"utf8\"))'", &a);
    if (a.status) fail_msg("%s: %s", command, a.err);
    command_release(&a);
}

static void names_are_shown_and_obeyed_by_nobody(void **state)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        char command[512];
        struct answer a;
        snprintf(command, sizeof command, "\"$gable\" %s >kept; s=$?; cat kept; exit $s", commands[i].command);
        command_run(*state, command, &a);
        if (a.status != commands[i].status && (commands[i].status >= 0 || a.status >= 128))
            fail_msg("%s: exit %d: %.300s", commands[i].command, a.status, a.err);
        check_clean(commands[i].command, a.out, a.out_len);
        check_clean(commands[i].command, a.err, a.err_len);
        if (a.status && a.status < 3) assert_true(a.err_len <= 500);
        if (commands[i].is_json) check_json(*state, commands[i].command, a.out, a.out_len);
        command_release(&a);
    }
}

/* Of outputs and of inner tensors: nothing above the folder that was asked for, no name that a shell or a system minds.
 */
static void files_have_plain_names(void **state)
{
    static const char *const folders[] = {"out", "out/dump"};
    int n = 0;
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        DIR *d = opendir(folder_path(*state, folders[i]));
        assert_non_null(d);
        for (struct dirent *f; (f = readdir(d)) != NULL; n++) {
            const char *name = f->d_name;
            if (name[0] == '-' ||
                strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != strlen(name))
                fail_msg("a file is called %s", name);
        }
        closedir(d);
    }
    assert_true(n > NAMES); /* none took another's place */
}

/* An error names what it is about: a dimension, an input that nobody makes, an operator. */
static void write_others(const char *folder)
{
    struct arena *a = arena_new(1 << 20);
    Onnx__ModelProto *m = write_model(a);
    char *in = name_of(a, "in", 0);
    write_add_input(a, m->graph, in, F32, 2, dim);
    for (int i = 0; i < 2; i++) {
        Onnx__TensorShapeProto__Dimension *d = m->graph->input[0]->type->tensor_type->shape->dim[i];
        d->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
        d->dim_param = name_of(a, "d", 3 + i);
    }
    write_add_node(a, m->graph, relu(a, name_of(a, "", 5), in, "y"));
    write_add_output(a, m->graph, "y");
    write_file(m, folder_path(folder, "free.onnx"));
    m->graph->node[0]->op_type = name_of(a, "", 6);
    m->graph->node[0]->input[0] = name_of(a, "", 7);
    write_file(m, folder_path(folder, "broken.onnx"));
    arena_free(a);
}

static int start(void **state)
{
    folder_start(state);
    write_hostile(folder_path(*state, "m.onnx"));
    write_hostile(folder_path(*state, "n.onnx"));
    write_others(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_shown_and_obeyed_by_nobody),
        cmocka_unit_test(files_have_plain_names),
    };
    return cmocka_run_group_tests(tests, start, folder_finish);
}
