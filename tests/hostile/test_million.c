/* Files of very many nodes: answered, or refused by the limit's name, in the memory that their bytes allow and with a
   stack of 256 KiB. What takes time beyond measure is caught by the tests' time-out. */
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "check.h"
#include "command.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Sanitizers need address space without bounds: there the same questions are asked of fewer nodes. */
#if defined __SANITIZE_ADDRESS__
enum { IS_SANITIZED = 1 };
#else
enum { IS_SANITIZED = 0 };
#endif
enum { LENGTHS = 2, START_KIB = 60 << 10 /* of address space: the program, its libraries */ };

static void put_number(struct text *t, int field, uint64_t n)
{
    char bytes[12] = {(char)(field << 3)};
    int i = 1;
    for (; n > 0x7f; n >>= 7) bytes[i++] = (char)(n | 0x80);
    bytes[i++] = (char)n;
    text_add_n(t, bytes, (size_t)i);
}

static void put_bytes(struct text *t, int field, const char *s, size_t n)
{
    size_t at = t->len;
    put_number(t, field, n);
    t->data[at] |= LENGTHS;
    text_add_n(t, s, n);
}

static void put_message(struct text *t, int field, struct text *message)
{
    put_bytes(t, field, message->data, message->len);
    text_release(message);
}

static void put_name(struct text *t, int field, const char *format, int i)
{
    char name[64];
    put_bytes(t, field, name, (size_t)snprintf(name, sizeof name, format, i));
}

/* A float tensor of 1x8, or of nx8 */
static void put_input(struct text *graph, bool is_free)
{
    struct text input = {0}, type = {0}, tensor = {0}, shape = {0}, dims[2] = {{0}, {0}};
    if (is_free)
        put_name(&dims[0], 2, "n", 0);
    else
        put_number(&dims[0], 1, 1);
    put_number(&dims[1], 1, 8);
    for (int i = 0; i < 2; i++) put_message(&shape, 1, &dims[i]);
    put_number(&tensor, 1, 1);
    put_message(&tensor, 2, &shape);
    put_message(&type, 1, &tensor);
    put_name(&input, 1, "x", 0);
    put_message(&input, 2, &type);
    put_message(graph, 11, &input);
}

enum form { CHAIN, FAN, FREE, MODULES }; /* of a free batch; with names of modules in modules */

static void put_node(struct text *graph, enum form form, int i)
{
    static const char *const ops[] = {"Relu", "Abs", "Sigmoid"};
    struct text node = {0};
    put_name(&node, 1, i && form != FAN ? "t%d" : "x", i - 1);
    put_name(&node, 2, "t%d", i);
    if (form == MODULES) put_name(&node, 3, i % 1000 ? "a.b.c.%d" : "d.%d.e", i);
    put_name(&node, 4, ops[(size_t)i % COUNT_OF(ops)], 0);
    put_message(graph, 1, &node);
}

static void write_nodes(const char *path, enum form form, int n)
{
    struct text model = {0}, graph = {0}, opset = {0};
    gable_error e = {0};
    for (int i = 0; i < n; i++) put_node(&graph, form, i);
    put_input(&graph, form == FREE);
    for (int i = form == FAN ? 0 : n - 1; i < n; i++) {
        struct text output = {0};
        put_name(&output, 1, "t%d", i);
        put_message(&graph, 12, &output);
    }
    put_number(&opset, 2, 17);
    put_number(&model, 1, 8);
    put_message(&model, 8, &opset);
    put_message(&model, 7, &graph);
    assert_false(model.failed);
    assert_ok(file_write(path, model.data, model.len, &e), &e);
    text_release(&model);
}

static const struct asked {
    enum form form;
    int nodes;
    const char *command, *line; /* NULL: answered */
} asked[] = {
    {CHAIN, 1000000, "", NULL},
    {CHAIN, 1000001, "", "has 1000001 nodes, at most 1000000 are read"},
    {FAN, 1000000, "", NULL},
    {CHAIN, 300000, "--json", NULL},
    {CHAIN, 40000, "--json --train --memory --chip nvidia_t4", NULL},
    {FREE, 40000, "--json --symbolic", NULL},
    {CHAIN, 40000, "--train", NULL},
    {CHAIN, 40000, "--train --chip nvidia_t4 --optimizer adam", NULL},
    {CHAIN, 40000, "--memory", NULL},
    {CHAIN, 40000, "--passes", NULL},
    {CHAIN, 40000, "--as all", NULL},
    {CHAIN, 40000, "--by layer", NULL},
    {CHAIN, 40000, "--by type --chip nvidia_t4", NULL},
    {CHAIN, 40000, "--by tree", NULL},
    {MODULES, 40000, "--by tree", NULL},
    {MODULES, 40000, "--by tree --depth 0", NULL},
    {FREE, 40000, "--symbolic", NULL},
    {FREE, 40000, "--batch 3", NULL},
};

static void ask(const char *folder, const struct asked *q)
{
    struct answer a;
    struct stat st;
    char command[512], limit[64] = "";
    assert_int_equal(stat(folder_path(folder, "m.onnx"), &st), 0);
    if (!IS_SANITIZED)
        snprintf(limit, sizeof limit, "ulimit -v %lld;",
                 START_KIB + (LIMIT_MODEL_BYTES + (long long)st.st_size * LIMIT_MODEL_BYTES_PER_BYTE) / 1024);
    snprintf(command, sizeof command, "ulimit -s 256; %s exec \"$gable\" analyze m.onnx %s", limit, q->command);
    command_run(folder, command, &a);
    bool is_refused = q->line && a.status == 1 && !a.out_len && strstr(a.err, q->line) &&
                      strchr(a.err, '\n') == a.err + a.err_len - 1;
    bool is_answered = !q->line && !a.status && a.out_len && !a.err_len;
    if (!is_refused && !is_answered)
        fail_msg("%d nodes, %s: exit %d, \"%.300s\"", q->nodes, q->command, a.status, a.err);
    command_release(&a);
}

static void each_is_answered_or_refused_in_its_bound(void **state)
{
    enum form form = CHAIN;
    for (size_t i = 0, nodes = 0; i < COUNT_OF(asked); i++) {
        const struct asked *q = &asked[i];
        int n = IS_SANITIZED && !q->line ? q->nodes / 100 : q->nodes;
        if (IS_SANITIZED && q->line && n > 1000) continue;
        if ((size_t)n != nodes || q->form != form) write_nodes(folder_path(*state, "m.onnx"), q->form, n);
        form = q->form;
        nodes = (size_t)n;
        ask(*state, q);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_is_answered_or_refused_in_its_bound)};
    return cmocka_run_group_tests(tests, folder_start, folder_finish);
}
