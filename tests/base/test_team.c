#include "base/cpus.h"
#include "base/team.h"
#include "check.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

struct tally {
    struct team *team;
    atomic_int before, after;
    int seen_before[8]; /* what each thread saw behind the barrier */
    int cpu[8];
};

static void count_up(void *arg, int part, int parts)
{
    struct tally *t = arg;
    atomic_fetch_add(&t->before, 1);
    team_barrier(t->team);
    t->seen_before[part] = atomic_load(&t->before);
    t->cpu[part] = sched_getcpu();
    (void)parts;
    atomic_fetch_add(&t->after, 1);
}

static void all_parts_run_and_meet(void **state)
{
    (void)state;
    struct cpus cpus;
    cpus_read("", &cpus);
    for (int n = 1; n <= 4; n++) { /* more threads than CPUs must work too, only slower */
        int cpu[4];
        gable_error e = {0};
        struct tally t = {0};
        for (int i = 0; i < n; i++) cpu[i] = cpus.cores[i % cpus.n_cores];
        assert_ok(team_new(n, cpu, &t.team, &e), &e);
        for (int round = 1; round <= 50; round++) {
            team_run(t.team, count_up, &t);
            assert_int_equal(t.after, n * round);
            for (int i = 0; i < n; i++) {
                assert_int_equal(t.seen_before[i], n * round);
                assert_int_equal(t.cpu[i], cpu[i]);
            }
            if (round == 25) usleep(20000); /* let the others fall asleep once */
        }
        assert_int_equal(team_tids(t.team)[0], getpid());
        team_free(t.team);
    }
}

static void the_callers_mask_comes_back(void **state)
{
    (void)state;
    struct cpus before, after;
    struct team *t = NULL;
    gable_error e = {0};
    cpus_read("", &before);
    assert_ok(team_new(1, before.cores, &t, &e), &e);
    team_free(t);
    cpus_read("", &after);
    assert_int_equal(after.n_allowed, before.n_allowed);
}

#if !defined __SANITIZE_ADDRESS__ /* it maps terabytes of its own */
/* Room for a few stacks only: the threads that did start must end, and the error says how far it came. */
static void threads_that_cannot_start_are_an_error(void **state)
{
    (void)state;
    struct rlimit old, small;
    struct team *t = NULL;
    gable_error e = {0};
    int cpu[256];
    struct cpus cpus;
    cpus_read("", &cpus);
    for (size_t i = 0; i < COUNT_OF(cpu); i++) cpu[i] = cpus.cores[0];
    assert_int_equal(getrlimit(RLIMIT_AS, &old), 0);
    small = (struct rlimit){256 << 20, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &small), 0);
    gable_status s = team_new((int)COUNT_OF(cpu), cpu, &t, &e);
    assert_int_equal(setrlimit(RLIMIT_AS, &old), 0);
    assert_int_equal(s, GABLE_FAILED);
    assert_contains(e.why, "of 256 cannot be started");
}
#endif

static void recorded_machines(void **state)
{
    (void)state;
    static const struct {
        const char *root;
        int online, allowed, cores;
        double quota;
    } cases[] = {
        {"/laptop", 8, 8, 4, 0},         /* two threads per core */
        {"/docker_v2", 16, 16, 16, 1.5}, /* cpu.max 150000 100000, and a looser group above */
        {"/guest_v1", 4, 2, 2, 2.5},     /* taskset 2-3, cfs quota */
        {"/empty", 1, 1, 1, 0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char root[512];
        struct cpus c;
        snprintf(root, sizeof root, "%s/base/machines%s", TESTS_DIR, cases[i].root);
        cpus_read(root, &c);
        if (c.n_online != cases[i].online || c.n_allowed != cases[i].allowed || c.n_cores != cases[i].cores ||
            c.quota != cases[i].quota)
            fail_msg("%s: %d online, %d allowed, %d cores, quota %g", cases[i].root, c.n_online, c.n_allowed, c.n_cores,
                     c.quota);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_parts_run_and_meet),
        cmocka_unit_test(the_callers_mask_comes_back),
#if !defined __SANITIZE_ADDRESS__
        cmocka_unit_test(threads_that_cannot_start_are_an_error),
#endif
        cmocka_unit_test(recorded_machines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
