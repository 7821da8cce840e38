/* Is this machine fit to measure on? One line a check; a file that is missing is "unknown", never "fine". */
#include "base/units.h"
#include "machine/environment.h"
#include "machine/system.h"
#include "machine/topology.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

enum state { FINE, WORTH_KNOWING, UNFIT, UNKNOWN };

static void say(struct fitness_line *l, enum state state, const char *format, ...) PRINTF_LIKE(3, 4);
static void say(struct fitness_line *l, enum state state, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    l->state = (int)state;
    vsnprintf(l->text, sizeof l->text, format, args);
    va_end(args);
}

static void check_allowed(const char *root, const struct cpus *cpus, struct fitness_line *l)
{
    if (!system_exists(root, "/sys/devices/system/cpu/online")) return;
    if (cpus->n_allowed < cpus->n_online)
        say(l, WORTH_KNOWING,
            "%d of %d CPUs allowed: started by taskset, or by mpirun, which binds to one core "
            "(mpirun --bind-to none)",
            cpus->n_allowed, cpus->n_online);
    else
        say(l, FINE, "%d of %d CPUs allowed", cpus->n_allowed, cpus->n_online);
}

static void check_quota(const char *root, const struct cpus *cpus, struct fitness_line *l)
{
    if (cpus->quota > 0 && cpus->quota < cpus->n_allowed)
        say(l, UNFIT, "limited to %g CPUs by a cgroup: threads beyond that are stopped (docker run --cpus)",
            cpus->quota);
    else if (system_exists(root, "/proc/self/cgroup"))
        say(l, FINE, "no CPU quota below the %d CPUs", cpus->n_allowed);
}

