/* Operators through which nothing flows back: their slope is 0, or what they give does not depend on values. */
#include "gradient/back.h"

#define FLAT(op, why)                 \
    {                                 \
        op, DOMAIN_ONNX, .words = why \
    }
#define SLOPE "its slope is 0"
#define LENGTH "it depends on a length alone"
#define DRAWN "drawn or placed, not computed"

const struct gradient_rule rules_flat[] = {
    FLAT("Floor", SLOPE),
    FLAT("Ceil", SLOPE),
    FLAT("Round", SLOPE),
    FLAT("Sign", SLOPE),
    FLAT("Hardmax", SLOPE),
    FLAT("ArgMax", "its values are positions"),
    FLAT("ArgMin", "its values are positions"),
    FLAT("NonZero", "its values are positions"),
    FLAT("Shape", "it depends on the shape alone"),
    FLAT("Size", "it depends on the shape alone"),
    FLAT("ConstantOfShape", "it depends on the shape alone"),
    FLAT("EyeLike", "it depends on the shape alone"),
    FLAT("RandomNormalLike", DRAWN),
    FLAT("RandomUniformLike", DRAWN),
    FLAT("Bernoulli", DRAWN),
    FLAT("SequenceEmpty", "it holds nothing"),
    FLAT("SequenceLength", "it is a number of tensors"),
    FLAT("OptionalHasElement", "it is a truth value"),
    FLAT("NonMaxSuppression", "its values are positions"),
    FLAT("Unique", "which values it keeps is no matter of slope"),
    FLAT("Range", "it counts: where it starts and ends is not trained"),
    FLAT("HannWindow", LENGTH),
    FLAT("HammingWindow", LENGTH),
    FLAT("BlackmanWindow", LENGTH),
    FLAT("MelWeightMatrix", "which bins a filter has is no matter of slope"),
    {0},
};
