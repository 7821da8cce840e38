/* The engine against the reference: every model of the zoo, at batch 1 and 5, on every instruction set that this
   machine has, with Winograd forbidden, forced, and left to the planner. Images are small and not square, so that every
   architecture is run to its last layer at odd plane sizes; the small ones of the report run at their real size too. */
#include "reference.h"

#include "check.h"
#include "engine/engine.h"
#include "zoo/zoo.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGES = 5, SEED = 3 };

/* At their real size the reference takes half a minute for the larger of the ten: the small size has to do for those.
 */
static const count full_size_weights_max = 6000000;

/* Sanitizers slow the reference tenfold: there, only models of at most 6 million weights, at the small size. */
#if defined __SANITIZE_ADDRESS__
static const count weights_max = 6000000;
static const bool runs_full_size = false;
#else
static const count weights_max = COUNT_MAX;
static const bool runs_full_size = true;
#endif

/* Of the largest output. Statistics calibrated on planes of 3 x 3 pixels amplify float rounding from layer to layer
   (resnet152: 1e-3), which those of real planes do not; a wrong kernel is off by a tenth and more. */
struct size {
    int height, width;
    double tolerance;
};
/* What all comparisons of one model at one size share. */
struct expected {
    struct weights *weights;
    size_t pixels, outputs; /* of one image */
    float *images;          /* IMAGES * pixels */
    double *output;         /* IMAGES * outputs */
};

static struct graph *build(const char *id, struct size size, int batch)
{
    struct graph *g = NULL;
    gable_error e = {0};
    struct zoo_options o = {.batch = batch, .height = size.height, .width = size.width};
    assert_ok(zoo_build(id, &o, &g, &e), &e);
    return g;
}

/* The seeded weights keep activations where floats are exact and fast, to the last layer. */
static void check_range(const struct expected *x, const char *id, struct size size)
{
    struct graph *g = build(id, size, 1);
    struct reference_range r;
    gable_error e = {0};
    assert_ok(reference_run(g, x->weights, (const float *const[]){x->images}, x->output, &r, &e), &e);
    graph_free(g);
    if (r.not_finite || r.denormal)
        fail_msg("%s: %lld activations are not finite, %lld denormal", id, (long long)r.not_finite,
                 (long long)r.denormal);
    if (!(r.output_std >= 1e-3 && r.output_std <= 1e3))
        fail_msg("%s: the outputs' standard deviation is %g", id, r.output_std);
    print_message("%s at %d x %d: largest activation %.3g, output std %.3g\n", id, size.height, size.width, r.largest,
                  r.output_std);
}

static void expect(struct expected *x, const char *id, struct size size)
{
    struct graph *g = build(id, size, IMAGES);
    gable_error e = {0};
    *x = (struct expected){.pixels = (size_t)tensor_elements(g->inputs[0]) / IMAGES,
                           .outputs = (size_t)tensor_elements(g->outputs[0]) / IMAGES};
    assert_ok(weights_new(g, SEED, &x->weights, &e), &e);
    x->images = calloc(IMAGES * x->pixels, sizeof *x->images);
    x->output = calloc(IMAGES * x->outputs, sizeof *x->output);
    assert_true(x->images && x->output);
    weights_normal(SEED + 1, IMAGES * x->pixels, x->images);
    check_range(x, id, size);
    assert_ok(reference_calibrate(g, x->weights, (const float *const[]){x->images}, x->output, &e), &e);
    graph_free(g);
    double apart = 0, largest = 0;
    for (size_t i = 0; i < x->outputs; i++) {
        apart = fmax(apart, fabs(x->output[i] - x->output[x->outputs + i]));
        largest = fmax(largest, fabs(x->output[i]));
    }
    if (!(apart > 2 * size.tolerance * largest))
        fail_msg("%s: two images give one answer, nothing can be compared", id);
}

static void expected_release(struct expected *x)
{
    weights_free(x->weights);
    free(x->images);
    free(x->output);
}

