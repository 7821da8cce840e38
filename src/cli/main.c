/* gable: the program. Finds the command, runs it, ends with its status. */
#include "cli/command.h"

#include "base/text.h"

#include <jansson.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct command *const commands[] = {
    &command_analyze, &command_models, &command_chips,  &command_machine, &command_run,
    &command_bench,   &command_train,  &command_report, &command_export,  NULL};

static struct cpus main_cpus;
volatile bool cli_interrupted;
static volatile bool ends_at_once;

const struct cpus *cli_cpus(void) { return &main_cpus; }

void cli_end_at_once(void) { ends_at_once = true; }
void cli_hold_signals(void) { ends_at_once = false; }
gable_status cli_release_signals(gable_status s, gable_error *e)
{
    ends_at_once = true;
    return s || !cli_interrupted ? s : error_set(e, GABLE_INTERRUPTED, "interrupted");
}

static void on_signal(int signal_number)
{
    static const char said[] = "gable: interrupted\n";
    if (ends_at_once && write(STDERR_FILENO, said, sizeof said - 1) < 0) _exit(128 + signal_number);
    if (ends_at_once || cli_interrupted) _exit(128 + signal_number);
    cli_interrupted = true;
}

static void catch_signals(void)
{
    static const int caught[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < COUNT_OF(caught); i++) sigaction(caught[i], &action, NULL);
}

static void print_help(FILE *out)
{
    fputs(
        "Usage: gable COMMAND [OPTION...]\n\n"
        "What bounds a neural network on a given piece of hardware: counts, roofs, runs, and how close they come.\n\n",
        out);
    for (int i = 0; commands[i]; i++) {
        char head[64];
        snprintf(head, sizeof head, "%s %s", commands[i]->name, commands[i]->args);
        fprintf(out, "  %-24s %s\n", head, commands[i]->purpose);
    }
    fputs("\n  gable COMMAND --help     options and examples of a command\n"
          "  gable --help shapes      how inputs get their batch, size and free dimensions\n"
          "  gable --help limits      what files and arguments may hold at most\n"
          "  gable --version          version\n\n"
          "Exit status: ",
          out);
#define ROW(name, exit_status, meaning) {exit_status, meaning},
    static const struct {
        int status;
        const char *meaning;
    } statuses[] = {GABLE_STATUSES(ROW)};
#undef ROW
    for (size_t i = 0, shown = 0; i < COUNT_OF(statuses); i++) {
        if (statuses[i].status == 1 && i != GABLE_FAILED) continue; /* three reasons, one number */
        fprintf(out, "%s%d %s", shown++ ? ", " : "", statuses[i].status,
                i == GABLE_FAILED ? "failed" : statuses[i].meaning);
    }
    fputs(".\n", out);
}

static int unknown_command(const char *word)
{
    const char *names[64] = {0};
    size_t n = 0;
    while (n < COUNT_OF(names) && commands[n]) {
        names[n] = commands[n]->name;
        n++;
    }
    const char *nearest = text_nearest(word, names, n);
    struct text safe = {0};
    text_add_safe(&safe, word, 60);
    fprintf(stderr, "gable: there is no command '%s'%s%s%s; 'gable --help' lists them\n", safe.data ? safe.data : "",
            nearest ? ", did you mean '" : "", nearest ? nearest : "", nearest ? "'?" : "");
    text_release(&safe);
    return 2;
}

/* An answer that lacks a part looks whole: where memory for one is out the program ends. */
static void *memory_for_json(size_t bytes)
{
    gable_error e = {0};
    void *p = malloc(bytes);
    if (p) return p;
    error_set(&e, GABLE_NO_MEMORY, "not enough memory for an answer in JSON");
    exit(cli_fail(&e));
}

int main(int argc, char **argv)
{
    cpus_read("", &main_cpus);
    setlocale(LC_ALL, "");
    setlocale(LC_NUMERIC, "C");
    catch_signals();
    json_set_alloc_funcs(memory_for_json, free);
    const char *word = argc > 1 ? argv[1] : "";
    if (argc < 2) {
        print_help(stderr);
        return 2;
    }
    bool wants_help = !strcmp(word, "--help") || !strcmp(word, "help");
    if (wants_help && argc == 3 && (!strcmp(argv[2], "limits") || !strcmp(argv[2], "shapes"))) {
        if (argv[2][0] == 'l')
            print_limits(stdout);
        else
            print_shapes(stdout);
        return fflush(stdout) ? 1 : 0;
    }
    if (!strcmp(word, "--help") || !strcmp(word, "-h") || (!strcmp(word, "help") && argc == 2)) {
        print_help(stdout);
        return fflush(stdout) ? 1 : 0;
    }
    if (!strcmp(word, "--version") || !strcmp(word, "-V")) {
        printf("gable %s\n", gable_version());
        return fflush(stdout) ? 1 : 0;
    }
    if (!strcmp(word, "help")) { /* gable help bench = gable bench --help */
        static char help[] = "--help";
        char *again[] = {argv[0], argv[2], help, NULL};
        return main(3, again);
    }
    for (int i = 0; commands[i]; i++)
        if (!strcmp(commands[i]->name, word)) return commands[i]->run(commands[i], argc - 1, argv + 1);
    return unknown_command(word);
}
