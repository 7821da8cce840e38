/* What is kept of a training run: described from it, written as JSON, read again, refused where it is not whole. */
#include "check.h"
#include "learn/learned.h"
#include "small.h"

#include <string.h>

static double losses[] = {2.5, 1.25, 1.0, 0.5, 0.25};
static struct learn_epoch epochs[] = {{1.875, 0.25, 0.125}, {0.75, 0.875, 0.5}};

static struct learned made(void)
{
    return (struct learned){.model = "small",
                            .trainer = "blocked",
                            .data = "flowers",
                            .frozen = "fc.*",
                            .optimizer = "adam",
                            .rate = 0.001,
                            .decay = 1e-5,
                            .seed = UINT64_C(1) << 40,
                            .batch = 16,
                            .height = 12,
                            .width = 13,
                            .n_examples = 40,
                            .classes = 4,
                            .epochs = 3,
                            .started_utc = 1764000000,
                            .run = {.steps_per_epoch = 2,
                                    .n_losses = COUNT_OF(losses),
                                    .losses = losses,
                                    .n_epochs = COUNT_OF(epochs),
                                    .epochs = epochs}};
}

static void test_comes_back_as_written(void **state)
{
    struct learned one = made(), two;
    gable_error e = {0};
    json_t *j = learned_json(&one);
    (void)state;
    assert_ok(learned_from_json(j, &two, &e), &e);
    json_t *again = learned_json(&two);
    assert_true(json_equal(j, again));
    assert_memory_equal(two.run.losses, losses, sizeof losses);
    assert_memory_equal(two.run.epochs, epochs, sizeof epochs);
    assert_int_equal(two.seed, one.seed);
    assert_string_equal(two.frozen, "fc.*");
    learned_release(&two);
    json_decref(j);
    json_decref(again);
}

static void assert_refused(json_t *j)
{
    struct learned l;
    gable_error e = {0};
    assert_int_equal(learned_from_json(j, &l, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "not whole");
    learned_release(&l);
}
/* Every member left out or of another kind; a run that does not fit its own numbers. */
static void test_what_is_not_whole_is_refused(void **state)
{
    struct learned one = made();
    json_t *whole = learned_json(&one), *value;
    const char *key;
    (void)state;
    json_object_foreach (whole, key, value) {
        bool is_list = json_is_array(value) && strcmp(key, "losses");
        json_t *j = json_deep_copy(whole);
        if (!is_list) { /* no finished epoch is a run too */
            json_object_del(j, key);
            assert_refused(j);
        }
        json_object_set_new(j, key, is_list ? json_pack("[{s:f}]", "loss", 1.0) : json_true());
        assert_refused(j);
        json_decref(j);
    }
    json_object_set_new(whole, "batch", json_integer(INT64_C(1) << 32 | 16));
    assert_refused(whole);
    json_object_set_new(whole, "batch", json_integer(16));
    json_object_set_new(whole, "steps_per_epoch", json_integer(3)); /* two epochs have six losses then */
    assert_refused(whole);
    json_decref(whole);
}

static void test_is_described_by_its_trainer(void **state)
{
    struct dataset d;
    struct learned l, other;
    struct text key = {0}, same = {0}, another = {0};
    gable_error e = {0};
    (void)state;
    assert_ok(dataset_synthetic(48, 3, SIDE, SIDE, CLASSES, 1, &d, &e), &e);
    struct setting s = begin(d);
    struct learn_options o = {.epochs = 2, .seed = 7};
    learned_describe(&l, s.trainer, &s.data, "/home/somebody/flowers/", &o);
    assert_string_equal(l.model, "small");
    assert_string_equal(l.data, "flowers"); /* no path */
    assert_string_equal(l.optimizer, "adam");
    assert_true(l.rate == 0.01);
    assert_int_equal(l.batch, BATCH);
    assert_int_equal(l.n_examples, 48);
    assert_int_equal(l.classes, CLASSES);
    learned_key(&l, &key);
    learned_describe(&other, s.trainer, &s.data, "flowers", &(struct learn_options){.epochs = 9, .seed = 7});
    learned_key(&other, &same);
    assert_string_equal(key.data, same.data); /* the same run, longer */
    learned_describe(&other, s.trainer, &s.data, "flowers", &(struct learn_options){.epochs = 2, .seed = 8});
    learned_key(&other, &another);
    assert_string_not_equal(key.data, another.data);
    text_release(&key);
    text_release(&same);
    text_release(&another);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_comes_back_as_written),
        cmocka_unit_test(test_what_is_not_whole_is_refused),
        cmocka_unit_test(test_is_described_by_its_trainer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
