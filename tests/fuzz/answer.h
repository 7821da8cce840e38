/* A file that may be anything, before everything that reads it. */
#ifndef FUZZ_ANSWER_H
#define FUZZ_ANSWER_H
#include <stdbool.h>

/* Reads it, infers shapes, counts, and runs it where that is little; true where it was counted. Ends the process where
   a refusal comes without its sentence. */
bool answer(const char *path);
#endif
