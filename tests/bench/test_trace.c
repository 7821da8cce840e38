/* Traces: well-formed, every thread's slices nested and apart, and their work adds up to the model's. */
#include "bench/measure.h"
#include "bench/subject.h"
#include "bench/trace.h"
#include "bench/training_trace.h"
#include "check.h"
#include "engine/plan/groups.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TRACKS = 64 };
static struct cpus cpus;

static const char *text_in(const json_t *event, const char *key)
{
    return json_string_value(json_object_get(event, key));
}
static double number_in(const json_t *event, const char *key)
{
    const json_t *value = json_object_get(event, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}
static bool is_phase(const json_t *event, const char *phase) { return !strcmp(text_in(event, "ph"), phase); }
static bool is_pass(const json_t *event) { return !strcmp(text_in(event, "cat"), "pass"); }

/* What a reader of the file gets. */
static json_t *read_back(json_t *trace)
{
    json_error_t why;
    char *text = json_dumps(trace, JSON_COMPACT | JSON_REAL_PRECISION(12));
    assert_non_null(text);
    json_t *back = json_loads(text, 0, &why);
    if (!back) fail_msg("%s", why.text);
    free(text);
    json_decref(trace);
    return back;
}
static json_t *traced(const struct bench_options *o)
{
    struct run r = {0};
    json_t *trace = NULL;
    gable_error e = {0};
    assert_ok(measure_identity(&cpus, o, &r, &e), &e);
    assert_ok(trace_point(&cpus, o, &r, &trace, &e), &e);
    run_release(&r);
    return read_back(trace);
}

/* Slices of a track come in order: a pass, then what is in it, end to end at most. Returns how many tracks have some.
 */
static int check_tracks(const json_t *trace)
{
    double pass_end[TRACKS] = {0}, last_end[TRACKS] = {0};
    int passes[TRACKS] = {0}, tracks = 0;
    size_t i;
    json_t *x;
    json_array_foreach (json_object_get(trace, "traceEvents"), i, x) {
        if (!is_phase(x, "X")) continue;
        int track = (int)number_in(x, "tid");
        double begin = number_in(x, "ts"), end = begin + number_in(x, "dur");
        assert_in_range(track, 1, TRACKS - 1);
        assert_true(end >= begin && begin > last_end[track] - 1e-4); /* 0.1 ps: what sums of reals lose */
        if (is_pass(x)) {
            assert_true(begin > pass_end[track] - 1e-4);
            passes[track]++;
            pass_end[track] = end;
            last_end[track] = begin;
            continue;
        }
        assert_true(passes[track] > 0 && end < pass_end[track] + 1e-4);
        last_end[track] = end;
    }
    for (int t = 0; t < TRACKS; t++) {
        if (passes[t]) assert_int_equal(passes[t], TRACE_PASSES);
        tracks += passes[t] > 0;
    }
    return tracks;
}

static double sum_of(const json_t *trace, const char *what)
{
    double sum = 0;
    size_t i;
    json_t *x;
    json_array_foreach (json_object_get(trace, "traceEvents"), i, x)
        if (is_phase(x, "X") && !is_pass(x)) sum += number_in(json_object_get(x, "args"), what);
    return sum;
}
/* The area under a counter: what was done, all passes together. */
static double area_of(const json_t *trace, const char *name)
{
    double area = 0, at = 0, value = 0;
    size_t i;
    json_t *x;
    json_array_foreach (json_object_get(trace, "traceEvents"), i, x) {
        if (!is_phase(x, "C") || strcmp(text_in(x, "name"), name) != 0) continue;
        assert_true(number_in(x, "ts") >= at);
        area += value * 1e-6 * (number_in(x, "ts") - at);
        at = number_in(x, "ts");
        value = number_in(json_object_get(x, "args"), name);
    }
    assert_true(value == 0);
    return area;
}
static bool has_slice(const json_t *trace, const char *name)
{
    size_t i;
    json_t *x;
    json_array_foreach (json_object_get(trace, "traceEvents"), i, x)
        if (is_phase(x, "X") && !strcmp(text_in(x, "name"), name)) return true;
    return false;
}

static void check_near(double a, double b, double relative, const char *what)
{
    if (!(fabs(a - b) <= relative * fabs(b))) fail_msg("%s: %.9g is not %.9g", what, a, b);
}
/* Work that is shared among slices adds up; each slice is rounded to whole operations. */
static void check_work(const json_t *trace, const struct bench_options *o)
{
    struct graph *g = NULL;
    struct grouping grouping;
    struct analysis *a = NULL;
    gable_error e = {0};
    assert_ok(subject_graph(o, &g, &e), &e);
    assert_ok(groups_find(g, &grouping, &e), &e);
    assert_ok(analysis_new(g, &grouping, &a, &e), &e);
    check_near(sum_of(trace, "MACs"), TRACE_PASSES * (double)a->total.macs, 1e-3, "MACs");
    check_near(sum_of(trace, "bytes"), TRACE_PASSES * (double)a->bytes.fused, 1e-3, "bytes");
    check_near(area_of(trace, "FLOP/s"), sum_of(trace, "FLOPs"), 1e-2, "FLOPs under the counter");
    check_near(area_of(trace, "bytes/s"), sum_of(trace, "bytes"), 1e-2, "bytes under the counter");
    for (int i = 0, seen = 0; i < g->n_nodes; i++) {
        if (grouping.group_of[i] != seen) continue;
        if (!has_slice(trace, g->nodes[i]->name)) fail_msg("group %s has no slice", g->nodes[i]->name);
        seen++;
    }
    analysis_free(a);
    graph_free(g);
}

static void every_thread_has_a_track(void **state)
{
    int most = cpus.n_allowed < 2 ? cpus.n_allowed : 2;
    (void)state;
    for (int batch = 1; batch <= 5; batch += 2) /* shared by the threads; side by side; both */
        for (int threads = 1; threads <= most; threads++) {
            const struct bench_options o = {.model = "mobilenet_v3_small",
                                            .batch = batch,
                                            .height = 64,
                                            .width = 64,
                                            .engine = {.threads = threads}};
            json_t *trace = traced(&o);
            assert_int_equal(check_tracks(trace), threads);
            check_work(trace, &o);
            json_decref(trace);
        }
}

static double time_on(const json_t *trace, int track)
{
    double sum = 0;
    size_t i;
    json_t *x;
    json_array_foreach (json_object_get(trace, "traceEvents"), i, x)
        if (is_phase(x, "X") && !is_pass(x) && number_in(x, "tid") == track) sum += number_in(x, "dur");
    return sum;
}
/* The general engine: our kernels and oneDNN's convolutions, one thread leading from node to node. */
static void nodes_are_traced_on_every_thread(void **state)
{
    int threads = cpus.n_allowed < 2 ? cpus.n_allowed : 2;
    const struct bench_options o = {
        .model = "mobilenet_v3_small", .batch = 4, .runs_on = &engine_general, .engine = {.threads = threads}};
    (void)state;
    json_t *trace = traced(&o);
    assert_int_equal(check_tracks(trace), threads);
    assert_true(sum_of(trace, "MACs") > 0);
    check_near(area_of(trace, "FLOP/s"), sum_of(trace, "FLOPs"), 1e-2, "FLOPs under the counter");
    for (int t = 2; t <= threads; t++) assert_true(time_on(trace, t) > 0 && time_on(trace, t) < time_on(trace, 1));
    json_decref(trace);
}

static int count_on(const json_t *trace, int track)
{
    int n = 0;
    size_t i;
    json_t *x;
    json_array_foreach (json_object_get(trace, "traceEvents"), i, x)
        n += is_phase(x, "X") && number_in(x, "tid") == track;
    return n;
}
/* A step's parts one after the other, each on its track, and every thread at work in them: by both trainers. */
static void steps_are_traced_by_their_parts(void **state)
{
    enum { STEP = 1, FORWARD, DATA, WEIGHTS, UPDATE, THREADS = 8 };
    static const char *const models[] = {"mobilenet_v3_small", TESTS_DIR "/model/files/mlp.onnx"};
    int threads = cpus.n_allowed < 2 ? cpus.n_allowed : 2;
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct training_options o = {.model = models[i], .batch = 4, .trainer = {.threads = threads}};
        const struct trained as_run = {.runs = {{.valid = true}}};
        json_t *trace = NULL;
        gable_error e = {0};
        if (i == 0) o.height = o.width = 32;
        assert_ok(training_trace(&cpus, &o, &as_run, &trace, &e), &e);
        trace = read_back(trace);
        assert_int_equal(count_on(trace, STEP), TRACE_PASSES);
        assert_int_equal(count_on(trace, UPDATE), TRACE_PASSES);
        for (int track = FORWARD; track <= WEIGHTS; track++) assert_true(count_on(trace, track) > TRACE_PASSES);
        double parts =
            time_on(trace, FORWARD) + time_on(trace, DATA) + time_on(trace, WEIGHTS) + time_on(trace, UPDATE);
        check_near(parts, time_on(trace, STEP), 1e-3, "the parts' time");
        for (int t = 0; t < threads; t++) {
            assert_true(count_on(trace, THREADS + t) > TRACE_PASSES);
            assert_true(time_on(trace, THREADS + t) <= parts);
        }
        assert_true(area_of(trace, "FLOP/s") > 0);
        json_decref(trace);
    }
}

