/* gable machine: what this machine is, and what it can do, measured. */
#include "machine/machine.h"
#include "base/json.h"
#include "base/text.h"
#include "base/units.h"
#include "cli/command.h"
#include "cli/plot.h"
#include "cli/table.h"
#include "machine/environment.h"
#include "machine/pipes.h"
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
    const struct command *self;
    struct machine_options options;
    bool wants_json, wants_plot;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *r = state->input;
    gable_error e = {0};
    switch (key) {
    case 'q': r->options.quick = true; return 0;
    case 'j': r->wants_json = true; return 0;
    case 'p': r->wants_plot = true; return 0;
    case 't':
        if (cli_int("--threads", arg, 1, CPUS_MAX, &r->options.threads, &e)) return 0;
        cli_usage(r->self, "%s", e.why);
        return EINVAL;
    case ARGP_KEY_ARG: cli_usage(r->self, "there is no argument like '%.60s' here", arg); return EINVAL;
    default: return ARGP_ERR_UNKNOWN;
    }
}

static void show_progress(void *arg, const char *what, int done, int total)
{
    (void)arg;
    term_progress(what, done, total);
}

static void print_topology(const struct machine *m)
{
    const struct topology *t = &m->topology;
    struct text name = {0};
    text_add_safe(&name, t->cpu[0] ? t->cpu : "unknown CPU", 0);
    const char *core = pipes_core_name(t);
    printf("%s%s%s%s\n", name.data ? name.data : "", core[0] ? " (" : "", core, core[0] ? ")" : "");
    text_release(&name);
    printf("  %d socket%s, %d core%s, %d PU%s allowed, %d NUMA node%s, %s of memory%s%s\n", t->sockets,
           t->sockets == 1 ? "" : "s", t->cores, t->cores == 1 ? "" : "s", t->pus, t->pus == 1 ? "" : "s",
           t->numa_nodes, t->numa_nodes == 1 ? "" : "s", quantity_bytes((double)t->memory_bytes).text,
           t->hypervisor[0] ? ", virtual: " : "", t->hypervisor);
    for (int i = 0; i < t->n_caches; i++)
        printf("%sL%d %s x %d", i ? ", " : "  ", t->cache[i].level, quantity_bytes((double)t->cache[i].bytes).text,
               t->cache[i].instances);
    if (m->clock_hz > 0) printf(", clock %s (from a dependent chain)", quantity(m->clock_hz, "Hz").text);
    printf("\n  %s\n\n", t->isa);
}

static const char *unit_of(const struct ceiling *c)
{
    if (c->kind == CEILING_BANDWIDTH) return "B/s";
    return c->dtype == DTYPE_S8 ? "OP/s" : "FLOP/s";
}

/* The ceiling on the other number of threads. */
static const struct ceiling *twin(const struct machine *m, const struct ceiling *c)
{
    for (int i = 0; i < m->n_ceilings; i++) {
        const struct ceiling *o = &m->ceilings[i];
        if (o != c && o->kind == c->kind && o->dtype == c->dtype && !strcmp(o->level, c->level) &&
            !strcmp(o->what, c->what) && !strcmp(o->isa, c->isa))
            return o;
    }
    return NULL;
}

struct cell {
    char value[40], spread[24], share[16];
};
static struct cell cell_of(const struct ceiling *c)
{
    struct cell s = {.value = "-"};
    if (!c || !(c->value > 0)) return s;
    snprintf(s.value, sizeof s.value, "%s%s", quantity(c->value, unit_of(c)).text, c->valid ? "" : " !");
    snprintf(s.spread, sizeof s.spread, "%.1f %%", 50 * (c->high - c->low) / c->value);
    if (c->theory > 0) snprintf(s.share, sizeof s.share, "%.1f %%", 100 * c->value / c->theory);
    return s;
}

