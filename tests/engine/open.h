/* A zoo model in an open session, for the engine's tests. */
#ifndef TESTS_ENGINE_OPEN_H
#define TESTS_ENGINE_OPEN_H
#include "check.h"
#include "engine/engine.h"
#include "zoo/zoo.h"

struct opened {
    struct graph *graph;
    struct weights *weights;
    struct session *session;
};
/* Fails the test with the engine's sentence where it cannot. Inputs are N(0,1): image i depends on i alone. */
struct opened open_model(const char *id, int batch, int size, struct engine_options options);
void close_model(struct opened *o);
/* max|a - b| / max|b|; huge where a value is no number. */
double largest_error(const float *a, const float *b, size_t n);
#endif
