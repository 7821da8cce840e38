#include "bench/child.h"

#include "bench/defaults.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void child_tell(void *line, double share)
{
    struct child_line *l = line;
    double now = now_s();
    if (now - l->last_s < 0.1) return;
    l->last_s = now;
    transport_send_progress(l->fd, share);
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

/* Large pieces that are freed go back to the system, whatever the parent has allocated and freed: glibc learns from
   that. */
static void give_back_what_is_freed(void) { mallopt(M_MMAP_THRESHOLD, 128 << 10); }

struct job {
    const struct child *child;
    struct child_line line;
    bool ok;
};
static void *work_of(void *arg)
{
    struct job *j = arg;
    gable_error e = {0};
    j->ok = !j->child->work(j->child, &j->line, &e) || transport_send_error(j->line.fd, &e);
    return NULL;
}
static void live(const struct child *c, int fd, pid_t parent)
{
    struct job j = {.child = c, .line = {.fd = fd}};
    pthread_t thread;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1); /* it went before we asked */
    signal(SIGPIPE, SIG_IGN);
    be_first_to_go_when_memory_ends();
    give_back_what_is_freed();
    allow_all(c->cpus);
    if (!pthread_create(&thread, NULL, work_of, &j)) pthread_join(thread, NULL);
    _exit(j.ok ? 0 : 1);
}

static bool is_interrupted(const struct child *c) { return c->interrupted && *c->interrupted; }

/* Reads what the child says until it ends; false where it was silent too long. */
static bool listen_to(int fd, pid_t pid, const struct child *c, struct transport *t)
{
    double heard = now_s(), silence = c->silence_s > 0 ? c->silence_s : BENCH_SILENCE_S;
    bool told = false;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (is_interrupted(c) && !told) {
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
        if (c->progress && t->has_progress) c->progress(c->progress_arg, c->what, t->progress);
    }
}

static enum bench_code reason_of(int wait_status, bool timed_out, const struct child *c)
{
    if (timed_out) return CODE_TIMED_OUT;
    if (is_interrupted(c)) return CODE_INTERRUPTED;
    return WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL ? CODE_OUT_OF_MEMORY : CODE_CRASHED;
}

gable_status child_run(const struct child *c, struct transport *answer, enum bench_code *silent, gable_error *e)
{
    int ends[2], wait_status = 0;
    *answer = (struct transport){0};
    *silent = CODE_NONE;
    if (pipe2(ends, O_CLOEXEC))
        return error_set(e, GABLE_FAILED, "no pipe to a measuring process: %s", strerror(errno));
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) {
        close(ends[0]);
        live(c, ends[1], parent);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return error_set(e, GABLE_FAILED, "no measuring process: %s", strerror(errno));
    }
    bool timed_out = !listen_to(ends[0], pid, c, answer);
    if (timed_out) kill(pid, SIGKILL);
    close(ends[0]);
    while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR) {}
    bool has_ended = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
    if (!has_ended || answer->is_broken) *silent = reason_of(wait_status, timed_out, c);
    if (!answer->has_error) return GABLE_OK;
    gable_status status = answer->error.status;
    if (e) *e = answer->error;
    transport_release(answer);
    return status;
}