static void print_ceilings(const struct machine *m, enum ceiling_kind kind, int threads)
{
    char many[32];
    bool is_compute = kind == CEILING_COMPUTE;
    struct table *t = table_new();
    snprintf(many, sizeof many, "%d threads", threads);
    table_column(t, is_compute ? "COMPUTE" : "BANDWIDTH", TABLE_LEFT);
    table_column(t, is_compute ? "TYPE" : "STREAM", TABLE_LEFT);
    table_column(t, "ISA", TABLE_LEFT);
    for (int i = 0; i < (threads > 1 ? 2 : 1); i++) {
        table_column(t, i ? many : "1 thread", TABLE_RIGHT);
        table_column(t, "+-", TABLE_RIGHT);
        if (is_compute) table_column(t, "of theory", TABLE_RIGHT);
    }
    for (int i = 0; i < m->n_ceilings; i++) {
        const struct ceiling *c = &m->ceilings[i], *other = twin(m, c);
        if (c->kind != kind || (other && other < c)) continue;
        bool is_single = c->threads == 1;
        struct cell one = cell_of(is_single ? c : NULL), all = cell_of(is_single ? other : c);
        const char *cells[9] = {c->level, is_compute ? dtype_name(c->dtype) : c->what, c->isa};
        int n = 3;
        for (int k = 0; k < (threads > 1 ? 2 : 1); k++) {
            const struct cell *s = k ? &all : &one;
            cells[n++] = s->value;
            cells[n++] = s->spread;
            if (is_compute) cells[n++] = s->share;
        }
        table_row(t, -1, cells, n);
    }
    table_print(t, stdout);
    putchar('\n');
}

enum { REASONS_SHOWN = 8 };

/* Few are named one by one; a machine that is busy all along is one sentence. */
static void print_reasons(const struct machine *m)
{
    int invalid = 0;
    for (int i = 0; i < m->n_ceilings; i++) invalid += !m->ceilings[i].valid;
    if (invalid) printf("! not valid: %d of %d\n", invalid, m->n_ceilings);
    for (int i = 0, shown = 0; i < m->n_ceilings && shown < REASONS_SHOWN; i++) {
        const struct ceiling *c = &m->ceilings[i];
        if (c->valid) continue;
        printf("  %s %s %s on %d: %s\n", c->level, c->kind == CEILING_COMPUTE ? dtype_name(c->dtype) : c->what, c->isa,
               c->threads, c->reason);
        if (++shown == REASONS_SHOWN && invalid > shown)
            printf("  and %d more; --json has every reason\n", invalid - shown);
    }
}

/* A share that cannot be is said: the clock or the table of pipes is wrong for this CPU. */
static void print_doubts(const struct machine *m)
{
    for (int i = 0; i < m->n_ceilings; i++) {
        const struct ceiling *c = &m->ceilings[i];
        if (c->valid && c->theory > 0 && c->value > 1.02 * c->theory)
            printf("%s %s %s on %d: %.1f %% of theory: what is known of this CPU's pipes is wrong\n", c->level,
                   dtype_name(c->dtype), c->isa, c->threads, 100 * c->value / c->theory);
    }
}

static void print_roof(const struct machine *m, int threads)
{
    struct roof roof;
    if (!roof_of_ceilings(m->ceilings, m->n_ceilings, DTYPE_F32, threads, &roof)) return;
    printf("Roof on %d thread%s: fp32 %s, DRAM %s, ridge at %.3g FLOP/byte.\n", threads, threads == 1 ? "" : "s",
           quantity(roof.peak, "FLOP/s").text, quantity(roof.bandwidth, "B/s").text, roof_ridge(&roof));
}

static void print_fitness(const struct cpus *cpus)
{
    struct fitness_line lines[FITNESS_LINES];
    int n = fitness_check("", cpus, lines);
    for (int i = 0; i < n; i++)
        if (lines[i].state == 1 || lines[i].state == 2) printf("%s: %s\n", lines[i].check, lines[i].text);
}

/* The highest valid ceiling of a level (and type), 0 where there is none. */
static double highest(const struct machine *m, enum ceiling_kind kind, const char *level, enum dtype d, int threads)
{
    double best = 0;
    for (int i = 0; i < m->n_ceilings; i++) {
        const struct ceiling *c = &m->ceilings[i];
        if (c->valid && c->kind == kind && c->dtype == d && c->threads == threads && !strcmp(c->level, level) &&
            c->value > best)
            best = c->value;
    }
    return best;
}

static void print_plot(const struct machine *m, int threads)
{
    static const struct {
        const char *label, *level, *memory;
        enum dtype dtype;
    } lines[] = {
        {"fp32 from DRAM", "vector", "DRAM", DTYPE_F32}, {"fp32 from L3", "vector", "L3", DTYPE_F32},
        {"fp32 from L2", "vector", "L2", DTYPE_F32},     {"fp32 from L1", "vector", "L1", DTYPE_F32},
        {"scalar fp32", "scalar", "DRAM", DTYPE_F32},    {"fp64", "vector", "DRAM", DTYPE_F64},
        {"bf16", "vector", "DRAM", DTYPE_BF16},          {"bf16 matrix", "matrix", "DRAM", DTYPE_BF16},
    };
    struct plot_roof roofs[COUNT_OF(lines)];
    struct text out = {0};
    int n = 0;
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct roof r = {highest(m, CEILING_COMPUTE, lines[i].level, lines[i].dtype, threads),
                         highest(m, CEILING_BANDWIDTH, lines[i].memory, DTYPE_F32, threads)};
        if (r.peak > 0 && r.bandwidth > 0) roofs[n++] = (struct plot_roof){.label = lines[i].label, .roof = r};
    }
    if (n == 0) return;
    int width = term_width(stdout);
    plot_draw(
        &(struct plot){
            .roofs = roofs, .n_roofs = n, .width = width < 100 ? width : 100, .height = 20, .is_utf8 = term_is_utf8()},
        &out);
    if (out.data) fputs(out.data, stdout);
    text_release(&out);
}

