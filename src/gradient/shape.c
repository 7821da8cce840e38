/* The same values under another shape. */
#include "gradient/back.h"

static void back_same(struct back *b) { b->dx[0] = b->dy[0]; }

static void back_reshaped(struct back *b) { b->dx[0] = back_shaped(b, b->dy[0], back_x(b, 0)); }

const struct gradient_rule rules_shape[] = {
    {"Identity", DOMAIN_ONNX, .back = back_same, .words = "dy"},
    {"Reshape", DOMAIN_ONNX, .back = back_reshaped, .words = "dy in the input's shape"},
    {"Flatten", DOMAIN_ONNX, .back = back_reshaped, .words = "dy in the input's shape"},
    {"Squeeze", DOMAIN_ONNX, .back = back_reshaped, .words = "dy in the input's shape"},
    {"Unsqueeze", DOMAIN_ONNX, .back = back_reshaped, .words = "dy in the input's shape"},
    {0},
};
