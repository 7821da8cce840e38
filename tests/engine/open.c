#include "open.h"

#include <math.h>

struct opened open_model(const char *id, int batch, int size, struct engine_options options)
{
    struct opened o = {0};
    gable_error e = {0};
    struct cpus cpus;
    cpus_read("", &cpus);
    assert_ok(zoo_build(id, &(struct zoo_options){.batch = batch, .height = size, .width = size}, &o.graph, &e), &e);
    assert_ok(weights_new(o.graph, 1, &o.weights, &e), &e);
    assert_ok(engine_cpu.open(o.graph, o.weights, &cpus, &options, &o.session, &e), &e);
    size_t image = (size_t)tensor_elements(o.graph->inputs[0]) / (size_t)batch;
    for (int i = 0; i < batch; i++)
        weights_normal((uint64_t)i, image, engine_cpu.input(o.session, 0) + (size_t)i * image);
    return o;
}
void close_model(struct opened *o)
{
    engine_cpu.close(o->session);
    weights_free(o->weights);
    graph_free(o->graph);
}

double largest_error(const float *a, const float *b, size_t n)
{
    double worst = 0, most = 0;
    for (size_t i = 0; i < n; i++) {
        double error = fabs((double)a[i] - (double)b[i]);
        if (!(error <= worst)) worst = isnan(error) ? 1e30 : error;
        if (fabs((double)b[i]) > most) most = fabs((double)b[i]);
    }
    return worst / most;
}
