/* Doctor's machines are folders of small files; the lines are compared whole. */
#include "check.h"
#include "machine/environment.h"

#include <stdio.h>
#include <string.h>

static const char *const state_names[] = {"fine", "know", "unfit", "unknown"};

static const struct {
    const char *machine;
    const char *lines[13];
} doctors[] = {
    {"laptop",
     {"allowed CPUs: fine: 4 of 4 CPUs allowed", "quota: fine: no CPU quota below the 4 CPUs",
      "governor: know: powersave: clocks follow load; sudo cpupower frequency-set -g performance",
      "boost: know: on: turbo fades as the chip heats; roofs are measured beside each run",
      "load: fine: load average 0.05", "pressure: fine: tasks waited for a CPU in 0.0 % of the last 10 s",
      "memory: fine: 7.81 GiB of 15.6 GiB available",
      "huge pages: know: never: large arenas lose TLB reach; echo madvise > "
      "/sys/kernel/mm/transparent_hugepage/enabled",
      "SMT: know: on: one thread per core is used; siblings can disturb (echo off > "
      "/sys/devices/system/cpu/smt/control)",
      "virtual: fine: no hypervisor", "battery: unfit: on battery: plug in",
      "clock source: know: hpet is slow to read: short passes are timed in blocks", "NUMA: fine: one node"}},
    {"docker_v2",
     {"allowed CPUs: fine: 8 of 8 CPUs allowed",
      "quota: unfit: limited to 1.5 CPUs by a cgroup: threads beyond that are stopped (docker run --cpus)",
      "governor: unknown: unknown", "boost: unknown: unknown",
      "load: know: load average 3.50 on 8 CPUs: something else is using the CPU",
      "pressure: know: tasks waited for a CPU in 12.5 % of the last 10 s",
      "memory: know: 1.00 GiB of 16.0 GiB available: large batches will not fit", "huge pages: fine: madvise",
      "SMT: unknown: unknown", "virtual: unknown: unknown", "battery: unknown: unknown", "clock source: fine: tsc",
      "NUMA: unknown: unknown"}},
    {"guest_v1",
     {"allowed CPUs: know: 2 of 64 CPUs allowed: started by taskset, or by mpirun, which binds to one core "
      "(mpirun --bind-to none)",
      "quota: unfit: limited to 1 CPUs by a cgroup: threads beyond that are stopped (docker run --cpus)",
      "governor: fine: performance", "boost: fine: off", "load: unknown: unknown", "pressure: unknown: unknown",
      "memory: unknown: unknown", "huge pages: unknown: unknown", "SMT: fine: off",
      "virtual: know: a guest (hypervisor Amazon EC2): neighbours are invisible", "battery: unknown: unknown",
      "clock source: unknown: unknown",
      "NUMA: know: pages migrate between nodes 0-1: sudo sysctl kernel.numa_balancing=0"}},
    {"empty",
     {"allowed CPUs: unknown: unknown", "quota: unknown: unknown", "governor: unknown: unknown",
      "boost: unknown: unknown", "load: unknown: unknown", "pressure: unknown: unknown", "memory: unknown: unknown",
      "huge pages: unknown: unknown", "SMT: unknown: unknown", "virtual: unknown: unknown", "battery: unknown: unknown",
      "clock source: unknown: unknown", "NUMA: unknown: unknown"}},
};

static void root_of(const char *machine, char *out, size_t room)
{
    snprintf(out, room, "%s/machine/machines/%s", TESTS_DIR, machine);
}

static void doctors_say_what_they_see(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(doctors); i++) {
        char root[512], line[300];
        struct cpus cpus;
        struct fitness_line lines[FITNESS_LINES];
        root_of(doctors[i].machine, root, sizeof root);
        cpus_read(root, &cpus);
        int n = fitness_check(root, &cpus, lines);
        assert_int_equal(n, COUNT_OF(doctors[i].lines));
        for (int j = 0; j < n; j++) {
            snprintf(line, sizeof line, "%.23s: %.7s: %.199s", lines[j].check, state_names[lines[j].state],
                     lines[j].text);
            assert_string_equal(line, doctors[i].lines[j]);
        }
    }
}

