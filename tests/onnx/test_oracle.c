/* Our shapes beside those of ONNX's own inference, tensor by tensor, on every file of libonnx-testdata and on the zoo
   as it is exported. It knows fewer; where it knows one, ours is the same: there is no exception. */
#include "base/file.h"
#include "base/text.h"
#include "check.h"
#include "onnx/onnx.h"
#include "ops/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATA "/usr/share/libonnx-testdata/data/"

struct checked {
    int files, tensors, dims, refused_by_onnx, refused_by_us, wrong;
    struct text refusals; /* file and sentence, a line each */
};

static const struct tensor *tensor_called(const struct graph *g, const char *name)
{
    for (int i = 0; i < g->n_tensors; i++)
        if (!strcmp(g->tensors[i]->name, name)) return g->tensors[i];
    return NULL;
}

static bool agrees(const struct tensor *t, const char *dims, struct checked *c)
{
    int rank = 0;
    if (!t->has_shape) return false;
    for (const char *at = dims; *at; rank++) {
        if (rank == t->shape.rank) return false;
        if (*at != '?') {
            int64_t theirs = strtoll(at, NULL, 10), ours = t->shape.dim[rank];
            if (t->is_at_most ? ours < theirs : ours != theirs) return false;
            c->dims++;
        }
        at += strcspn(at, "x");
        at += *at == 'x';
    }
    return rank == t->shape.rank;
}

/* One line of the oracle's about the graph of its file; NULL where that could not be read. */
static void compare(const char *path, const struct graph *g, char *line, struct checked *c)
{
    char *save = NULL, *name = strtok_r(line, "\t", &save), *type = strtok_r(NULL, "\t", &save),
         *dims = strtok_r(NULL, "\t", &save);
    if (!strcmp(name, "!")) {
        c->refused_by_onnx++;
        return;
    }
    const struct tensor *t = g ? tensor_called(g, name) : NULL;
    if (!t || t->form != FORM_TENSOR) return; /* folded away, or no tensor of ours */
    c->tensors++;
    bool is_same_type = dtype_of_onnx(atoi(type)) == t->dtype;
    if (is_same_type && agrees(t, dims ? dims : "", c)) return;
    c->wrong++;
    print_message("%s: %s is %s of type %s by ONNX; here rank %d, %s:", path, name, dims ? dims : "a scalar", type,
                  t->has_shape ? t->shape.rank : -1, dtype_name(t->dtype));
    for (int i = 0; t->has_shape && i < t->shape.rank; i++) print_message(" %lld", (long long)t->shape.dim[i]);
    print_message("\n");
}

static struct graph *read_graph(const char *path, struct checked *c)
{
    struct graph *g = NULL;
    gable_error e = {0};
    c->files++;
    if (!onnx_read(path, &(struct onnx_options){.keeps_free = true}, &g, &e) && !ops_infer(g, &e)) return g;
    c->refused_by_us++;
    text_addf(&c->refusals, "%s: %s: %s\n", path + (strncmp(path, DATA, strlen(DATA)) ? 0 : strlen(DATA)), e.where,
              e.why);
    graph_free(g);
    return NULL;
}

static void compare_all(char *lines, struct checked *c)
{
    struct graph *g = NULL;
    char *save = NULL, last[512] = "";
    for (char *line = strtok_r(lines, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *rest = strchr(line, '\t');
        assert_non_null(rest);
        *rest++ = '\0';
        if (strcmp(line, last) != 0) {
            graph_free(g);
            g = read_graph(line, c);
            snprintf(last, sizeof last, "%s", line);
        }
        compare(line, g, rest, c);
    }
    graph_free(g);
}

static void ask(const char *find, const char *folder, struct checked *c)
{
    char command[1024], path[256], *lines = NULL;
    size_t n = 0;
    gable_error e = {0};
    snprintf(path, sizeof path, "%s/shapes", folder);
    snprintf(command, sizeof command, "%s | LC_ALL=C sort | xargs '%s' >'%s'", find, ORACLE, path);
    assert_int_equal(system(command), 0);
    assert_ok(file_read(path, 64 << 20, &lines, &n, &e), &e);
    compare_all(lines, c);
    free(lines);
    print_message("%d files, %d tensors, %d dimensions known to both; refused: %d by ONNX, %d here\n", c->files,
                  c->tensors, c->dims, c->refused_by_onnx, c->refused_by_us);
}

/* The files of whose shapes nothing is said here, each with the reason: most are made so that data decide. */
static void assert_refusals(const struct text *now)
{
    char *known;
    size_t n;
    gable_error e = {0};
    assert_ok(file_read(REFUSED, 1 << 20, &known, &n, &e), &e);
    bool is_same = n == now->len && !memcmp(known, now->data, n);
    free(known);
    if (is_same) return;
    assert_ok(file_write("refused.txt", now->data, now->len, &e), &e);
    fail_msg("%s says otherwise; what is refused now is written to refused.txt here", REFUSED);
}

static void shapes_are_onnx_s_where_it_infers_one(void **state)
{
    struct checked c = {0};
    ask("find " DATA " -name model.onnx", *state, &c);
    assert_int_equal(c.wrong, 0);
    assert_true(c.tensors > 1000 && c.dims > 2000);
    assert_refusals(&c.refusals);
    text_release(&c.refusals);
}

static void shapes_of_the_exported_zoo_are_onnx_s(void **state)
{
    static const char *const models[] = {"alexnet",         "resnet18",      "resnet50",
                                         "mobilenet_v2",    "squeezenet1_1", "mobilenet_v3_small",
                                         "efficientnet_b0", "vgg11",         "shufflenet_v2_x1_0"};
    struct checked c = {0};
    char command[1024];
    for (size_t i = 0; i < COUNT_OF(models); i++) {
        snprintf(command, sizeof command, "'%s' export %s --no-weights -o '%s/%s.onnx' >/dev/null", GABLE_PROGRAM,
                 models[i], (char *)*state, models[i]);
        assert_int_equal(system(command), 0);
    }
    snprintf(command, sizeof command, "find '%s' -name '*.onnx'", (char *)*state);
    ask(command, *state, &c);
    assert_int_equal(c.wrong, 0);
    assert_int_equal(c.files, COUNT_OF(models));
    assert_true(c.tensors > 500);
}

static int start(void **state)
{
    static char folder[] = "/tmp/gable-oracle-XXXXXX";
    *state = mkdtemp(folder);
    return *state ? 0 : -1;
}
static int finish(void **state)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", (char *)*state);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_are_onnx_s_where_it_infers_one),
        cmocka_unit_test(shapes_of_the_exported_zoo_are_onnx_s),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
