/* The program, run by /bin/sh in a folder of its own: what it prints, where a file is expected to make trouble. */
#ifndef HOSTILE_COMMAND_H
#define HOSTILE_COMMAND_H
#include <stddef.h>

struct answer {
    int status; /* of the shell: 128 and the signal's number where one ended the program */
    char *out, *err;
    size_t out_len, err_len;
};
/* `command` as a shell reads it, "$gable" being the program; standard input is empty. */
void command_run(const char *folder, const char *command, struct answer *a);
void command_release(struct answer *a);

/* A new folder below /tmp, and its end with all that is in it. */
char *folder_new(void);
void folder_free(char *folder);
/* The same around a group of tests: *state is the folder. */
int folder_start(void **state);
int folder_finish(void **state);
const char *folder_path(const char *folder, const char *name); /* valid for the next eight calls */
#endif
