/* libFuzzer: any bytes as an ONNX file are answered or refused: scanned, read, shapes inferred, counted. */
#include "model/model.h"
#include "onnx/onnx.h"
#include "ops/analysis.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[] = "/dev/shm/gable-fuzz-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) abort();
    close(fd);
    const struct model_options options = {0};
    struct graph *g = NULL;
    struct analysis *a = NULL;
    gable_error e = {0};
    gable_status s = model_open(path, &options, &g, &e);
    if (!s) s = analysis_new(g, NULL, &a, &e);
    if (s && !e.why[0]) abort(); /* a refusal without its sentence */
    analysis_free(a);
    graph_free(g);
    unlink(path);
    return 0;
}
