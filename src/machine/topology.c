#include "machine/topology.h"

#include "machine/isa.h"
#include "machine/system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int count_of(hwloc_topology_t t, hwloc_obj_type_t type)
{
    int n = hwloc_get_nbobjs_by_type(t, type);
    return n > 0 ? n : 0;
}

/* Where instances differ (P and E cores) the smallest counts: what fits there fits everywhere. */
static void add_cache(hwloc_topology_t t, hwloc_obj_type_t type, int level, struct topology *out)
{
    int n = count_of(t, type);
    struct cache c = {.level = level, .instances = n};
    for (int i = 0; i < n; i++) {
        hwloc_obj_t o = hwloc_get_obj_by_type(t, type, (unsigned)i);
        size_t bytes = (size_t)o->attr->cache.size;
        int shared_by = o->cpuset ? hwloc_bitmap_weight(o->cpuset) : 1;
        if (bytes && (!c.bytes || bytes < c.bytes)) c.bytes = bytes;
        if (shared_by > c.shared_by) c.shared_by = shared_by;
    }
    if (c.bytes && out->n_caches < MACHINE_CACHES) out->cache[out->n_caches++] = c;
}

void topology_of_hwloc(hwloc_topology_t loaded, struct topology *out)
{
    static const hwloc_obj_type_t levels[] = {HWLOC_OBJ_L1CACHE, HWLOC_OBJ_L2CACHE, HWLOC_OBJ_L3CACHE,
                                              HWLOC_OBJ_L4CACHE};
    out->sockets = count_of(loaded, HWLOC_OBJ_PACKAGE);
    out->cores = count_of(loaded, HWLOC_OBJ_CORE);
    out->pus = count_of(loaded, HWLOC_OBJ_PU);
    out->numa_nodes = count_of(loaded, HWLOC_OBJ_NUMANODE);
    out->memory_bytes = (size_t)hwloc_get_root_obj(loaded)->total_memory;
    out->n_caches = 0;
    for (int i = 0; i < (int)COUNT_OF(levels); i++) add_cache(loaded, levels[i], i + 1, out);
}

/* [Linux, arch/arm64/include/asm/cputype.h] */
static const struct {
    int number;
    const char *name;
} implementers[] = {
    {0x41, "ARM"}, {0x43, "Cavium"},   {0x46, "Fujitsu"}, {0x48, "HiSilicon"}, {0x4e, "NVIDIA"},
    {0x50, "APM"}, {0x51, "Qualcomm"}, {0x61, "Apple"},   {0x6d, "Microsoft"}, {0xc0, "Ampere"},
};

static int hex_field(const char *root, const char *key)
{
    char value[32];
    return system_field(root, "/proc/cpuinfo", key, value, sizeof value) ? (int)strtol(value, NULL, 0) : 0;
}

/* aarch64: implementer and part stand for vendor and model, variant and revision for family and stepping. */
static void read_arm(const char *root, struct topology *out)
{
    int implementer = hex_field(root, "CPU implementer");
    if (!implementer) return;
    snprintf(out->vendor, sizeof out->vendor, "implementer 0x%02x", (unsigned)implementer & 0xff);
    for (size_t i = 0; i < COUNT_OF(implementers); i++)
        if (implementers[i].number == implementer)
            snprintf(out->vendor, sizeof out->vendor, "%s", implementers[i].name);
    out->family = hex_field(root, "CPU variant");
    out->model = hex_field(root, "CPU part");
    out->stepping = hex_field(root, "CPU revision");
    if (!out->cpu[0]) snprintf(out->cpu, sizeof out->cpu, "%s part 0x%x", out->vendor, (unsigned)out->model);
}

bool hypervisor_name(const char *root, char *out, size_t room)
{
    char flags[8192];
    bool is_guest =
        (system_field(root, "/proc/cpuinfo", "flags", flags, sizeof flags) && strstr(flags, " hypervisor")) ||
        system_exists(root, "/sys/hypervisor/type");
    if (!is_guest) return false;
    if (system_line(root, "/sys/hypervisor/type", out, room)) return true;
    if (system_line(root, "/sys/class/dmi/id/sys_vendor", out, room)) return true;
    snprintf(out, room, "unnamed");
    return true;
}

static void read_number(const char *root, const char *key, int *out)
{
    double value;
    if (system_field_number(root, "/proc/cpuinfo", key, &value)) *out = (int)value;
}

void topology_of_system(const char *root, struct topology *out)
{
    double khz;
    system_field(root, "/proc/cpuinfo", "model name", out->cpu, sizeof out->cpu);
    system_field(root, "/proc/cpuinfo", "vendor_id", out->vendor, sizeof out->vendor);
    read_number(root, "cpu family", &out->family);
    read_number(root, "model", &out->model);
    read_number(root, "stepping", &out->stepping);
    if (!out->vendor[0]) read_arm(root, out);
    if (system_number(root, "/sys/devices/system/cpu/cpu0/cpufreq/base_frequency", &khz)) out->base_hz = khz * 1e3;
    if (system_number(root, "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq", &khz)) out->max_hz = khz * 1e3;
    hypervisor_name(root, out->hypervisor, sizeof out->hypervisor);
}

void topology_read(struct topology *out)
{
    hwloc_topology_t t;
    *out = (struct topology){0};
    if (!hwloc_topology_init(&t)) {
        if (!hwloc_topology_load(t)) topology_of_hwloc(t, out);
        hwloc_topology_destroy(t);
    }
    topology_of_system("", out);
    isa_text(isa_read(), out->isa, sizeof out->isa);
}

const struct cache *topology_cache(const struct topology *t, int level)
{
    for (int i = 0; i < t->n_caches; i++)
        if (t->cache[i].level == level) return &t->cache[i];
    return NULL;
}

int topology_last_level(const struct topology *t) { return t->n_caches ? t->cache[t->n_caches - 1].level : 0; }
