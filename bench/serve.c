/* gable_serve DIR THREADS: Gable's side of bench/peers. It answers lines on stdin, one line each on stdout:
     run MODEL BATCH TIMES     milliseconds of the fastest of TIMES passes
     output MODEL BATCH        writes DIR/MODEL.gable (raw floats) and says how many
     plan MODEL BATCH          FLOPs executed, FLOPs counted, bytes between groups, and the algorithms in words
     probe                     FLOP/s and byte/s of this machine now, by the threads of the last session
   DIR holds, by bench/export.py: MODEL.names (a line "NAME ELEMENTS" per weight, torch's names), MODEL.bin (their
   floats in that order), MODEL.in (two images); or MODEL.onnx, a file of its own shapes and weights, at batch 1, and
   MODEL.in (floats, input after input; where the model wants integers they are 1 if positive, else 0). The session of
   the last MODEL and BATCH stays open. */
#include "base/file.h"
#include "bench/subject.h"
#include "engine/engine.h"
#include "machine/machine.h"
#include "zoo/zoo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct server {
    const char *folder;
    int threads;
    struct cpus cpus;
    char model[64]; /* of the open session; "" for none */
    int batch;
    struct graph *graph;
    struct weights *weights;
    struct session *session;
    struct team *team; /* of the probe, where the session has none to lend */
    struct probe *probe;
};

static gable_status read_part(const struct server *s, const char *model, const char *ending, char **bytes, size_t *len,
                              gable_error *e)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.%s", s->folder, model, ending);
    return file_read(path, (size_t)1 << 32, bytes, len, e);
}

static const struct tensor *initializer(const struct graph *g, const char *name)
{
    for (int i = 0; i < g->n_tensors; i++)
        if (tensor_is_initializer(g->tensors[i]) && !strcmp(g->tensors[i]->name, name)) return g->tensors[i];
    return NULL;
}

/* Copies every exported weight to where the graph has one of that name and size; all must be found, none left. */
static gable_status place_weights(struct server *s, char *names, const float *values, size_t n_values, gable_error *e)
{
    int placed = 0, needed = 0;
    char *rest = names;
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        char name[128];
        size_t n = 0;
        if (sscanf(line, "%127s %zu", name, &n) != 2 || n > n_values)
            return error_set(e, GABLE_BAD_INPUT, "%s does not fit the exported values", line);
        const struct tensor *t = initializer(s->graph, name);
        if (!t || (size_t)tensor_elements(t) != n)
            return error_set(e, GABLE_BAD_INPUT, "the graph has no weight %s of %zu elements", name, n);
        memcpy(s->weights->value[t->index], values, n * sizeof *values);
        values += n;
        n_values -= n;
        placed++;
    }
    for (int i = 0; i < s->graph->n_tensors; i++)
        needed += s->graph->tensors[i]->role == ROLE_WEIGHT || s->graph->tensors[i]->role == ROLE_BUFFER;
    if (placed != needed || n_values)
        return error_set(e, GABLE_BAD_INPUT, "%d weights were exported, the graph has %d", placed, needed);
    return GABLE_OK;
}

static gable_status load_weights(struct server *s, const char *model, gable_error *e)
{
    char *names = NULL, *values = NULL;
    size_t n_names = 0, n_bytes = 0;
    gable_status status = weights_new(s->graph, 1, &s->weights, e);
    if (!status) status = read_part(s, model, "names", &names, &n_names, e);
    if (!status) status = read_part(s, model, "bin", &values, &n_bytes, e);
    if (!status) status = place_weights(s, names, (const float *)(void *)values, n_bytes / sizeof(float), e);
    free(names);
    free(values);
    return status;
}

static gable_status load_images(struct server *s, const char *model, gable_error *e)
{
    char *images = NULL;
    size_t len = 0, image = (size_t)tensor_bytes(s->graph->inputs[0]) / (size_t)s->batch;
    gable_status status = read_part(s, model, "in", &images, &len, e);
    if (!status && len != 2 * image) status = error_set(e, GABLE_BAD_INPUT, "%s.in must hold two images", model);
    for (int i = 0; i < s->batch && !status; i++)
        memcpy((char *)s->session->engine->input(s->session, 0) + (size_t)i * image, images + (size_t)(i % 2) * image,
               image);
    free(images);
    return status;
}

static gable_status load_inputs(struct server *s, const char *model, gable_error *e)
{
    char *bytes = NULL;
    size_t len = 0, at = 0;
    gable_status status = read_part(s, model, "in", &bytes, &len, e);
    for (int i = 0; i < s->graph->n_inputs && !status; i++) {
        size_t size = (size_t)tensor_elements(s->graph->inputs[i]) * sizeof(float);
        if (at + size > len)
            status = error_set(e, GABLE_BAD_INPUT, "%s.in ends before input %d does", model, i);
        else
            memcpy(s->session->engine->input(s->session, i), bytes + at, size);
        at += size;
    }
    free(bytes);
    return status;
}

static void close_session(struct server *s)
{
    probe_free(s->probe);
    team_free(s->team);
    if (s->session) s->session->engine->close(s->session);
    weights_free(s->weights);
    graph_free(s->graph);
    s->team = NULL;
    s->probe = NULL;
    s->session = NULL;
    s->weights = NULL;
    s->graph = NULL;
    s->model[0] = 0;
}

