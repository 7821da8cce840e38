/* Which places of the input make a place of the output when an axis is resized, and how much of each. */
#ifndef ENGINE_GENERAL_KERNELS_TAPS_H
#define ENGINE_GENERAL_KERNELS_TAPS_H
#include "engine/general/kernel.h"

enum resampling { RESAMPLING_NEAREST, RESAMPLING_LINEAR, RESAMPLING_CUBIC };
/* clang-format off */
#define COORDINATES(X) \
    X(half_pixel) X(half_pixel_symmetric) X(pytorch_half_pixel) X(align_corners) X(asymmetric) \
    X(tf_half_pixel_for_nn) X(tf_crop_and_resize)
#define ROUNDINGS(X) X(round_prefer_floor) X(round_prefer_ceil) X(floor) X(ceil)
/* clang-format on */
#define COORDINATE_ENUM(name) COORDINATE_##name,
#define ROUNDING_ENUM(name) ROUNDING_##name,
enum coordinate { COORDINATES(COORDINATE_ENUM) COORDINATE_N };
/* AWAY: up where the axis shrinks, else down, as before opset 11 */
enum rounding { ROUNDINGS(ROUNDING_ENUM) ROUNDING_AWAY };

struct resampler {
    enum resampling kind;
    enum coordinate coordinate;
    enum rounding rounding;
    double cubic;            /* ONNX's cubic_coeff_a */
    bool leaves_out, widens; /* exclude_outside, antialias */
};
struct taps { /* of one axis */
    int64_t in, out;
    double scale, length; /* length: out before it was cut to a whole number */
    double start, end;    /* of the region that is cropped */
    int n;                /* of each place */
    int32_t *index;       /* n x out: tap by tap */
    double *weight;       /* the same; NULL: each place is a copy of one */
    uint8_t *is_outside;  /* out: by tf_crop_and_resize; else NULL */
    bool is_same;         /* nothing changes along this axis */
};
/* Fills n to is_same of an axis whose other fields are set. */
gable_status taps_plan(struct call *c, const struct resampler *r, struct taps *t);
#endif
