/* The independent reference: every operator of the zoo as loops straight from its ONNX definition, in double precision,
   one node after the other. It shares the graph and the weights' values with the engine, and no other code: no oneDNN,
   no fusion, no layout, nothing of engine/. Slow and plain on purpose. */
#ifndef TESTS_REFERENCE_H
#define TESTS_REFERENCE_H
#include "engine/weights.h"

/* What the values of a run's activations looked like. */
struct reference_range {
    double largest;    /* magnitude */
    count not_finite;  /* NaN or infinite as float */
    count denormal;    /* nonzero, and too small for a normal float */
    double output_std; /* of the first output */
};
/* Runs g, inferred, on one array per model input, row-major. `output` takes the first output. `w` may be NULL where g
   has no weights, `range` too. An operator or a form of it that is not here is an error, never skipped. */
gable_status reference_run(const struct graph *g, const struct weights *w, const float *const *inputs, double *output,
                           struct reference_range *range, gable_error *e);
/* The same, and every BatchNormalization first gets the running statistics that its input really has, into w: outputs
   then depend on the images to the last layer, however deep, so that an error anywhere shows. */
gable_status reference_calibrate(const struct graph *g, struct weights *w, const float *const *inputs, double *output,
                                 gable_error *e);
/* max|a - b| / max|b|: what every comparison with the reference states. */
double reference_distance(const float *a, const double *b, size_t n);
#endif
