/* Runs a file of the tests that needs no input. */
#ifndef ONNX_RUN_FILE_H
#define ONNX_RUN_FILE_H
#include "base/error.h"

#include <stdint.h>

/* The n values of its first output. */
gable_status run_file(const char *path, int64_t n, float *out, gable_error *e);
#endif