/* The largest error of one session; a second pass must give the same bits. */
static double run_engine(const struct expected *x, const struct graph *g, const struct cpus *cpus,
                         const struct engine_options *o, int batch)
{
    struct session *s = NULL;
    gable_error e = {0};
    size_t n = (size_t)batch * x->outputs;
    float *first = malloc(n * sizeof *first);
    assert_non_null(first);
    assert_ok(engine_cpu.open(g, x->weights, cpus, o, &s, &e), &e);
    memcpy(engine_cpu.input(s, 0), x->images, (size_t)batch * x->pixels * sizeof *x->images);
    engine_cpu.run(s);
    memcpy(first, engine_cpu.output(s, 0), n * sizeof *first);
    engine_cpu.run(s);
    assert_memory_equal(first, engine_cpu.output(s, 0), n * sizeof *first);
    engine_cpu.close(s);
    double apart = reference_distance(first, x->output, n);
    free(first);
    return apart;
}

struct setting {
    enum isa isa;
    enum winograd winograd;
};
/* Every instruction set with and without Winograd, and what the planner chooses by time on the best of them. */
static int settings_here(struct setting *out)
{
    int n = 0;
    for (enum isa isa = ISA_PLAIN; isa < ISA_N; isa++) {
        if (!isa_is_here(isa)) continue;
        out[n++] = (struct setting){isa, WINOGRAD_FORBID};
        out[n++] = (struct setting){isa, WINOGRAD_FORCE};
    }
    out[n++] = (struct setting){ISA_BEST, WINOGRAD_BY_TIME};
    return n;
}

static double check_engine(const struct expected *x, const char *id, struct size size, const struct cpus *cpus)
{
    static const char *const winograd[] = {"by time", "forbidden", "forced"};
    static const int batches[] = {1, IMAGES};
    struct setting settings[2 * ISA_N + 1];
    int n = settings_here(settings);
    double worst = 0;
    for (size_t b = 0; b < COUNT_OF(batches); b++) {
        struct graph *g = build(id, size, batches[b]);
        for (int i = 0; i < n; i++) {
            enum winograd w = settings[i].winograd;
            struct engine_options o = {.isa = settings[i].isa, .winograd = w, .tune = w == WINOGRAD_BY_TIME};
            double apart = run_engine(x, g, cpus, &o, batches[b]);
            if (!(apart <= size.tolerance))
                fail_msg("%s at %d x %d, batch %d, %s, winograd %s: %.2e of the largest output apart", id, size.height,
                         size.width, batches[b], isa_name(o.isa), winograd[w], apart);
            worst = fmax(worst, apart);
        }
        graph_free(g);
    }
    return worst;
}

static count trained(const char *id)
{
    struct graph *g = build(id, (struct size){64, 64, 0}, 1);
    count n = 0;
    for (int i = 0; i < g->n_tensors; i++)
        if (g->tensors[i]->role == ROLE_WEIGHT) n += tensor_elements(g->tensors[i]);
    graph_free(g);
    return n;
}

static void the_engine_agrees(void **state)
{
    const struct zoo_model *m = *state;
    static const struct size sizes[] = {{72, 88, 5e-3}, {224, 224, 1e-4}};
    struct cpus cpus;
    cpus_read("", &cpus);
    if (trained(m->id) > weights_max) {
        print_message("%s: left out of the sanitizer run, it has more than %lld weights\n", m->id,
                      (long long)weights_max);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct expected x;
        if (i > 0 && !(m->is_in_report && runs_full_size && trained(m->id) <= full_size_weights_max)) break;
        expect(&x, m->id, sizes[i]);
        double worst = check_engine(&x, m->id, sizes[i], &cpus);
        print_message("  the engine is at most %.1e of the largest output apart\n", worst);
        expected_release(&x);
    }
}

/* test_reference_models [PATTERN]: only models whose names match. */
int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    struct CMUnitTest *tests = calloc((size_t)zoo_size(), sizeof *tests);
    size_t n = 0;
    if (!tests) return 1;
    for (int i = 0; i < zoo_size(); i++)
        if (!zoo_at(i)->has_attention)
            tests[n++] = (struct CMUnitTest){
                .name = zoo_at(i)->id, .test_func = the_engine_agrees, .initial_state = (void *)(uintptr_t)zoo_at(i)};
    int failed = _cmocka_run_group_tests("models", tests, n, NULL, NULL);
    free(tests);
    return failed;
}
