#include "bench/transport.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum message { MESSAGE_PROGRESS = 0x67626c01, MESSAGE_ERROR, MESSAGE_RUN, MESSAGE_FACTS };
struct header {
    uint32_t message;
    uint64_t bytes; /* that follow */
};
static const uint64_t MOST_BYTES = UINT64_C(1) << 28;

static bool write_all(int fd, const void *bytes, size_t n)
{
    for (const char *p = bytes; n > 0;) {
        ssize_t wrote = write(fd, p, n);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return false;
        p += wrote;
        n -= (size_t)wrote;
    }
    return true;
}

static bool send_header(int fd, enum message m, size_t bytes)
{
    struct header h;
    memset(&h, 0, sizeof h); /* no stray bytes in the padding */
    h.message = (uint32_t)m;
    h.bytes = bytes;
    return write_all(fd, &h, sizeof h);
}

bool transport_send_progress(int fd, double share)
{
    return send_header(fd, MESSAGE_PROGRESS, sizeof share) && write_all(fd, &share, sizeof share);
}

bool transport_send_error(int fd, const gable_error *e)
{
    return send_header(fd, MESSAGE_ERROR, sizeof *e) && write_all(fd, e, sizeof *e);
}

bool transport_send_run(int fd, const struct run *r)
{
    size_t samples = (size_t)r->n_samples * sizeof *r->samples, groups = (size_t)r->n_groups * sizeof *r->groups;
    char *environment = r->environment ? json_dumps(r->environment, JSON_COMPACT) : NULL;
    size_t text = environment ? strlen(environment) : 0;
    bool ok = send_header(fd, MESSAGE_RUN, sizeof *r + samples + groups + text) && write_all(fd, r, sizeof *r) &&
              write_all(fd, r->samples, samples) && write_all(fd, r->groups, groups) &&
              write_all(fd, environment, text);
    free(environment);
    return ok;
}

bool transport_send_facts(int fd, const void *facts, size_t bytes)
{
    return send_header(fd, MESSAGE_FACTS, bytes) && write_all(fd, facts, bytes);
}

static void *copy_of(const char *from, size_t bytes)
{
    void *copy = bytes ? malloc(bytes) : NULL;
    if (copy) memcpy(copy, from, bytes);
    return copy;
}

static bool take_run(struct transport *t, const char *p, size_t bytes)
{
    if (bytes < sizeof(struct run) || t->n_runs == TRANSPORT_RUNS) return false;
    struct run *r = &t->runs[t->n_runs];
    memcpy(r, p, sizeof *r);
    r->environment = NULL; /* the child's pointers */
    r->samples = NULL;
    r->groups = NULL;
    size_t samples = (size_t)r->n_samples * sizeof *r->samples, groups = (size_t)r->n_groups * sizeof *r->groups;
    if (r->n_samples < 0 || r->n_groups < 0 || samples + groups > bytes - sizeof *r) return false;
    p += sizeof *r;
    r->samples = copy_of(p, samples);
    r->groups = copy_of(p + samples, groups);
    size_t text = bytes - sizeof *r - samples - groups;
    if (text) r->environment = json_loadb(p + samples + groups, text, 0, NULL);
    bool is_whole = (!samples || r->samples) && (!groups || r->groups);
    if (!is_whole) run_release(r);
    t->n_runs += is_whole;
    return is_whole;
}
static bool take_facts(struct transport *t, const char *p, size_t bytes)
{
    if (t->facts) return false;
    t->facts = copy_of(p, bytes);
    t->facts_bytes = bytes;
    return t->facts != NULL;
}

static bool take(struct transport *t, const struct header *h, const char *p)
{
    switch (h->message) {
    case MESSAGE_PROGRESS:
        if (h->bytes != sizeof t->progress) return false;
        memcpy(&t->progress, p, sizeof t->progress);
        return t->has_progress = true;
    case MESSAGE_ERROR:
        if (h->bytes != sizeof t->error) return false;
        memcpy(&t->error, p, sizeof t->error);
        t->error.where[sizeof t->error.where - 1] = t->error.why[sizeof t->error.why - 1] = '\0';
        return t->has_error = t->error.status > GABLE_OK && t->error.status <= GABLE_INTERRUPTED;
    case MESSAGE_RUN: return take_run(t, p, (size_t)h->bytes);
    case MESSAGE_FACTS: return take_facts(t, p, (size_t)h->bytes);
    }
    return false;
}

static bool take_all(struct transport *t)
{
    size_t at = 0;
    struct header h;
    bool ok = true;
    while (ok && t->len - at >= sizeof h) {
        memcpy(&h, t->bytes + at, sizeof h);
        if (h.bytes > MOST_BYTES) return false;
        if (t->len - at - sizeof h < h.bytes) break;
        ok = take(t, &h, t->bytes + at + sizeof h);
        at += sizeof h + (size_t)h.bytes;
    }
    if (!ok) return false;
    memmove(t->bytes, t->bytes + at, t->len - at);
    t->len -= at;
    return true;
}

bool transport_receive(struct transport *t, int fd)
{
    enum { PIECE = 65536 };
    if (t->is_broken) return false;
    if (t->room - t->len < PIECE) {
        char *grown = realloc(t->bytes, 2 * t->room + PIECE);
        if (!grown) return false;
        t->bytes = grown;
        t->room = 2 * t->room + PIECE;
    }
    ssize_t n = read(fd, t->bytes + t->len, PIECE);
    if (n < 0) return errno == EINTR;
    if (n == 0) return false;
    t->len += (size_t)n;
    t->is_broken = !take_all(t);
    return !t->is_broken;
}

void transport_release(struct transport *t)
{
    for (int i = 0; i < t->n_runs; i++) run_release(&t->runs[i]);
    free(t->bytes);
    free(t->facts);
    *t = (struct transport){0};
}
