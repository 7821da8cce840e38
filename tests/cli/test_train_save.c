/* gable train --save: the file gives what the trainer's own evaluation gives, for the zoo and for files. */
#include "bench/subject.h"
#include "check.h"
#include "cli/train.h"
#include "learn/learn.h"
#include "model/model.h"
#include "onnx/replace.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#define SAVED "/tmp/gable-train-save.onnx"
enum { BATCH = 4, STEPS = 3, EXAMPLES = 6 };

struct subject {
    struct graph *graph;
    struct weights *weights;
    struct initializers *file;
    struct cpus cpus;
};
static void open_subject(struct subject *s, const char *model, int batch, int size, bool wants_floats)
{
    const struct model_options o = {.zoo = {.batch = batch, .height = size, .width = size}};
    gable_error e = {0};
    *s = (struct subject){0};
    cpus_read("", &s->cpus);
    assert_ok(model_open(model, &o, &s->graph, &e), &e);
    assert_ok(subject_weights(model, 1, s->graph, wants_floats, &s->file, &s->weights, &e), &e);
}
static void close_subject(struct subject *s)
{
    weights_free(s->weights);
    initializers_close(s->file);
    graph_free(s->graph);
}

static int dimension(const struct graph *g, int i)
{
    const struct shape *x = &g->inputs[0]->shape;
    return i < x->rank ? (int)x->dim[i] : 1;
}
static struct dataset examples_of(const struct graph *g)
{
    struct dataset d;
    gable_error e = {0};
    assert_ok(dataset_synthetic(BATCH * STEPS, dimension(g, 1), dimension(g, 2), dimension(g, 3), 3, 1, &d, &e), &e);
    return d;
}

/* Some steps, then the outputs for the first examples; what is saved then. */
static void train(const struct train_run *r, struct dataset *d, float *outputs, int size)
{
    struct subject s;
    struct trainer *t;
    struct learning l;
    gable_error e = {0};
    double accuracy;
    open_subject(&s, r->options.model, BATCH, size, true);
    *d = examples_of(s.graph);
    assert_ok(trainer_open(s.graph, s.weights, &s.cpus, &r->options.trainer, &t, &e), &e);
    assert_ok(train_save_check(r, t, s.weights, &e), &e);
    assert_int_not_equal(access(SAVED, F_OK), 0);
    assert_ok(learn_run(t, d, &(struct learn_options){.epochs = 1, .seed = 1}, &l, &e), &e);
    struct dataset first = *d;
    first.n = EXAMPLES;
    const struct validation v = {.data = &first, .weights = s.weights, .cpus = &s.cpus};
    assert_ok(learn_validate(t, &v, &accuracy, outputs, &e), &e);
    assert_ok(train_save(r, t, s.weights, SAVED, &e), &e);
    learning_release(&l);
    trainer_close(t);
    close_subject(&s);
}

/* One example at a time, by the file alone. */
static void compare(const struct dataset *d, const float *outputs, int classes)
{
    struct subject s;
    struct general *session;
    struct value input;
    gable_error e = {0};
    open_subject(&s, SAVED, 1, 0, false);
    const struct tensor *x = s.graph->inputs[0];
    assert_int_equal(x->shape.dim[0], 1);
    assert_ok(general_open(s.graph, initializers_values(s.file), &s.cpus, NULL, &session, &e), &e);
    assert_ok(value_new(general_pool(session), DTYPE_F32, x->shape.rank, x->shape.dim, &input, &e), &e);
    assert_ok(general_set_input(session, 0, &input, &e), &e);
    for (int i = 0; i < EXAMPLES; i++) {
        assert_ok(dataset_load(d, i, -1, input.data, &e), &e);
        assert_ok(general_run(session, &e), &e);
        assert_int_equal(general_output(session, 0)->n, classes);
        for (int k = 0; k < classes; k++) {
            double got = value_real(general_output(session, 0), k), want = (double)outputs[i * classes + k];
            if (!(fabs(got - want) <= 1e-4 * (1 + fabs(want))))
                fail_msg("example %d, class %d: %g by the file, %g by the trainer", i, k, got, want);
        }
    }
    value_release(&input);
    general_close(session);
    close_subject(&s);
}

static void saves(const char *model, int size, int classes, const char *frozen)
{
    struct train_run r = {.save = SAVED, .options = {.model = model, .batch = BATCH, .height = size, .width = size}};
    r.options.trainer.frozen = frozen;
    float *outputs = calloc((size_t)(EXAMPLES * classes), sizeof *outputs);
    struct dataset d;
    unlink(SAVED);
    train(&r, &d, outputs, size);
    compare(&d, outputs, classes);
    dataset_release(&d);
    free(outputs);
}
static void a_model_of_the_zoo(void **state)
{
    (void)state;
    saves("mobilenet_v3_small", 32, 1000, NULL);
}
/* Its graph holds the batch: it is written for one image. */
static void one_that_holds_the_batch(void **state)
{
    (void)state;
    saves("shufflenet_v2_x0_5", 32, 1000, NULL);
}
static void a_file(void **state)
{
    (void)state;
    saves(TESTS_DIR "/model/files/mlp.onnx", 0, 4, NULL);
}
static void a_file_part_of_which_is_frozen(void **state)
{
    (void)state;
    saves(TESTS_DIR "/model/files/mlp.onnx", 0, 4, "fc1.*");
}
/* What was saved is a file like any other. */
static void a_saved_file(void **state)
{
    (void)state;
    saves("mobilenet_v3_small", 32, 1000, NULL);
    assert_int_equal(rename(SAVED, "/tmp/gable-train-saved.onnx"), 0);
    saves("/tmp/gable-train-saved.onnx", 0, 1000, NULL);
    unlink("/tmp/gable-train-saved.onnx");
    unlink(SAVED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_model_of_the_zoo),
        cmocka_unit_test(one_that_holds_the_batch),
        cmocka_unit_test(a_file),
        cmocka_unit_test(a_file_part_of_which_is_frozen),
        cmocka_unit_test(a_saved_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
