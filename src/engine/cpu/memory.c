#include "engine/cpu/memory.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { HUGE_PAGE = 2 << 20, PAGE = 4096 };

float *memory_floats(size_t n)
{
    size_t bytes = n * sizeof(float) + 128, unit = bytes >= HUGE_PAGE / 2 ? HUGE_PAGE : PAGE;
    bytes = (bytes + unit - 1) / unit * unit;
    float *p = aligned_alloc(unit, bytes);
    if (p && unit == HUGE_PAGE) madvise(p, bytes, MADV_HUGEPAGE);
    return p;
}

/* The number behind `key` in a file of "key number" lines, or the first number when key is ""; SIZE_MAX for none. */
static size_t number_in(const char *root, const char *path, const char *key)
{
    char full[512], line[512];
    unsigned long long value = 0;
    snprintf(full, sizeof full, "%s%s", root, path);
    FILE *f = fopen(full, "r");
    size_t found = SIZE_MAX, n = strlen(key);
    while (f && found == SIZE_MAX && fgets(line, sizeof line, f))
        if (strncmp(line, key, n) == 0 && sscanf(line + n, " %llu", &value) == 1) found = (size_t)value;
    if (f) fclose(f);
    return found;
}
static size_t least(size_t a, size_t b) { return a < b ? a : b; }
static size_t left(size_t limit, size_t used)
{
    if (limit == SIZE_MAX || used == SIZE_MAX) return SIZE_MAX;
    return limit > used ? limit - used : 0;
}

/* The tightest of this process's cgroups, from its own to the root (version 2). */
static size_t cgroup_left(const char *root)
{
    char path[512], full[700], line[512];
    size_t room = SIZE_MAX;
    snprintf(full, sizeof full, "%s/proc/self/cgroup", root);
    FILE *f = fopen(full, "r");
    path[0] = '\0';
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "0::", 3) == 0) snprintf(path, sizeof path, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
    if (f) fclose(f);
    for (;;) {
        char limit[600], used[600];
        snprintf(limit, sizeof limit, "/sys/fs/cgroup%s/memory.max", path);
        snprintf(used, sizeof used, "/sys/fs/cgroup%s/memory.current", path);
        room = least(room, left(number_in(root, limit, ""), number_in(root, used, "")));
        char *slash = strrchr(path, '/');
        if (!slash) break;
        *slash = '\0';
    }
    size_t v1 = left(number_in(root, "/sys/fs/cgroup/memory/memory.limit_in_bytes", ""),
                     number_in(root, "/sys/fs/cgroup/memory/memory.usage_in_bytes", ""));
    return least(room, v1);
}

size_t memory_available(const char *root)
{
    size_t free_kib = number_in(root, "/proc/meminfo", "MemAvailable:");
    size_t bytes = free_kib == SIZE_MAX ? SIZE_MAX : free_kib << 10;
    struct rlimit address;
    if (root[0] == '\0' && getrlimit(RLIMIT_AS, &address) == 0 && address.rlim_cur != RLIM_INFINITY) {
        size_t pages = number_in(root, "/proc/self/statm", "");
        bytes = least(bytes, left((size_t)address.rlim_cur, pages == SIZE_MAX ? pages : pages * PAGE));
    }
    return least(bytes, cgroup_left(root));
}
