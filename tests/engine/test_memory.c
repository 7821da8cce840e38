/* What is planned is what is used; what cannot fit is refused before it is taken. */
#include "engine/cpu/memory.h"
#include "engine/cpu/session.h"
#include "open.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void poison(float *p, size_t n)
{
    for (size_t i = 0; i < n; i++) p[i] = NAN;
}
/* One past the last float that was written. */
static long written(const float *p, long n)
{
    while (n > 0 && isnan(p[n - 1])) n--;
    return n;
}

/* The arena is filled with NaN: its top must be written (the plan is no larger than what is used, but for the rounding
   of a buffer to 16 floats) and no value may be read before it is written, or the output were NaN. */
static void an_arena_is_as_large_as_what_is_used(void **state)
{
    (void)state;
    static const char *const models[] = {"resnet18", "efficientnet_b0", "shufflenet_v2_x1_0", "squeezenet1_1", "vgg11"};
    for (size_t m = 0; m < COUNT_OF(models); m++) {
        struct opened o = open_model(models[m], 1, 64, (struct engine_options){.threads = 1});
        struct cpu_session *s = cpu_session(o.session);
        const struct plan *p = s->plan;
        poison(s->arena[0], (size_t)p->arena_floats);
        poison(s->head, (size_t)p->head_floats);
        engine_cpu.run(o.session);
        long used = written(s->arena[0], p->arena_floats);
        if (p->arena_floats - used >= 16) fail_msg("%s: %ld of %ld floats are used", models[m], used, p->arena_floats);
        for (count i = 0; i < tensor_elements(o.graph->outputs[0]); i++)
            if (!isfinite(engine_cpu.output(o.session, 0)[i])) fail_msg("%s reads what was not written", models[m]);
        assert_int_equal(o.session->arena_bytes,
                         ((size_t)p->arena_floats + (size_t)p->scratch_floats + (size_t)p->head_floats) *
                             sizeof(float));
        close_model(&o);
    }
}

static void bytes_are_known_before_they_are_taken(void **state)
{
    (void)state;
    struct cpus cpus;
    gable_error e = {0};
    size_t planned = 0;
    cpus_read("", &cpus);
    struct engine_options options = {0};
    struct opened o = open_model("resnet18", 5, 64, options);
    assert_ok(engine_cpu.plan_bytes(o.graph, &cpus, &options, &planned, &e), &e);
    assert_true(planned <= o.session->planned_bytes); /* the session adds the names of its groups */
    assert_true(o.session->planned_bytes - planned < 1 << 20);
    assert_true(planned > o.session->weight_bytes + o.session->arena_bytes);
    close_model(&o);
}

static void a_batch_that_cannot_fit_is_refused_with_both_figures(void **state)
{
    (void)state;
    struct graph *g = NULL;
    struct weights *w = NULL;
    struct session *s = NULL;
    struct cpus cpus;
    gable_error e = {0};
    cpus_read("", &cpus);
    /* 65536 images of 3 x 1024 x 1024 floats are 786432 MiB, and there is more than inputs */
    assert_ok(zoo_build("mobilenet_v2", &(struct zoo_options){.batch = 65536, .height = 1024, .width = 1024}, &g, &e),
              &e);
    assert_ok(weights_new(g, 1, &w, &e), &e);
    assert_int_equal(engine_cpu.open(g, w, &cpus, &(struct engine_options){0}, &s, &e), GABLE_NO_MEMORY);
    assert_contains(e.why, "mobilenet_v2 at batch 65536 needs 78");
    assert_contains(e.why, "MiB are there");
    assert_null(s);
    weights_free(w);
    graph_free(g);
}

static void write_file(const char *root, const char *path, const char *text)
{
    char full[300];
    snprintf(full, sizeof full, "%s/%s", root, path);
    for (char *slash = strchr(full + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(full, 0777);
        *slash = '/';
    }
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}
static void the_tightest_limit_counts(void **state)
{
    (void)state;
    char root[] = "/tmp/gable-memory-XXXXXX", remove[64];
    assert_non_null(mkdtemp(root));
    write_file(root, "proc/meminfo", "MemTotal: 8000 kB\nMemAvailable: 4000 kB\n");
    assert_int_equal(memory_available(root), 4000 * 1024);
    write_file(root, "proc/self/cgroup", "0::/a/b\n");
    write_file(root, "sys/fs/cgroup/a/memory.max", "3000000\n");
    write_file(root, "sys/fs/cgroup/a/memory.current", "1000000\n");
    write_file(root, "sys/fs/cgroup/a/b/memory.max", "max\n");
    write_file(root, "sys/fs/cgroup/a/b/memory.current", "500000\n");
    assert_int_equal(memory_available(root), 2000000); /* 3000000 - 1000000, of the parent */
    snprintf(remove, sizeof remove, "rm -r %s", root);
    assert_int_equal(system(remove), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_is_as_large_as_what_is_used),
        cmocka_unit_test(bytes_are_known_before_they_are_taken),
        cmocka_unit_test(a_batch_that_cannot_fit_is_refused_with_both_figures),
        cmocka_unit_test(the_tightest_limit_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
