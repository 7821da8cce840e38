#include "machine/arrays.h"

#include "machine/kernels.h"
#include "machine/system.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* Arrays that begin at the same offset of a page hinder each other: loads are held up by stores 4096 bytes away. */
enum { PAGE = 4096, GAP = 17 * 64, ROOM_PER_ARRAY = 2 * PAGE };
static const size_t MILLION_ELEMENTS = 8 << 20, WITHOUT_CACHES = 64 << 20;

size_t arrays_dram_bytes(const struct topology *t, size_t available, bool *is_short)
{
    size_t bytes = t->n_caches ? 0 : WITHOUT_CACHES;
    if (t->n_caches) {
        const struct cache *last = &t->cache[t->n_caches - 1];
        bytes = 4 * last->bytes * (size_t)(last->instances > 0 ? last->instances : 1);
    }
    if (bytes < MILLION_ELEMENTS) bytes = MILLION_ELEMENTS;
    *is_short = available && bytes > available / 6;
    if (*is_short) bytes = available / 6;
    return bytes / PAGE * PAGE;
}

size_t arrays_available(const char *root)
{
    double kib, limit, used;
    size_t bytes = system_field_number(root, "/proc/meminfo", "MemAvailable", &kib) ? (size_t)(kib * 1024) : 0;
    if (system_number(root, "/sys/fs/cgroup/memory.max", &limit) &&
        system_number(root, "/sys/fs/cgroup/memory.current", &used) && limit > used) {
        size_t left = (size_t)(limit - used);
        if (!bytes || left < bytes) bytes = left;
    }
    return bytes;
}

struct touch {
    const struct arrays *arrays;
};

static void touch_part(void *arg, int part, int parts)
{
    const struct arrays *a = ((const struct touch *)arg)->arrays;
    size_t region = a->bytes / (size_t)parts / PAGE * PAGE;
    float *x = (float *)(void *)(a->base + (size_t)part * region);
    for (size_t i = 0; i < region / sizeof *x; i++) x[i] = 1.0f + (float)(i % 61) / 64; /* never denormal */
}

gable_status arrays_new(struct team *team, size_t array_bytes, struct arrays *out, gable_error *e)
{
    size_t parts = (size_t)team_size(team), share = (array_bytes + parts - 1) / parts;
    size_t region = 3 * ((share + PAGE - 1) / PAGE * PAGE + ROOM_PER_ARRAY);
    size_t bytes = parts * region;
    void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return error_set(e, GABLE_NO_MEMORY, "%zu MiB for the bandwidth probes cannot be had: %s", bytes >> 20,
                         strerror(errno));
    madvise(base, bytes, MADV_HUGEPAGE);
    *out = (struct arrays){.base = base, .bytes = bytes, .array_bytes = array_bytes};
    team_run(team, touch_part, &(struct touch){out});
    return GABLE_OK;
}

void arrays_release(struct arrays *a)
{
    if (a->base) munmap(a->base, a->bytes);
    *a = (struct arrays){0};
}

char *arrays_at(const struct arrays *a, int part, int parts, int which, size_t bytes)
{
    size_t region = a->bytes / (size_t)parts / PAGE * PAGE, stride = (bytes + PAGE - 1) / PAGE * PAGE + GAP;
    return a->base + (size_t)part * region + (size_t)which * stride;
}

size_t arrays_share(const struct arrays *a, int parts)
{
    return a->array_bytes / (size_t)parts / STREAM_GRAIN * STREAM_GRAIN;
}
