/* A command is one file and one row: it parses, calls the library, prints. The row feeds `gable --help`, the man page
   and completion. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H
#include "base/cpus.h"
#include "base/error.h"
#include "base/json.h"

#include <argp.h>
#include <stdio.h>

struct command {
    const char *name, *args, *purpose; /* "chips", "[ID...]", "the chip database, with derivations and sources" */
    const char *examples;              /* lines "gable chips h100_pcie --json", shown by --help */
    const struct argp_option *options;
    int (*run)(const struct command *self, int argc, char **argv); /* argv[0] is the command; returns the exit status */
};
extern const struct command command_analyze, command_models, command_chips, command_machine, command_bench,
    command_report, command_run, command_train, command_export;
/* In the order of --help; NULL after the last. */
extern const struct command *const commands[];

void print_limits(FILE *out); /* gable --help limits */
void print_shapes(FILE *out); /* gable --help shapes */

/* What main found out before anything else could change it. */
const struct cpus *cli_cpus(void);
/* Set by SIGINT, SIGTERM, SIGHUP; a second signal ends at once. */
extern volatile bool cli_interrupted;
/* From here on the first one does, but for what stands between these two: there something is written that must not stay
   half done. After it, whether a signal came meanwhile: GABLE_INTERRUPTED where nothing else is wrong. */
void cli_end_at_once(void);
void cli_hold_signals(void);
gable_status cli_release_signals(gable_status s, gable_error *e);
/* Parses with argp under the common rules: --help with purpose and examples, nearest option offered, exit status 2.
   `parser` gets options and arguments; returns 0, or the exit status to end with. */
int cli_parse(const struct command *self, int argc, char **argv, argp_parser_t parser, void *input);
/* "gable: where: why" on stderr through the safe printer; returns the exit status. */
int cli_fail(const gable_error *e);
/* Usage error: one line and where help is; returns 2. */
int cli_usage(const struct command *self, const char *format, ...) PRINTF_LIKE(2, 3);

/* Batch lists and sizes: "1,64,256" with 1..65536 each, ascending not required. False with a sentence in e. */
bool cli_int_list(const char *option, const char *text, int least, int most, int *out, int room, int *n,
                  gable_error *e);
bool cli_int(const char *option, const char *text, int least, int most, int *out, gable_error *e);
bool cli_size(const char *text, int *height, int *width, gable_error *e); /* --size: "224", "224x320" */
bool cli_real(const char *option, const char *text, double least, double most, double *out, gable_error *e);

/* Prints an answer to stdout, indented, decrefs it; the exit status (1 when stdout cannot take it). */
int cli_print_json(json_t *answer);
int cli_print_json_streams(json_t *answer, const struct json_stream *streams, int n);
#endif
