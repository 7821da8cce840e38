/* A point in a child process of its own: new layout, own peak memory, survives its own crash. */
#include "bench/defaults.h"
#include "bench/measure.h"
#include "bench/transport.h"
#include "bench/verdict.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct child_progress {
    int fd;
    double last_s;
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* At most ten a second: between samples nothing is written that need not be. */
static void send_progress(void *arg, double share)
{
    struct child_progress *p = arg;
    double now = now_s();
    if (now - p->last_s < 0.1) return;
    p->last_s = now;
    transport_send_progress(p->fd, share);
}

static void be_first_to_go_when_memory_ends(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    if (write(fd, "1000", 4) < 0) { /* not allowed: then not */
    }
    close(fd);
}

static void allow_all(const struct cpus *cpus)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < cpus->n_allowed; i++) CPU_SET((size_t)cpus->allowed[i], &set);
    sched_setaffinity(0, sizeof set, &set);
}

static void child(int fd, pid_t parent, const struct cpus *cpus, const struct bench_options *o,
                  const volatile bool *interrupted)
{
    struct child_progress progress = {.fd = fd};
    struct bench_options own = *o;
    struct run r = {0};
    gable_error e = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1); /* it went before we asked */
    signal(SIGPIPE, SIG_IGN);
    be_first_to_go_when_memory_ends();
    allow_all(cpus);
    own.progress_sample = send_progress;
    own.progress_arg = &progress;
    gable_status s = measure_point(cpus, &own, interrupted, &r, &e);
    bool sent = s ? transport_send_error(fd, &e) : transport_send_run(fd, &r);
    _exit(sent ? 0 : 1);
}

/* Reads what the child says until it ends; false where it was silent too long. */
static bool listen_to(int fd, pid_t pid, const struct bench_options *o, const volatile bool *interrupted,
                      struct transport *t)
{
    double heard = now_s(), silence = o->silence_s > 0 ? o->silence_s : BENCH_SILENCE_S;
    bool told = false;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (interrupted && *interrupted && !told) {
            kill(pid, SIGINT); /* a terminal has told it already; `kill` told only us */
            told = true;
        }
        int ready = poll(&p, 1, 100);
        if (ready < 0 && errno != EINTR) return true;
        if (ready <= 0) {
            if (now_s() - heard > silence) return false;
            continue;
        }
        if (!transport_receive(t, fd)) return true;
        heard = now_s();
        if (o->progress && t->has_progress) o->progress(o->progress_arg, o->model, t->progress);
    }
}

/* No answer came: what is known of the point, and why it has no times. */
static gable_status without_answer(const struct cpus *cpus, const struct bench_options *o, enum bench_code why,
                                   struct run *out, gable_error *e)
{
    gable_status s = measure_identity(cpus, o, out, e);
    if (!s) verdict_invalid(out, why);
    return s;
}

static enum bench_code reason_of(int wait_status, bool timed_out, const volatile bool *interrupted)
{
    if (timed_out) return CODE_TIMED_OUT;
    if (interrupted && *interrupted) return CODE_INTERRUPTED;
    return WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL ? CODE_OUT_OF_MEMORY : CODE_CRASHED;
}

static gable_status in_child(const struct cpus *cpus, const struct bench_options *o, const volatile bool *interrupted,
                             struct run *out, gable_error *e)
{
    int ends[2], wait_status = 0;
    struct transport t = {0};
    if (pipe2(ends, O_CLOEXEC))
        return error_set(e, GABLE_FAILED, "no pipe to a measuring process: %s", strerror(errno));
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        close(ends[0]);
        child(ends[1], parent, cpus, o, interrupted);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return error_set(e, GABLE_FAILED, "no measuring process: %s", strerror(errno));
    }
    bool timed_out = !listen_to(ends[0], pid, o, interrupted, &t);
    if (timed_out) kill(pid, SIGKILL);
    close(ends[0]);
    while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR) {}
    gable_status s;
    if (t.has_run) {
        *out = t.run;
        s = GABLE_OK;
    } else if (t.has_error) {
        if (e) *e = t.error;
        s = t.error.status;
    } else {
        s = without_answer(cpus, o, reason_of(wait_status, timed_out, interrupted), out, e);
    }
    transport_release(&t);
    return s;
}

gable_status bench_point(const struct cpus *cpus, const struct bench_options *o, const volatile bool *interrupted,
                         struct run *out, gable_error *e)
{
    if (!(o->roof.peak > 0) || !(o->roof.bandwidth > 0)) {
        struct bench_options with = *o;
        gable_status s = bench_roof(cpus, &with, interrupted, e);
        return s ? s : bench_point(cpus, &with, interrupted, out, e);
    }
    return o->in_process ? measure_point(cpus, o, interrupted, out, e) : in_child(cpus, o, interrupted, out, e);
}
