#include "run_file.h"

#include "check.h"
#include "engine/general/general.h"
#include "onnx/onnx.h"
#include "tensors/initializers.h"

gable_status run_file(const char *path, int64_t n, float *out, gable_error *e)
{
    struct graph *g = NULL;
    struct initializers *f = NULL;
    struct general *session = NULL;
    struct cpus cpus;
    cpus_read("", &cpus);
    gable_status s = onnx_read(path, &(struct onnx_options){.keeps_free = true}, &g, e);
    if (!s) s = initializers_open(path, &f, e);
    if (!s) s = general_open(g, initializers_values(f), &cpus, NULL, &session, e);
    if (!s) s = general_run(session, e);
    if (!s) assert_int_equal(general_output(session, 0)->n, n);
    for (int64_t i = 0; i < n && !s; i++) out[i] = (float)value_real(general_output(session, 0), i);
    general_close(session);
    initializers_close(f);
    graph_free(g);
    return s;
}
