#include "base/cpus.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool read_line(const char *root, const char *path, char *line, size_t room)
{
    char whole[4096];
    int n = snprintf(whole, sizeof whole, "%s%s", root, path);
    FILE *f = n > 0 && (size_t)n < sizeof whole ? fopen(whole, "re") : NULL;
    bool ok = f && fgets(line, (int)room, f) != NULL;
    if (f) fclose(f);
    return ok;
}

/* "0-3,8" into ascending numbers; returns how many. */
static int parse_list(const char *s, int *out, int most)
{
    int n = 0;
    while (*s >= '0' && *s <= '9') {
        char *end;
        long first = strtol(s, &end, 10), last = first;
        if (*end == '-') last = strtol(end + 1, &end, 10);
        for (long i = first; i <= last && n < most; i++) out[n++] = (int)i;
        s = *end == ',' ? end + 1 : end;
    }
    return n;
}

static void read_allowed(const char *root, struct cpus *c)
{
    if (*root == '\0') {
        cpu_set_t set;
        CPU_ZERO(&set);
        if (!sched_getaffinity(0, sizeof set, &set))
            for (size_t i = 0; i < CPU_SETSIZE && c->n_allowed < CPUS_MAX; i++)
                if (CPU_ISSET(i, &set)) c->allowed[c->n_allowed++] = (int)i;
        return;
    }
    char path[4096], line[4096];
    snprintf(path, sizeof path, "%s/proc/self/status", root);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, "Cpus_allowed_list:", 18))
            c->n_allowed = parse_list(line + 18 + strspn(line + 18, "\t "), c->allowed, CPUS_MAX);
    if (f) fclose(f);
}

/* A CPU opens a core when no allowed sibling has a lower number. */
static void find_cores(const char *root, struct cpus *c)
{
    for (int i = 0; i < c->n_allowed; i++) {
        char path[128], line[1024];
        int siblings[64], n = 0;
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", c->allowed[i]);
        if (read_line(root, path, line, sizeof line)) n = parse_list(line, siblings, 64);
        bool is_first = true;
        for (int j = 0; j < i; j++)
            for (int k = 0; k < n; k++) is_first &= siblings[k] != c->allowed[j];
        if (is_first) c->cores[c->n_cores++] = c->allowed[i];
    }
}

static void tighten(double *quota, double limit)
{
    if (limit > 0 && (*quota == 0 || limit < *quota)) *quota = limit;
}

/* cgroup v2: cpu.max of the own group and of every group above it. */
static void read_quota_v2(const char *root, const char *group, double *quota)
{
    char path[4096], line[256];
    snprintf(path, sizeof path, "%s", group);
    for (;;) {
        char file[4224];
        long long limit, period;
        snprintf(file, sizeof file, "/sys/fs/cgroup%s/cpu.max", strcmp(path, "/") ? path : "");
        if (read_line(root, file, line, sizeof line) && sscanf(line, "%lld %lld", &limit, &period) == 2 && period > 0)
            tighten(quota, (double)limit / (double)period);
        char *slash = strrchr(path, '/');
        if (!slash || !strcmp(path, "/")) break;
        slash[slash == path] = '\0';
    }
}

static void read_quota_v1(const char *root, const char *group, double *quota)
{
    static const char *const mounts[] = {"/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"};
    const char *groups[] = {group, ""};
    for (size_t i = 0; i < 4; i++) {
        char file[4224], line[64];
        snprintf(file, sizeof file, "%s%s/cpu.cfs_quota_us", mounts[i / 2], groups[i % 2]);
        double limit = read_line(root, file, line, sizeof line) ? atof(line) : 0;
        snprintf(file, sizeof file, "%s%s/cpu.cfs_period_us", mounts[i / 2], groups[i % 2]);
        double period = read_line(root, file, line, sizeof line) ? atof(line) : 0;
        if (limit > 0 && period > 0) tighten(quota, limit / period);
    }
}

static void read_quota(const char *root, double *quota)
{
    char path[4096], line[4096];
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        char *kinds = strchr(line, ':'), *group = kinds ? strchr(kinds + 1, ':') : NULL;
        if (!group) continue;
        *group++ = '\0';
        if (kinds[1] == '\0')
            read_quota_v2(root, group, quota);
        else if (strstr(kinds + 1, "cpu") && !strstr(kinds + 1, "cpuset"))
            read_quota_v1(root, group, quota);
    }
    if (f) fclose(f);
}

void cpus_read(const char *root, struct cpus *out)
{
    char line[4096];
    int online[CPUS_MAX];
    *out = (struct cpus){0};
    if (read_line(root, "/sys/devices/system/cpu/online", line, sizeof line))
        out->n_online = parse_list(line, online, CPUS_MAX);
    read_allowed(root, out);
    if (out->n_allowed == 0) out->allowed[out->n_allowed++] = 0;
    if (out->n_online < out->n_allowed) out->n_online = out->n_allowed;
    find_cores(root, out);
    read_quota(root, &out->quota);
}
