#include "bench/surroundings.h"

#include "bench/defaults.h"
#include "bench/verdict.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATH_ROOM = 4096, LINE_ROOM = 1024 };
static const int64_t SUSPENDED_NS = 10000000; /* the two clocks are not read at once */

/* The number after `key` in a file of "key value" lines; -1 where there is none. */
static int64_t value_of(const char *path, const char *key)
{
    char line[LINE_ROOM];
    int64_t value = -1;
    size_t n = strlen(key);
    FILE *f = fopen(path, "re");
    while (f && value < 0 && fgets(line, sizeof line, f))
        if (!strncmp(line, key, n) && line[n] == ' ') value = strtoll(line + n, NULL, 10);
    if (f) fclose(f);
    return value;
}

/* Adds the throttled periods of this cgroup and all above it. */
static void add_throttled(const char *root, const char *mount, char *group, int64_t *sum)
{
    for (;;) {
        char path[PATH_ROOM];
        snprintf(path, sizeof path, "%s/sys/fs/cgroup%s%s/cpu.stat", root, mount, group);
        int64_t n = value_of(path, "nr_throttled");
        if (n >= 0) *sum = (*sum < 0 ? 0 : *sum) + n;
        char *last = strrchr(group, '/');
        if (!last) return;
        *last = '\0';
    }
}

/* "0::/user/box" (v2) and "4:cpu,cpuacct:/a" (v1). */
static int64_t throttled(const char *root)
{
    char path[PATH_ROOM], line[LINE_ROOM];
    int64_t sum = -1;
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f)) {
        char *kind = strchr(line, ':'), *group = kind ? strchr(kind + 1, ':') : NULL, mount[128] = "";
        if (!group) continue;
        *group++ = '\0';
        group[strcspn(group, "\n")] = '\0';
        if (!strcmp(group, "/")) *group = '\0';
        if (kind[1] && !strstr(kind, "cpu,") && strcmp(kind + 1, "cpu")) continue; /* another v1 controller */
        if (kind[1]) snprintf(mount, sizeof mount, "/%.120s", kind + 1);
        add_throttled(root, mount, group, &sum);
    }
    if (f) fclose(f);
    return sum;
}

/* "cpu user nice system idle iowait irq softirq steal guest guest_nice": guest is in user already. */
static void read_steal(const char *root, struct surroundings *s)
{
    char path[PATH_ROOM], line[LINE_ROOM];
    snprintf(path, sizeof path, "%s/proc/stat", root);
    FILE *f = fopen(path, "re");
    bool ok = f && fgets(line, sizeof line, f) && !strncmp(line, "cpu ", 4);
    if (f) fclose(f);
    s->stolen = s->ticks = -1;
    if (!ok) return;
    char *p = line + 4;
    s->ticks = 0;
    for (int i = 0; i < 8; i++) {
        int64_t value = strtoll(p, &p, 10);
        s->ticks += value;
        if (i == 7) s->stolen = value;
    }
}

static int64_t core_throttles(const char *root)
{
    char pattern[PATH_ROOM];
    int64_t sum = -1;
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s/sys/devices/system/cpu/cpu[0-9]*/thermal_throttle/core_throttle_count", root);
    if (glob(pattern, 0, NULL, &found)) return -1;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char line[32];
        FILE *f = fopen(found.gl_pathv[i], "re");
        if (f && fgets(line, sizeof line, f)) sum = (sum < 0 ? 0 : sum) + strtoll(line, NULL, 10);
        if (f) fclose(f);
    }
    globfree(&found);
    return sum;
}

static bool has_hypervisor_flag(const char *root)
{
    char path[PATH_ROOM], *line = NULL;
    size_t room = 0;
    bool found = false;
    snprintf(path, sizeof path, "%s/proc/cpuinfo", root);
    FILE *f = fopen(path, "re");
    while (f && !found && getline(&line, &room, f) > 0)
        if (!strncmp(line, "flags", 5)) {
            found = strstr(line, " hypervisor") != NULL;
            break;
        }
    if (f) fclose(f);
    free(line);
    return found;
}

static int64_t ns_of(clockid_t clock)
{
    struct timespec t;
    return clock_gettime(clock, &t) ? 0 : t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

void surroundings_read(const char *root, struct surroundings *out)
{
    *out = (struct surroundings){.n_throttled = throttled(root),
                                 .core_throttles = core_throttles(root),
                                 .is_virtual = has_hypervisor_flag(root)};
    read_steal(root, out);
    if (!*root) out->suspended_ns = ns_of(CLOCK_BOOTTIME) - ns_of(CLOCK_MONOTONIC);
}

static bool rose(int64_t before, int64_t after) { return before >= 0 && after > before; }

static void judge_steal(struct run *r, const struct surroundings *before, const struct surroundings *after)
{
    if (before->stolen < 0 || after->stolen < 0 || after->ticks <= before->ticks) return;
    double share = (double)(after->stolen - before->stolen) / (double)(after->ticks - before->ticks);
    if (share > BENCH_STOLEN_INVALID)
        verdict_invalid(r, CODE_STOLEN);
    else if (share > BENCH_STOLEN_NOTED)
        verdict_note(r, CODE_STOLEN);
}

void surroundings_judge(struct run *r, const struct surroundings *before, const struct surroundings *after,
                        const struct cpus *cpus, int threads_asked, double probes_fell)
{
    if (after->suspended_ns - before->suspended_ns > SUSPENDED_NS) verdict_invalid(r, CODE_CLOCK_JUMP);
    if (rose(before->n_throttled, after->n_throttled))
        verdict_invalid(r, CODE_CPU_QUOTA);
    else if (cpus->quota > 0 && cpus->quota < r->threads)
        verdict_note(r, CODE_CPU_QUOTA);
    if (rose(before->core_throttles, after->core_throttles)) {
        if (probes_fell > BENCH_THROTTLED_FALL)
            verdict_invalid(r, CODE_THROTTLED);
        else
            verdict_note(r, CODE_THROTTLED);
    }
    judge_steal(r, before, after);
    if (r->threads < threads_asked)
        verdict_invalid(r, CODE_FEWER_THREADS);
    else if (r->threads < cpus->n_cores)
        verdict_note(r, CODE_FEWER_THREADS);
    if (after->is_virtual) verdict_note(r, CODE_VIRTUAL);
}