static int most_threads(const struct machine *m)
{
    int most = 1;
    for (int i = 0; i < m->n_ceilings; i++)
        if (m->ceilings[i].threads > most) most = m->ceilings[i].threads;
    return most;
}

static json_t *answer_of(const struct machine *m, bool interrupted)
{
    json_t *answer = json_answer("machine"), *j = machine_json(m), *list = json_array();
    struct fitness_line lines[FITNESS_LINES];
    static const char *const states[] = {"fine", "worth knowing", "unfit", "unknown"};
    int n = fitness_check("", &m->cpus, lines);
    for (int i = 0; i < n; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "check", lines[i].check, "state",
                                              states[lines[i].state], "text", lines[i].text));
    json_object_update(answer, j);
    json_object_set_new(answer, "interrupted", json_boolean(interrupted));
    json_object_set_new(answer, "fitness", list);
    json_object_set_new(answer, "environment", environment_json(""));
    json_decref(j);
    return answer;
}

static void print_card(const struct machine *m, bool wants_plot, bool interrupted)
{
    int threads = most_threads(m);
    print_topology(m);
    print_ceilings(m, CEILING_COMPUTE, threads);
    print_ceilings(m, CEILING_BANDWIDTH, threads);
    print_reasons(m);
    print_doubts(m);
    print_roof(m, threads);
    printf("Medians over bursts, +- half of the 95 %% interval; theory is lanes x pipes x 2 x clock; bytes as STREAM "
           "counts them; \"nt\" stores past the caches.%s Measured in %.0f s.\n",
           interrupted ? " INTERRUPTED: the rest is missing." : "", m->seconds);
    print_fitness(&m->cpus);
    if (wants_plot) print_plot(m, threads);
}

/* A store that refuses is a line of its own: the results are printed all the same. */
static void keep(const struct machine *m)
{
    struct store *s = NULL;
    gable_error e = {0};
    gable_status status = store_open(NULL, &s, &e);
    if (!status) status = store_put_machine(s, m, &e);
    store_close(s);
    if (status) cli_fail(&e);
}

static int run(const struct command *self, int argc, char **argv)
{
    struct request r = {.self = self, .options = {.progress = show_progress}};
    gable_error e = {0};
    int exit_status = cli_parse(self, argc, argv, parse, &r);
    if (exit_status) return exit_status;
    struct machine *m = calloc(1, sizeof *m);
    gable_status status = m ? machine_measure(cli_cpus(), &r.options, &cli_interrupted, m, &e)
                            : error_set(&e, GABLE_NO_MEMORY, "no memory for the results");
    bool interrupted = status == GABLE_INTERRUPTED;
    term_progress_end();
    if (!status) keep(m);
    if (!status && r.options.threads > cli_cpus()->n_allowed)
        fprintf(stderr, "gable: %d threads asked, %d CPUs allowed: measured with those\n", r.options.threads,
                cli_cpus()->n_allowed);
    if (!status || interrupted) {
        if (r.wants_json)
            exit_status = cli_print_json(answer_of(m, interrupted));
        else
            print_card(m, r.wants_plot, interrupted);
    }
    free(m);
    if (status) return cli_fail(&e);
    return exit_status ? exit_status : fflush(stdout) ? 1 : 0;
}

static const struct argp_option options[] = {
    {"quick", 'q', NULL, 0, "a few seconds instead of half a minute, wider intervals", 0},
    {"threads", 't', "N", 0, "threads besides 1; default: one per allowed core", 0},
    {"plot", 'p', NULL, 0, "draw the machine's roofs too", 0},
    {"json", 'j', NULL, 0, "print JSON", 0},
    {0},
};

const struct command command_machine = {
    .name = "machine",
    .args = "",
    .purpose = "measure this machine: topology, FLOP/s and bandwidth ceilings, fitness",
    .examples = "  gable machine --plot\n  gable machine --quick --json\n",
    .options = options,
    .run = run,
};
