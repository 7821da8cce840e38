#include "machine/environment.h"

#include "base/json.h"
#include "machine/system.h"
#include "machine/topology.h"

#include <dirent.h>
#include <glib.h>
#include <gnu/libc-version.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum kind { LINE, NUMBER, FIELD, FIELD_NUMBER };
/* One fact, one row: where it stands in the record and where the system tells it. */
static const struct fact {
    const char *group, *name;
    enum kind kind;
    const char *path, *key;
} facts[] = {
    {"cpu", "name", FIELD, "/proc/cpuinfo", "model name"},
    {"cpu", "vendor", FIELD, "/proc/cpuinfo", "vendor_id"},
    {"cpu", "family", FIELD_NUMBER, "/proc/cpuinfo", "cpu family"},
    {"cpu", "model", FIELD_NUMBER, "/proc/cpuinfo", "model"},
    {"cpu", "stepping", FIELD_NUMBER, "/proc/cpuinfo", "stepping"},
    {"cpu", "microcode", FIELD, "/proc/cpuinfo", "microcode"},
    {"cpu", "online", LINE, "/sys/devices/system/cpu/online", NULL},
    {"cpu", "allowed", FIELD, "/proc/self/status", "Cpus_allowed_list"},
    {"cpu", "smt_active", NUMBER, "/sys/devices/system/cpu/smt/active", NULL},
    {"clock", "governor", LINE, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", NULL},
    {"clock", "driver", LINE, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver", NULL},
    {"clock", "energy_preference", LINE, "/sys/devices/system/cpu/cpu0/cpufreq/energy_performance_preference", NULL},
    {"clock", "boost", NUMBER, "/sys/devices/system/cpu/cpufreq/boost", NULL},
    {"clock", "no_turbo", NUMBER, "/sys/devices/system/cpu/intel_pstate/no_turbo", NULL},
    {"clock", "base_khz", NUMBER, "/sys/devices/system/cpu/cpu0/cpufreq/base_frequency", NULL},
    {"clock", "max_khz", NUMBER, "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", NULL},
    {"clock", "limit_khz", NUMBER, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq", NULL},
    {"clock", "source", LINE, "/sys/devices/system/clocksource/clocksource0/current_clocksource", NULL},
    {"memory", "total_kib", FIELD_NUMBER, "/proc/meminfo", "MemTotal"},
    {"memory", "available_kib", FIELD_NUMBER, "/proc/meminfo", "MemAvailable"},
    {"memory", "swap_total_kib", FIELD_NUMBER, "/proc/meminfo", "SwapTotal"},
    {"memory", "swap_free_kib", FIELD_NUMBER, "/proc/meminfo", "SwapFree"},
    {"memory", "huge_pages", LINE, "/sys/kernel/mm/transparent_hugepage/enabled", NULL},
    {"memory", "huge_pages_defrag", LINE, "/sys/kernel/mm/transparent_hugepage/defrag", NULL},
    {"memory", "numa_nodes", LINE, "/sys/devices/system/node/online", NULL},
    {"memory", "numa_balancing", NUMBER, "/proc/sys/kernel/numa_balancing", NULL},
    {"memory", "address_randomisation", NUMBER, "/proc/sys/kernel/randomize_va_space", NULL},
    {"system", "kernel", LINE, "/proc/sys/kernel/osrelease", NULL},
    {"system", "distribution", FIELD, "/etc/os-release", "PRETTY_NAME"},
    {"system", "perf_event_paranoid", NUMBER, "/proc/sys/kernel/perf_event_paranoid", NULL},
    {"limits", "cgroup_memory_max", LINE, "/sys/fs/cgroup/memory.max", NULL},
    {"limits", "cgroup_v1_memory_limit", NUMBER, "/sys/fs/cgroup/memory/memory.limit_in_bytes", NULL},
    {"limits", "nr_throttled", FIELD_NUMBER, "/sys/fs/cgroup/cpu.stat", "nr_throttled"},
    {"load", "average", LINE, "/proc/loadavg", NULL},
    {"load", "pressure_cpu", LINE, "/proc/pressure/cpu", NULL},
    {"load", "pressure_memory", LINE, "/proc/pressure/memory", NULL},
    {"load", "cpu_jiffies", FIELD, "/proc/stat", "cpu"},
    {"power", "profile", LINE, "/sys/firmware/acpi/platform_profile", NULL},
    {"power", "temperature_millidegrees", NUMBER, "/sys/class/thermal/thermal_zone0/temp", NULL},
};

/* What the kernel writes as a whole number stays one. */
static json_t *number_json(double number)
{
    return fabs(number) < 1e15 && number == floor(number) ? json_integer((json_int_t)number) : json_number(number);
}

static json_t *fact_json(const char *root, const struct fact *f)
{
    char text[1024];
    double number;
    switch (f->kind) {
    case LINE: return system_line(root, f->path, text, sizeof text) ? json_text(text) : json_null();
    case NUMBER: return system_number(root, f->path, &number) ? number_json(number) : json_null();
    case FIELD: return system_field(root, f->path, f->key, text, sizeof text) ? json_text(text) : json_null();
    case FIELD_NUMBER: return system_field_number(root, f->path, f->key, &number) ? number_json(number) : json_null();
    }
    return json_null();
}

static json_t *mitigations_json(const char *root)
{
    static const char folder[] = "/sys/devices/system/cpu/vulnerabilities";
    char path[4096], text[256];
    snprintf(path, sizeof path, "%s%s", root, folder);
    DIR *d = opendir(path);
    if (!d) return json_null();
    json_t *found = json_object();
    for (const struct dirent *entry; (entry = readdir(d));) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%.200s", folder, entry->d_name);
        if (system_line(root, path, text, sizeof text)) json_object_set_new(found, entry->d_name, json_text(text));
    }
    closedir(d);
    return found;
}

/* A machine is recognised, never named: what systemd asks of users of its id, a keyed hash of it (machine-id(5)). */
static json_t *host_json(const char *root)
{
    char id[64];
    if (!system_line(root, "/etc/machine-id", id, sizeof id)) return json_null();
    char *hash = g_compute_hmac_for_string(G_CHECKSUM_SHA256, (const guchar *)id, strlen(id), "gable", -1);
    json_t *j = json_stringn(hash, 16);
    g_free(hash);
    return j;
}

static json_t *container_json(const char *root)
{
    if (system_exists(root, "/.dockerenv")) return json_string("docker");
    if (system_exists(root, "/run/.containerenv")) return json_string("podman");
    return json_null();
}

static json_t *group_of(json_t *record, const char *name)
{
    json_t *group = json_object_get(record, name);
    if (group) return group;
    json_object_set_new(record, name, json_object());
    return json_object_get(record, name);
}

json_t *environment_json(const char *root)
{
    json_t *record = json_object();
    char name[64];
    struct cpus cpus;
    for (size_t i = 0; i < COUNT_OF(facts); i++)
        json_object_set_new(group_of(record, facts[i].group), facts[i].name, fact_json(root, &facts[i]));
    cpus_read(root, &cpus);
    json_object_set_new(group_of(record, "limits"), "cpu_quota",
                        cpus.quota > 0 ? json_number(cpus.quota) : json_null());
    json_object_set_new(group_of(record, "system"), "hypervisor",
                        hypervisor_name(root, name, sizeof name) ? json_text(name) : json_null());
    json_object_set_new(group_of(record, "system"), "container", container_json(root));
    json_object_set_new(group_of(record, "system"), "libc",
                        root[0] ? json_null() : json_sprintf("glibc %s", gnu_get_libc_version()));
    json_object_set_new(group_of(record, "system"), "host", host_json(root));
    json_object_set_new(record, "mitigations", mitigations_json(root));
    return record;
}
