#include "cases.h"
#include "engine/general/general.h"
#include "onnx/onnx.h"
#include "tensors/compare.h"
#include "tensors/initializers.h"
#include "tensors/proto.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 60 };
#define VALUES_MOST ((size_t)1 << 30)
#define ADDRESSES_MOST ((rlim_t)8 << 30)

static enum outcome fails(struct conformance_case *c, enum outcome o, const gable_error *e)
{
    const char *where = e->where, *in_model = strstr(where, "model.onnx");
    if (in_model) where = in_model + strlen("model.onnx");
    where += strspn(where, ": ");
    snprintf(c->why, sizeof c->why, "%s%s%s", where, where[0] ? ": " : "", e->why);
    return o;
}

/* ONNX 1.12 wrote bf16 data as u16. */
static void as_declared(struct value *v, const struct tensor *t)
{
    if (v->dtype == DTYPE_U16 && t->dtype == DTYPE_BF16) v->dtype = DTYPE_BF16;
}

static gable_status set_inputs(struct general *g, const struct graph *graph, const char *folder, gable_error *e)
{
    gable_status s = GABLE_OK;
    for (int i = 0; i < graph->n_inputs && !s; i++) {
        char path[900];
        struct value v = {0};
        snprintf(path, sizeof path, "%s/input_%d.pb", folder, i);
        if (access(path, R_OK)) continue; /* an optional input that this set leaves out */
        s = proto_read(general_pool(g), path, graph->inputs[i]->form, &v, NULL, 0, e);
        as_declared(&v, graph->inputs[i]);
        if (!s) s = general_set_input(g, i, &v, e);
        value_release(&v);
    }
    return s;
}

static enum outcome compare(struct conformance_case *c, struct general *g, const struct graph *graph,
                            const char *folder, bool verbose)
{
    enum outcome o = PASSED;
    for (int i = 0; i < graph->n_outputs && o == PASSED; i++) {
        char path[900];
        struct value want = {0};
        gable_error e = {0};
        snprintf(path, sizeof path, "%s/output_%d.pb", folder, i);
        if (access(path, R_OK)) continue;
        if (proto_read(general_pool(g), path, graph->outputs[i]->form, &want, NULL, 0, &e))
            return fails(c, UNSUPPORTED, &e);
        const struct value *got = general_output(g, i);
        if (got->dtype == DTYPE_BF16 && want.dtype == DTYPE_U16) want.dtype = DTYPE_BF16;
        struct difference d = value_compare(got, &want, TOLERANCE_ONNX);
        const char *why = c->is_random && d.n_beyond ? NULL : d.what;
        if (verbose)
            printf("  output %d: %s; off by %g at %lld\n", i, why ? why : "fine", d.absolute, (long long)d.absolute_at);
        if (why) {
            snprintf(c->why, sizeof c->why, "output %d has %s", i, why);
            o = FAILED;
        }
        value_release(&want);
    }
    return o;
}

static enum outcome run_sets(struct conformance_case *c, struct general *g, const struct graph *graph, bool verbose)
{
    enum outcome o = PASSED;
    for (int set = 0; o == PASSED; set++) {
        char folder[700];
        gable_error e = {0};
        snprintf(folder, sizeof folder, "%s/test_data_set_%d", c->folder, set);
        if (access(folder, R_OK)) break;
        gable_status s = set_inputs(g, graph, folder, &e);
        if (!s) s = general_run(g, &e);
        o = s ? fails(c, FAILED, &e) : compare(c, g, graph, folder, verbose);
    }
    return o;
}

static enum outcome run_here(struct conformance_case *c, bool verbose)
{
    const struct onnx_options options = {.keeps_free = true};
    struct graph *graph = NULL;
    struct general *g = NULL;
    struct initializers *values = NULL;
    struct cpus cpus;
    char path[700];
    gable_error e = {0};
    cpus_read("", &cpus);
    snprintf(path, sizeof path, "%s/model.onnx", c->folder);
    if (onnx_read(path, &options, &graph, &e)) return fails(c, UNSUPPORTED, &e);
    const struct general_options how = {.bytes_max = VALUES_MOST};
    /* as ONNX's runner, which asks no input for the shape that the model states: some of its own data differ */
    for (int i = 0; i < graph->n_inputs; i++) graph->inputs[i]->has_shape = false;
    enum outcome o = PASSED;
    if (initializers_open(path, &values, &e) || general_open(graph, initializers_values(values), &cpus, &how, &g, &e))
        o = fails(c, UNSUPPORTED, &e);
    else
        o = run_sets(c, g, graph, verbose);
    general_close(g);
    initializers_close(values);
    graph_free(graph);
    return o;
}

static void limit_this_process(void)
{
#if !defined __SANITIZE_ADDRESS__
    const struct rlimit addresses = {ADDRESSES_MOST, ADDRESSES_MOST};
    setrlimit(RLIMIT_AS, &addresses);
#endif
    const struct rlimit core = {0, 0};
    setrlimit(RLIMIT_CORE, &core);
    alarm(SECONDS);
}

void case_run(struct conformance_case *c, bool verbose)
{
    int ends[2], status = 0;
    struct conformance_case made = *c;
    fflush(stdout);
    if (pipe(ends)) return;
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        limit_this_process();
        made.outcome = run_here(&made, verbose);
        fflush(stdout);
        ssize_t n = write(ends[1], &made, sizeof made);
        _exit(n == (ssize_t)sizeof made ? 0 : 1);
    }
    close(ends[1]);
    ssize_t n = read(ends[0], &made, sizeof made);
    close(ends[0]);
    waitpid(child, &status, 0);
    if (n == (ssize_t)sizeof made && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        *c = made;
        return;
    }
    c->outcome = FAILED;
    snprintf(c->why, sizeof c->why,
             WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "takes more than a minute" : "crashed");
}
