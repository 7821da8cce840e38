/* Floors by hand: 1e12 FLOP/s; 1e10 byte/s from DRAM, 4e10 from the last cache (8 MB), 1e11 from the second (1 MB). */
#include "check.h"

#include "bench/floor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct roof roof = {.peak = 1e12, .bandwidth = 1e10};
static const struct cache_roofs caches = {1000000, 8000000, 1e11, 4e10};

static const struct floor_case {
    const char *what;
    struct floor_plan plan;
    struct floor_work work;
    double ns;
} cases[] = {
    {"arithmetic bounds", {4e6, 1e6, 2}, {1e9, 0, 1e6}, 1e6},
    {"pieces in the second level: 1e6 / 1e11", {4e6, 1e6, 2}, {0, 0, 1e6}, 1e4},
    {"pieces of 2 MB in the last level: 4e6 / 4e10", {4e6, 1e6, 2}, {0, 0, 4e6}, 1e5},
    {"the same in four pieces", {4e6, 1e6, 4}, {0, 0, 4e6}, 4e4},
    {"an arena beyond the last level: 4e6 / 1e10", {9e6, 1e6, 4}, {0, 0, 4e6}, 4e5},
    {"weights beside the arena: 2e6 / 4e10 + 1e6 / 1e11", {4e6, 4e6, 2}, {0, 2e6, 1e6}, 6e4},
    {"weights from DRAM: 2e6 / 1e10 + 1e6 / 1e11", {4e6, 5e6, 2}, {0, 2e6, 1e6}, 2.1e5},
};

static void floors_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        double ns = floor_ns(&roof, &caches, &cases[i].plan, &cases[i].work);
        if (fabs(ns / cases[i].ns - 1) > 1e-9) fail_msg("%s: %g ns", cases[i].what, ns);
    }
}

static void without_caches_dram_stands_in(void **state)
{
    const struct cache_roofs none = {0};
    const struct floor_plan plan = {4e6, 1e6, 2};
    const struct floor_work work = {0, 1e6, 1e6};
    (void)state;
    assert_true(fabs(floor_ns(&roof, &none, &plan, &work) - 2e5) < 1e-6);
}

static struct ceiling bandwidth(const char *level, int threads, double value, bool valid)
{
    struct ceiling c = {.kind = CEILING_BANDWIDTH, .threads = threads, .value = value, .valid = valid};
    snprintf(c.level, sizeof c.level, "%s", level);
    return c;
}

static void the_best_valid_ceilings_count(void **state)
{
    static struct machine m;
    struct cache_roofs found;
    (void)state;
    m.topology.n_caches = 3;
    m.topology.cache[0] = (struct cache){.level = 1, .bytes = 32768, .instances = 2};
    m.topology.cache[1] = (struct cache){.level = 2, .bytes = 1 << 20, .instances = 2};
    m.topology.cache[2] = (struct cache){.level = 3, .bytes = 16 << 20, .instances = 2};
    m.ceilings[0] = bandwidth("L2", 2, 1e11, true);
    m.ceilings[1] = bandwidth("L2", 2, 2e11, true);
    m.ceilings[2] = bandwidth("L2", 2, 9e11, false);
    m.ceilings[3] = bandwidth("L2", 1, 8e11, true);
    m.ceilings[4] = bandwidth("L3", 2, 7e10, true);
    m.ceilings[5] = bandwidth("L1", 2, 5e12, true);
    m.n_ceilings = 6;
    cache_roofs_of(&m, 2, &found);
    assert_true(found.near == 2e11 && found.near_bytes == 1 << 20);
    assert_true(found.last == 7e10 && found.last_bytes == 32 << 20);
    m.n_ceilings = 0;
    cache_roofs_of(&m, 2, &found);
    assert_true(found.near == 0 && found.last == 0 && found.last_bytes == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floors_by_hand),
        cmocka_unit_test(without_caches_dram_stands_in),
        cmocka_unit_test(the_best_valid_ceilings_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