static gable_status open_exported(struct server *s, const char *model, const struct engine_options *o, gable_error *e)
{
    const struct zoo_options zoo = {.batch = s->batch};
    gable_status status = zoo_build(model, &zoo, &s->graph, e);
    if (!status) status = load_weights(s, model, e);
    if (!status) status = engine_cpu.open(s->graph, s->weights, &s->cpus, o, &s->session, e);
    return status ? status : load_images(s, model, e);
}

/* As 'gable bench' opens it. */
static gable_status open_file(struct server *s, const char *model, const char *path, const struct engine_options *o,
                              gable_error *e)
{
    const struct bench_options subject = {.model = path, .engine = *o};
    gable_status status = subject_graph(&subject, &s->graph, e);
    if (!status) status = subject_session(&subject, s->graph, &s->cpus, &s->session, e);
    return status ? status : load_inputs(s, model, e);
}

static gable_status open_session(struct server *s, const char *model, int batch, gable_error *e)
{
    if (!strcmp(s->model, model) && s->batch == batch) return GABLE_OK;
    close_session(s);
    s->batch = batch;
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.onnx", s->folder, model);
    const struct engine_options options = {.threads = s->threads, .tune = true};
    gable_status status =
        access(path, R_OK) ? open_exported(s, model, &options, e) : open_file(s, model, path, &options, e);
    if (!status && !s->session->team) status = team_new(s->session->threads, s->session->cpus, &s->team, e);
    if (!status) status = probe_new(s->team ? s->team : s->session->team, &s->probe, e);
    if (!status) snprintf(s->model, sizeof s->model, "%s", model);
    return status;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void answer_run(struct server *s, int times)
{
    double fastest = 1e300;
    for (int i = 0; i < times; i++) {
        double start = now_ms();
        s->session->engine->run(s->session);
        double took = now_ms() - start;
        if (took < fastest) fastest = took;
    }
    printf("%.6f\n", fastest);
}

/* All outputs, one after the other. */
static gable_status answer_output(struct server *s, gable_error *e)
{
    char path[1024];
    count n = 0, at = 0;
    for (int i = 0; i < s->graph->n_outputs; i++) n = count_add(n, tensor_elements(s->graph->outputs[i]));
    float *all = malloc((size_t)n * sizeof *all + 1);
    if (!all) return error_set(e, GABLE_NO_MEMORY, "no memory for %lld outputs", (long long)n);
    s->session->engine->run(s->session);
    for (int i = 0; i < s->graph->n_outputs; i++) {
        count size = tensor_elements(s->graph->outputs[i]);
        memcpy(all + at, s->session->engine->output(s->session, i), (size_t)size * sizeof *all);
        at += size;
    }
    snprintf(path, sizeof path, "%s/%s.gable", s->folder, s->model);
    gable_status status = file_write(path, all, (size_t)n * sizeof *all, e);
    free(all);
    if (!status) printf("%lld\n", (long long)n);
    return status;
}

static void answer_plan(const struct server *s)
{
    count executed = 0, counted = 0, bytes = 0;
    for (int i = 0; i < s->session->n_groups; i++) {
        executed = count_add(executed, s->session->groups[i].flops_executed);
        counted = count_add(counted, s->session->groups[i].flops_counted);
        bytes = count_add(bytes, s->session->groups[i].bytes);
    }
    printf("%lld %lld %lld %s\n", (long long)executed, (long long)counted, (long long)bytes, s->session->algorithms);
}

static gable_status answer(struct server *s, const char *line, gable_error *e)
{
    char word[16] = "", model[64] = "";
    int batch = 0, times = 0;
    int n = sscanf(line, "%15s %63s %d %d", word, model, &batch, &times);
    if (!strcmp(word, "probe") && s->probe) {
        printf("%.6g %.6g\n", probe_flops(s->probe, 0.03), probe_bytes(s->probe, 0.03));
        return GABLE_OK;
    }
    if (n < 3 || batch < 1) return error_set(e, GABLE_USAGE, "cannot answer '%.60s'", line);
    gable_status status = open_session(s, model, batch, e);
    if (status) return status;
    if (!strcmp(word, "run") && times > 0)
        answer_run(s, times);
    else if (!strcmp(word, "output"))
        return answer_output(s, e);
    else if (!strcmp(word, "plan"))
        answer_plan(s);
    else
        return error_set(e, GABLE_USAGE, "cannot answer '%.60s'", line);
    return GABLE_OK;
}

int main(int argc, char **argv)
{
    struct server s = {0};
    gable_error e = {0};
    gable_status status = GABLE_OK;
    char line[256];
    cpus_read("", &s.cpus);
    if (argc != 3) {
        fprintf(stderr, "usage: gable_serve DIR THREADS\n");
        return 2;
    }
    s.folder = argv[1];
    s.threads = (int)strtol(argv[2], NULL, 10);
    while (!status && fgets(line, sizeof line, stdin)) {
        status = answer(&s, line, &e);
        fflush(stdout);
    }
    if (status) fprintf(stderr, "gable_serve: %s%s%s\n", e.where, e.where[0] ? ": " : "", e.why);
    close_session(&s);
    return status ? 1 : 0;
}
