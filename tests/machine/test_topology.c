#include "check.h"
#include "machine/pipes.h"
#include "machine/topology.h"

#include <stdio.h>
#include <string.h>

/* A machine from hwloc's own description language. */
static void synthetic(const char *description, struct topology *out)
{
    hwloc_topology_t t;
    *out = (struct topology){0};
    assert_int_equal(hwloc_topology_init(&t), 0);
    assert_int_equal(hwloc_topology_set_synthetic(t, description), 0);
    assert_int_equal(hwloc_topology_load(t), 0);
    topology_of_hwloc(t, out);
    hwloc_topology_destroy(t);
}

static void check_cache(const struct topology *t, int level, size_t bytes, int instances, int shared_by)
{
    const struct cache *c = topology_cache(t, level);
    assert_non_null(c);
    assert_int_equal(c->bytes, bytes);
    assert_int_equal(c->instances, instances);
    assert_int_equal(c->shared_by, shared_by);
}

static void a_two_socket_server_is_read(void **state)
{
    (void)state;
    struct topology t;
    synthetic("pack:2 [numa(memory=64GiB)] l3:4(size=32MiB) l2:8(size=1MiB) l1d:1(size=32KiB) core:1 pu:2", &t);
    assert_int_equal(t.sockets, 2);
    assert_int_equal(t.cores, 2 * 4 * 8);
    assert_int_equal(t.pus, 2 * 4 * 8 * 2);
    assert_int_equal(t.numa_nodes, 2);
    assert_int_equal(t.n_caches, 3);
    check_cache(&t, 1, 32 << 10, 64, 2);
    check_cache(&t, 2, 1 << 20, 64, 2);
    check_cache(&t, 3, 32 << 20, 8, 16);
    assert_int_equal(topology_last_level(&t), 3);
    assert_int_equal(t.memory_bytes, 2 * 64LL << 30);
}

static void a_machine_without_caches_has_none(void **state)
{
    (void)state;
    struct topology t;
    synthetic("core:4 pu:1", &t);
    assert_int_equal(t.cores, 4);
    assert_int_equal(t.n_caches, 0);
    assert_int_equal(topology_last_level(&t), 0);
    assert_null(topology_cache(&t, 1));
}

static void this_machine_has_cores_and_instructions(void **state)
{
    (void)state;
    struct topology t;
    topology_read(&t);
    assert_true(t.pus >= t.cores && t.cores >= 1);
    assert_true(t.memory_bytes > 0);
    assert_true(strlen(t.isa) > 0);
}

static void names_clocks_and_guests_come_from_files(void **state)
{
    (void)state;
    struct topology laptop = {0}, guest = {0}, empty = {0};
    topology_of_system(TESTS_DIR "/machine/machines/laptop", &laptop);
    assert_string_equal(laptop.cpu, "11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz");
    assert_string_equal(laptop.vendor, "GenuineIntel");
    assert_int_equal(laptop.model, 140);
    assert_true(laptop.base_hz == 1.9e9 && laptop.max_hz == 4.8e9);
    assert_string_equal(laptop.hypervisor, "");
    assert_string_equal(pipes_core_name(&laptop), "Tiger Lake");
    topology_of_system(TESTS_DIR "/machine/machines/guest_v1", &guest);
    assert_string_equal(guest.hypervisor, "Amazon EC2");
    assert_true(guest.base_hz == 0 && guest.max_hz == 0);
    topology_of_system(TESTS_DIR "/machine/machines/empty", &empty);
    assert_string_equal(empty.cpu, "");
    topology_of_system(TESTS_DIR "/machine/machines/arm", &empty);
    assert_string_equal(empty.vendor, "ARM");
    assert_string_equal(pipes_core_name(&empty), "Neoverse N1");
}

static const struct {
    const char *vendor, *cpu;
    int family, model;
    const char *core;
    double fma512, fma256;
} known[] = {
    {"AuthenticAMD", "AMD EPYC 9654", 25, 17, "Zen 4", 1, 2},
    {"AuthenticAMD", "AMD EPYC 7763", 25, 1, "Zen 3", 0, 2},
    {"AuthenticAMD", "AMD EPYC 7551", 23, 1, "Zen", 0, 1},
    {"GenuineIntel", "Intel(R) Xeon(R) Gold 6148 CPU @ 2.40GHz", 6, 85, "Skylake-SP", 2, 2},
    {"GenuineIntel", "Intel(R) Xeon(R) Silver 4110 CPU @ 2.10GHz", 6, 85, "Skylake-SP", 0, 2}, /* 1 or 2: unknown */
    {"GenuineIntel", "Intel(R) Xeon(R) Platinum 8480+", 6, 143, "Sapphire Rapids", 2, 2},
    {"GenuineIntel", "a CPU of 2031", 6, 250, "", 0, 0},
    {"ARM", "ARM part 0xd0c", 3, 0xd0c, "Neoverse N1", 0, 0},
};

static void cores_are_found_by_vendor_family_and_model(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        struct topology t = {.family = known[i].family, .model = known[i].model};
        snprintf(t.vendor, sizeof t.vendor, "%s", known[i].vendor);
        snprintf(t.cpu, sizeof t.cpu, "%s", known[i].cpu);
        assert_string_equal(pipes_core_name(&t), known[i].core);
        assert_true(pipes_per_cycle(&t, ISSUE_FMA512) == known[i].fma512);
        assert_true(pipes_per_cycle(&t, ISSUE_FMA256) == known[i].fma256);
        assert_true(pipes_per_cycle(&t, ISSUE_UNKNOWN) == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_two_socket_server_is_read),
        cmocka_unit_test(a_machine_without_caches_has_none),
        cmocka_unit_test(this_machine_has_cores_and_instructions),
        cmocka_unit_test(names_clocks_and_guests_come_from_files),
        cmocka_unit_test(cores_are_found_by_vendor_family_and_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
