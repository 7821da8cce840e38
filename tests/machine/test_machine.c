/* The whole: measuring really, the roof that comes of it, JSON there and back. No value is asserted against a clock. */
#include "base/json.h"
#include "base/team.h"
#include "check.h"
#include "machine/machine.h"

#include <math.h>
#include <string.h>

struct heard {
    int calls, last_done, last_total;
    bool interrupt;
};
static volatile bool interrupted;

static void hear(void *arg, const char *what, int done, int total)
{
    struct heard *h = arg;
    assert_non_null(what);
    assert_in_range(done, 0, total);
    h->calls++;
    h->last_done = done;
    h->last_total = total;
    if (h->interrupt && h->calls == 4) interrupted = true;
}

static void check_ceilings(const struct machine *m)
{
    for (int i = 0; i < m->n_ceilings; i++) {
        const struct ceiling *c = &m->ceilings[i];
        assert_true(isfinite(c->value) && c->low <= c->value && c->value <= c->high);
        assert_int_equal(c->valid, c->reason[0] == '\0');
        if (c->valid) assert_true(c->value > 0);
    }
}

static void the_roof_is_measured_and_survives_json(void **state)
{
    (void)state;
    static struct machine m, again;
    struct cpus cpus;
    struct heard heard = {0};
    gable_error e = {0};
    cpus_read("", &cpus);
    struct machine_options options = {.only_roof = true, .quick = true, .progress = hear, .progress_arg = &heard};
    assert_ok(machine_measure(&cpus, &options, NULL, &m, &e), &e);
    int caches = 0;
    for (int i = 0; i < m.topology.n_caches; i++) caches += m.topology.cache[i].level > 1;
    assert_int_equal(m.n_ceilings, 1 + 7 + caches);
    assert_true(heard.calls >= m.n_ceilings);
    check_ceilings(&m);
    json_t *first = machine_json(&m);
    assert_ok(machine_from_json(first, &again, &e), &e);
    json_t *second = machine_json(&again);
    assert_true(json_equal(first, second));
    assert_int_equal(again.n_ceilings, m.n_ceilings);
    assert_string_equal(again.topology.isa, m.topology.isa);
    json_decref(first);
    json_decref(second);
}

static void an_interrupt_keeps_what_is_measured(void **state)
{
    (void)state;
    static struct machine m;
    struct cpus cpus;
    struct heard heard = {.interrupt = true};
    gable_error e = {0};
    cpus_read("", &cpus);
    interrupted = false;
    struct machine_options options = {.quick = true, .threads = 1, .progress = hear, .progress_arg = &heard};
    assert_int_equal(machine_measure(&cpus, &options, &interrupted, &m, &e), GABLE_INTERRUPTED);
    assert_int_equal(m.n_ceilings, 4);
    check_ceilings(&m);
    for (int i = 0; i < m.n_ceilings; i++) assert_string_equal(m.ceilings[i].reason, "interrupted after 1 bursts");
}

static void json_that_is_no_machine_is_refused(void **state)
{
    (void)state;
    static struct machine m;
    static const struct {
        const char *text, *where, *why;
    } cases[] = {
        {"{}", "", "this has not"},
        {"{\"topology\": {}, \"ceilings\": 3}", "", "this has not"},
        {"{\"topology\": {}, \"ceilings\": [{}]}", "ceiling 1", "kind is neither"},
        {"{\"topology\": {}, \"ceilings\": [{\"kind\": \"compute\"}]}", "ceiling 1", "value is not a number"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        gable_error e = {0};
        json_t *j = json_loads(cases[i].text, 0, NULL);
        assert_int_equal(machine_from_json(j, &m, &e), GABLE_BAD_INPUT);
        assert_contains(e.where, cases[i].where);
        assert_contains(e.why, cases[i].why);
        json_decref(j);
    }
}

static void probes_answer(void **state)
{
    (void)state;
    struct cpus cpus;
    struct team *team = NULL;
    struct probe *p = NULL;
    gable_error e = {0};
    cpus_read("", &cpus);
    assert_ok(team_new(cpus.n_cores < 2 ? 1 : 2, cpus.cores, &team, &e), &e);
    assert_ok(probe_new(team, &p, &e), &e);
    assert_true(probe_flops(p, 0.005) > 0);
    assert_true(probe_bytes(p, 0.005) > 0);
    probe_free(p);
    probe_free(NULL);
    team_free(team);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_roof_is_measured_and_survives_json),
        cmocka_unit_test(an_interrupt_keeps_what_is_measured),
        cmocka_unit_test(json_that_is_no_machine_is_refused),
        cmocka_unit_test(probes_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