static void foreign_names_are_only_text(void **state)
{
    static const char *const names[] = {"\"}],\"ph\":\"M", "line\nline\x1b[31m", "\xff\xfe not UTF-8", "</script>"};
    enum { N = COUNT_OF(names) };
    struct group_info groups[N];
    struct slice slices[N];
    const struct graph g = {.name = "\xc3\x28\"\n"};
    (void)state;
    for (int i = 0; i < N; i++) {
        groups[i] = (struct group_info){.name = names[i], .kernel = names[i], .flops_executed = 10, .bytes = 4};
        slices[i] = (struct slice){.group = i, .image = 1, .begin_ns = 1e12 + 10 * i, .end_ns = 1e12 + 10 * i + 7};
    }
    const struct slice_log log = {1e12, 1e12 + 10 * N, N, N, 0, slices};
    const struct session s = {
        .engine = &engine_general, .graph = &g, .batch = 1, .threads = 1, .n_groups = N, .groups = groups};
    const struct traced t = {&s, NULL, 1, &log};
    json_t *trace = read_back(trace_json(&t)), *first;
    assert_true(sum_of(trace, "FLOPs") == 10 * N);
    assert_true(area_of(trace, "bytes/s") > 4 * N - 0.01 && area_of(trace, "bytes/s") < 4 * N + 0.01);
    assert_true(has_slice(trace, names[0]) && has_slice(trace, names[1]) && has_slice(trace, names[3]));
    first = json_array_get(json_object_get(trace, "traceEvents"), 4); /* after names, a place and the pass */
    assert_string_equal(text_in(first, "name"), names[0]);
    assert_null(json_object_get(json_object_get(first, "args"), "image"));
    json_decref(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_thread_has_a_track),
        cmocka_unit_test(nodes_are_traced_on_every_thread),
        cmocka_unit_test(steps_are_traced_by_their_parts),
        cmocka_unit_test(foreign_names_are_only_text),
    };
    cpus_read("", &cpus);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
