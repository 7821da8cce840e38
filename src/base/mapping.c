#include "base/mapping.h"

#include "base/input.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A signal handler has no argument of ours: what it must know stands here. A guard is free where `from` is 0. */
static struct guard {
    _Atomic uintptr_t from, to;
    _Atomic uintptr_t gone; /* the first address that could not be read; 0: none */
} guards[MAPPINGS_MAX];
static pthread_mutex_t changing = PTHREAD_MUTEX_INITIALIZER;
static int n_guards;
static struct sigaction earlier;
static uintptr_t page_bytes;

/* Zeros take the place of all that follows the fault: one fault a mapping. */
static void on_bus_error(int signal_number, siginfo_t *info, void *context)
{
    uintptr_t at = (uintptr_t)info->si_addr;
    int kept = errno;
    (void)context;
    for (struct guard *g = guards; g < guards + MAPPINGS_MAX; g++) {
        uintptr_t page = at & ~(page_bytes - 1);
        if (at < g->from || at >= g->to) continue;
        if (mmap((void *)page, g->to - page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
            break;
        g->gone = page;
        errno = kept;
        return;
    }
    sigaction(signal_number, &earlier, NULL); /* not ours: it happens again, as it would have without us */
}

static void watch(void)
{
    struct sigaction ours = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};
    page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    sigemptyset(&ours.sa_mask);
    sigaction(SIGBUS, &ours, &earlier);
}

/* -1 where all guards are taken. */
static int guard_new(const void *bytes, size_t len)
{
    int found = -1;
    pthread_mutex_lock(&changing);
    for (int i = 0; i < MAPPINGS_MAX && found < 0; i++)
        if (!guards[i].from) found = i;
    if (found >= 0) {
        if (n_guards++ == 0) watch();
        guards[found].gone = 0;
        guards[found].to = (uintptr_t)bytes + len;
        guards[found].from = (uintptr_t)bytes;
    }
    pthread_mutex_unlock(&changing);
    return found;
}

static void guard_free(int i)
{
    pthread_mutex_lock(&changing);
    guards[i].from = guards[i].to = 0;
    if (--n_guards == 0) sigaction(SIGBUS, &earlier, NULL);
    pthread_mutex_unlock(&changing);
}

static gable_status map(struct mapping *m, int fd, size_t size, gable_error *e)
{
    void *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) return error_set(e, GABLE_FAILED, "cannot be mapped: %s", strerror(errno));
    int guard = guard_new(bytes, size);
    if (guard < 0) {
        munmap(bytes, size);
        return error_set(e, GABLE_FAILED, "cannot be mapped: %d other files are", MAPPINGS_MAX);
    }
    *m = (struct mapping){bytes, size, fd, guard};
    return GABLE_OK;
}

gable_status mapping_open(struct mapping *m, const char *path, gable_error *e)
{
    uint64_t size = 0;
    int fd = -1;
    *m = (struct mapping){0};
    gable_status s = input_open(path, &fd, &size, e);
    if (!s) s = size ? map(m, fd, (size_t)size, e) : error_set(e, GABLE_BAD_INPUT, "is empty");
    if (s && fd >= 0) close(fd);
    return s;
}

gable_status mapping_check(const struct mapping *m, gable_error *e)
{
    struct stat st;
    if (!m->bytes) return GABLE_OK;
    if (!fstat(m->fd, &st) && (uint64_t)st.st_size < m->len)
        return error_set(e, GABLE_BAD_INPUT, "was cut while it was read: %lld of its %zu bytes are left; try again",
                         (long long)st.st_size, m->len);
    if (!guards[m->guard].gone) return GABLE_OK;
    return error_set(e, GABLE_FAILED, "cannot be read from byte %zu on: its disk fails, or it was cut meanwhile",
                     (size_t)(guards[m->guard].gone - (uintptr_t)m->bytes));
}

void mapping_close(struct mapping *m)
{
    if (m->bytes) {
        guard_free(m->guard);
        munmap((void *)m->bytes, m->len);
        close(m->fd);
    }
    *m = (struct mapping){0};
}