static void check_null(const char *name, const json_t *j)
{
    const char *key;
    json_t *value;
    if (!json_is_object(j)) {
        if (!json_is_null(j)) fail_msg("%s is not null", name);
        return;
    }
    json_object_foreach ((json_t *)j, key, value) check_null(key, value);
}

static void an_empty_root_is_null_in_every_field(void **state)
{
    (void)state;
    char root[512];
    root_of("empty", root, sizeof root);
    json_t *record = environment_json(root);
    assert_true(json_object_size(record) >= 6);
    check_null("", record);
    json_decref(record);
}

static const json_t *at(const json_t *record, const char *group, const char *name)
{
    return json_object_get(json_object_get(record, group), name);
}

static void a_laptop_is_recorded_without_its_name(void **state)
{
    (void)state;
    char root[512];
    root_of("laptop", root, sizeof root);
    json_t *record = environment_json(root);
    assert_string_equal(json_string_value(at(record, "cpu", "name")), "11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz");
    assert_int_equal(json_integer_value(at(record, "cpu", "model")), 140);
    assert_string_equal(json_string_value(at(record, "cpu", "microcode")), "0xa6");
    assert_string_equal(json_string_value(at(record, "clock", "energy_preference")), "balance_power");
    assert_int_equal(json_integer_value(at(record, "clock", "max_khz")), 4800000);
    assert_int_equal(json_integer_value(at(record, "memory", "total_kib")), 16384000);
    assert_string_equal(json_string_value(at(record, "system", "distribution")), "Debian GNU/Linux 12 (bookworm)");
    assert_string_equal(json_string_value(at(record, "power", "profile")), "balanced");
    assert_int_equal(json_integer_value(at(record, "power", "temperature_millidegrees")), 61000);
    assert_string_equal(json_string_value(at(record, "mitigations", "meltdown")), "Not affected");
    assert_true(json_is_null(at(record, "limits", "cpu_quota")));
    assert_true(json_is_null(at(record, "memory", "numa_balancing")));
    /* The host is recognised by 16 hexadecimal digits that are not its id. */
    const char *host = json_string_value(at(record, "system", "host"));
    assert_int_equal(strlen(host), 16);
    assert_int_equal(strspn(host, "0123456789abcdef"), 16);
    assert_null(strstr("0123456789abcdef0123456789abcdef", host));
    json_decref(record);
}

static void limits_of_both_cgroups_are_recorded(void **state)
{
    (void)state;
    char root[512];
    root_of("docker_v2", root, sizeof root);
    json_t *record = environment_json(root);
    assert_true(json_number_value(at(record, "limits", "cpu_quota")) == 1.5);
    assert_int_equal(json_integer_value(at(record, "limits", "nr_throttled")), 7);
    assert_string_equal(json_string_value(at(record, "limits", "cgroup_memory_max")), "4294967296");
    assert_string_equal(json_string_value(at(record, "system", "container")), "docker");
    json_decref(record);
    root_of("guest_v1", root, sizeof root);
    record = environment_json(root);
    assert_true(json_number_value(at(record, "limits", "cpu_quota")) == 1);
    assert_string_equal(json_string_value(at(record, "system", "hypervisor")), "Amazon EC2");
    assert_int_equal(json_integer_value(at(record, "limits", "cgroup_v1_memory_limit")), 8589934592);
    json_decref(record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doctors_say_what_they_see),
        cmocka_unit_test(an_empty_root_is_null_in_every_field),
        cmocka_unit_test(a_laptop_is_recorded_without_its_name),
        cmocka_unit_test(limits_of_both_cgroups_are_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