static void check_governor(const char *root, const struct cpus *cpus, struct fitness_line *l)
{
    char governor[64];
    (void)cpus;
    if (!system_line(root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", governor, sizeof governor)) return;
    if (!strcmp(governor, "performance"))
        say(l, FINE, "performance");
    else
        say(l, WORTH_KNOWING, "%s: clocks follow load; sudo cpupower frequency-set -g performance", governor);
}

static void check_boost(const char *root, const struct cpus *cpus, struct fitness_line *l)
{
    double boost, no_turbo;
    (void)cpus;
    bool on = false;
    if (system_number(root, "/sys/devices/system/cpu/cpufreq/boost", &boost))
        on = boost != 0;
    else if (system_number(root, "/sys/devices/system/cpu/intel_pstate/no_turbo", &no_turbo))
        on = no_turbo == 0;
    else
        return;
    if (on)
        say(l, WORTH_KNOWING, "on: turbo fades as the chip heats; roofs are measured beside each run");
    else
        say(l, FINE, "off");
}

static void check_load(const char *root, const struct cpus *cpus, struct fitness_line *l)
{
    double load;
    if (!system_number(root, "/proc/loadavg", &load)) return;
    if (load > 0.1 * cpus->n_online)
        say(l, WORTH_KNOWING, "load average %.2f on %d CPUs: something else is using the CPU", load, cpus->n_online);
    else
        say(l, FINE, "load average %.2f", load);
}

static void check_pressure(const char *root, const struct cpus *cpus, struct fitness_line *l)
{
    char line[256];
    double share;
    (void)cpus;
    if (!system_line(root, "/proc/pressure/cpu", line, sizeof line) || sscanf(line, "some avg10=%lf", &share) != 1)
        return;
    if (share > 1)
        say(l, WORTH_KNOWING, "tasks waited for a CPU in %.1f %% of the last 10 s", share);
    else
        say(l, FINE, "tasks waited for a CPU in %.1f %% of the last 10 s", share);
}

static void check_memory(const char *root, const struct cpus *cpus, struct fitness_line *l)
{
    double available, total;
    (void)cpus;
    if (!system_field_number(root, "/proc/meminfo", "MemAvailable", &available) ||
        !system_field_number(root, "/proc/meminfo", "MemTotal", &total))
        return;
    struct quantity a = quantity_bytes(available * 1024), t = quantity_bytes(total * 1024);
    if (available < total / 10)
        say(l, WORTH_KNOWING, "%s of %s available: large batches will not fit", a.text, t.text);
    else
        say(l, FINE, "%s of %s available", a.text, t.text);
}

static void check_huge_pages(const char *root, const struct cpus *cpus, struct fitness_line *l)
{
    char line[128];
    (void)cpus;
    if (!system_line(root, "/sys/kernel/mm/transparent_hugepage/enabled", line, sizeof line)) return;
    if (strstr(line, "[never]"))
        say(l, WORTH_KNOWING,
            "never: large arenas lose TLB reach; echo madvise > /sys/kernel/mm/transparent_hugepage/enabled");
    else
        say(l, FINE, "%s", strstr(line, "[always]") ? "always" : "madvise");
}

static void check_smt(const char *root, const struct cpus *cpus, struct fitness_line *l)
{
    double active;
    (void)cpus;
    if (!system_number(root, "/sys/devices/system/cpu/smt/active", &active)) return;
    if (active != 0)
        say(l, WORTH_KNOWING,
            "on: one thread per core is used; siblings can disturb (echo off > "
            "/sys/devices/system/cpu/smt/control)");
    else
        say(l, FINE, "off");
}

static void check_virtual(const char *root, const struct cpus *cpus, struct fitness_line *l)
{
    char name[64];
    (void)cpus;
    if (hypervisor_name(root, name, sizeof name))
        say(l, WORTH_KNOWING, "a guest (hypervisor %s): neighbours are invisible", name);
    else if (system_exists(root, "/proc/cpuinfo"))
        say(l, FINE, "no hypervisor");
}

/* Any supply of type Battery that discharges. */
static void check_battery(const char *root, const struct cpus *cpus, struct fitness_line *l)
{
    char path[4096], type[32], status[32];
    (void)cpus;
    snprintf(path, sizeof path, "%s/sys/class/power_supply", root);
    DIR *d = opendir(path);
    if (!d) return;
    say(l, FINE, "not on battery");
    for (const struct dirent *entry; (entry = readdir(d));) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/sys/class/power_supply/%.200s/type", entry->d_name);
        if (!system_line(root, path, type, sizeof type) || strcmp(type, "Battery")) continue;
        snprintf(path, sizeof path, "/sys/class/power_supply/%.200s/status", entry->d_name);
        if (system_line(root, path, status, sizeof status) && !strcmp(status, "Discharging"))
            say(l, UNFIT, "on battery: plug in");
    }
    closedir(d);
}

static void check_clock_source(const char *root, const struct cpus *cpus, struct fitness_line *l)
{
    char source[64];
    (void)cpus;
    if (!system_line(root, "/sys/devices/system/clocksource/clocksource0/current_clocksource", source, sizeof source))
        return;
    if (!strcmp(source, "hpet") || !strcmp(source, "acpi_pm"))
        say(l, WORTH_KNOWING, "%s is slow to read: short passes are timed in blocks", source);
    else
        say(l, FINE, "%s", source);
}

static void check_numa(const char *root, const struct cpus *cpus, struct fitness_line *l)
{
    double balancing;
    char nodes[128];
    (void)cpus;
    if (!system_line(root, "/sys/devices/system/node/online", nodes, sizeof nodes)) return;
    bool has_many = strpbrk(nodes, "-,") != NULL;
    if (has_many && system_number(root, "/proc/sys/kernel/numa_balancing", &balancing) && balancing != 0)
        say(l, WORTH_KNOWING, "pages migrate between nodes %s: sudo sysctl kernel.numa_balancing=0", nodes);
    else
        say(l, FINE, "%s", has_many ? "pages stay on their node" : "one node");
}

static const struct {
    const char *name;
    void (*run)(const char *root, const struct cpus *cpus, struct fitness_line *out);
} checks[] = {
    {"allowed CPUs", check_allowed},
    {"quota", check_quota},
    {"governor", check_governor},
    {"boost", check_boost},
    {"load", check_load},
    {"pressure", check_pressure},
    {"memory", check_memory},
    {"huge pages", check_huge_pages},
    {"SMT", check_smt},
    {"virtual", check_virtual},
    {"battery", check_battery},
    {"clock source", check_clock_source},
    {"NUMA", check_numa},
};
_Static_assert(sizeof checks / sizeof *checks <= FITNESS_LINES, "a line for every check");

int fitness_check(const char *root, const struct cpus *cpus, struct fitness_line *out)
{
    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        out[i] = (struct fitness_line){.state = UNKNOWN, .text = "unknown"};
        snprintf(out[i].check, sizeof out[i].check, "%s", checks[i].name);
        checks[i].run(root, cpus, &out[i]);
    }
    return (int)COUNT_OF(checks);
}
