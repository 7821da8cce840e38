/* Convolutions, poolings, normalisations, Einsum, Resize, recurrent layers: rules against finite differences. */
#include "check.h"
#include "graph/graph.h"
#include "rule_case.h"

static void convolutions(void **state)
{
    static const struct rule_case cases[] = {
        {"Conv", "", {"2x3x5x4", "4x3x3x2", "4"}},
        {"Conv", "strides=[2,3] pads=[1,0,2,1]", {"2x3x7x9", "4x3x3x2"}},
        {"Conv", "strides=[2,2]", {"1x2x6x7", "2x2x3x3"}}, /* the last row is never reached */
        {"Conv", "strides=[3,3] pads=[0,0,1,1]", {"1x2x6x6", "2x2x2x2"}},
        {"Conv", "dilations=[2,1] strides=[1,2] pads=[2,1,1,0]", {"2x2x7x6", "3x2x2x3", "3"}},
        {"Conv", "group=2 pads=[1,1,1,1]", {"2x4x4x4", "6x2x3x3", "6"}},
        {"Conv", "group=4 strides=[2,2] pads=[1,1,1,1]", {"2x4x5x5", "4x1x3x3"}},
        {"Conv", "pads=[1,1]", {"2x3x6", "4x3x3", "4"}},
        {"Conv", "strides=[1,2,1]", {"1x2x3x4x3", "2x2x2x2x2"}},
        {"Conv", "auto_pad:SAME_UPPER strides=[2,2]", {"1x2x5x6", "3x2x3x3"}},
        {"Conv", "auto_pad:SAME_LOWER", {"1x2x5x5", "3x2x2x2"}},
        {"Conv", "", {"2x3x4x4", "=5x3x1x1"}},
        {"ConvTranspose", "", {"2x3x3x4", "3x2x3x2", "2"}},
        {"ConvTranspose", "strides=[2,3] pads=[1,0,1,1]", {"1x2x4x3", "2x3x3x2"}},
        {"ConvTranspose", "strides=[2,2] output_padding=[1,1] pads=[1,0,1,0]", {"1x2x3x3", "2x2x3x3", "2"}},
        {"ConvTranspose", "strides=[3,3] output_padding=[2,1]", {"1x2x2x3", "2x2x2x2"}},
        {"ConvTranspose", "group=2 dilations=[2,1]", {"2x4x3x3", "4x3x2x2", "6"}},
        {"ConvTranspose", "strides=[2]", {"2x3x4", "3x2x3"}},
    };
    (void)state;
    rules_hold(cases, COUNT_OF(cases));
}

/* Positions stand as the values do. */
static void four_places(struct graph *g, struct node *n)
{
    tensor_set_shape(g, n->in[1], DTYPE_S64, 4, (const int64_t[]){1, 1, 2, 2});
}

static void poolings(void **state)
{
    static const struct rule_case cases[] = {
        {"MaxPool", "kernel_shape=[2,2] strides=[2,2]", {"2x3x4x6"}},
        {"MaxPool", "kernel_shape=[3,3] strides=[2,1] pads=[1,1,1,1]", {"1x2x5x4"}},
        {"MaxPool", "kernel_shape=[3] ceil_mode=1 strides=[2]", {"1x2x6"}},
        {"MaxPool", "kernel_shape=[2,2] dilations=[2,1]", {"1x1x5x4"}},
        {"AveragePool", "kernel_shape=[2,2] strides=[2,2]", {"2x3x4x6"}},
        {"AveragePool", "kernel_shape=[3,3] strides=[2,1] pads=[1,1,1,1]", {"1x2x5x4"}},
        {"AveragePool", "kernel_shape=[3,2] pads=[1,1,1,0] count_include_pad=1", {"2x2x4x4"}},
        {"AveragePool", "kernel_shape=[3] strides=[2] ceil_mode=1", {"1x2x6"}},
        {"AveragePool", "kernel_shape=[3] strides=[2] ceil_mode=1 pads=[1,1] count_include_pad=1", {"1x2x6"}},
        {"AveragePool", "kernel_shape=[2,2] strides=[3,3]", {"1x2x6x7"}},
        {"GlobalAveragePool", "", {"2x3x4x2"}},
        {"GlobalMaxPool", "", {"2x3x4x2"}},
        {"GlobalLpPool", "", {"2x3x4x2"}},
        {"GlobalLpPool", "p=1", {"2x3x4x2"}},
        {"GlobalLpPool", "p=3", {"2x2x5"}},
        {"LpPool", "kernel_shape=[2,3] strides=[2,1] pads=[1,1,0,1]", {"2x3x4x4"}},
        {"LpPool", "kernel_shape=[3] strides=[2] p=3", {"1x2x6"}},
        {"LpPool", "kernel_shape=[2,2] dilations=[2,1] p=1", {"1x2x5x4"}},
    };
    static const struct rule_case unpool = {"MaxUnpool", "kernel_shape=[2,2] strides=[2,2]", {"1x1x2x2", "c5,7,8,14"}};
    (void)state;
    rules_hold(cases, COUNT_OF(cases));
    rules_hold_with(&unpool, 1, four_places);
}

static void places_between_pixels(void **state)
{
    static const struct rule_case cases[] = {
        {"GridSample", "", {"2x3x4x5", "u2x3x2x2"}},
        {"GridSample", "align_corners=1", {"1x2x4x5", "1x3x2x2"}},
        {"GridSample", "padding_mode:border", {"1x2x3x4", "1x3x3x2"}},
        {"GridSample", "mode:nearest", {"1x2x4x5", "=1x3x2x2"}},
        {"GridSample", "mode:bilinear", {"1x2x3x3", "1x2x2x2"}},
    };
    (void)state;
    rules_hold(cases, COUNT_OF(cases));
    rule_refuses(&(struct rule_case){"GridSample", "mode:cubic", {"1x1x4x4", "1x2x2x2"}}, "mode cubic is not followed");
}

static void normalisations(void **state)
{
    static const struct rule_case cases[] = {
        {"BatchNormalization", "", {"3x2x4", "2", "2", "=2", "+2"}},
        {"BatchNormalization", "training_mode=1 OUTPUTS=1", {"3x2x4x2", "2", "2", "=2", "=2"}},
        {"InstanceNormalization", "epsilon=0.01", {"2x3x4x2", "3", "3"}},
        {"GroupNormalization", "num_groups=2", {"2x4x3", "2", "2"}},
        {"GroupNormalization", "num_groups=2 OPSET=21", {"2x4x3x2", "4", "4"}},
        {"LayerNormalization", "", {"2x3x5", "5", "5"}},
        {"LayerNormalization", "axis=1 epsilon=0.1", {"2x3x5", "3x5"}},
        {"MeanVarianceNormalization", "", {"2x2x3x3"}},
        {"MeanVarianceNormalization", "axes=[1,-1]", {"2x3x4"}},
        {"LpNormalization", "", {"3x4"}},
        {"LpNormalization", "axis=0 p=1", {"3x4"}},
        {"LRN", "size=3 alpha=0.2 beta=0.6 bias=1.5", {"2x5x3"}},
        {"LRN", "size=4", {"1x6x2x2"}},
        {"Dropout", "", {"3x4"}},
    };
    (void)state;
    rules_hold(cases, COUNT_OF(cases));
}

static void sums_of_products(void **state)
{
    static const struct rule_case cases[] = {
        {"Einsum", "equation:ij,jk->ik", {"3x4", "4x2"}},
        {"Einsum", "equation:bij,bkj->bik", {"2x3x4", "2x5x4"}},
        {"Einsum", "equation:bhid,bhjd->bhij", {"2x2x3x4", "2x2x5x4"}},
        {"Einsum", "equation:ij,ik", {"3x4", "3x2"}},
        {"Einsum", "equation:ij->j", {"3x4"}},
        {"Einsum", "equation:ijk->", {"2x3x4"}},
        {"Einsum", "equation:ij,k->i", {"3x4", "2"}},
        {"Einsum", "equation:i,j,ij->", {"3", "4", "3x4"}},
        {"Einsum", "equation:...ij,...jk->...ik", {"2x3x4", "2x4x2"}},
        {"Einsum", "equation:...i->...", {"2x3x4"}},
        {"Einsum", "equation:i,i->i", {"3", "=3"}},
    };
    (void)state;
    rules_hold(cases, COUNT_OF(cases));
    rule_refuses(&(struct rule_case){"Einsum", "equation:ii->i", {"3x3"}}, "a diagonal is not followed");
}

static void interpolations(void **state)
{
    static const struct rule_case cases[] = {
        {"Resize", "", {"1x2x3x4", "-", "-", "c1,2,6,4"}},
        {"Resize", "mode:linear", {"1x2x3x4", "-", "-", "c1,2,7,3"}},
        {"Resize", "mode:linear coordinate_transformation_mode:align_corners", {"1x2x3x4", "-", "-", "c1,2,5,7"}},
        {"Resize", "mode:cubic", {"1x1x4x5", "-", "-", "c1,1,6,3"}},
        {"Resize", "mode:cubic exclude_outside=1 cubic_coeff_a=-0.5", {"1x1x4x4", "-", "-", "c1,1,8,8"}},
        {"Resize", "mode:linear antialias=1", {"1x1x8x8", "-", "-", "c1,1,3,5"}},
        {"Resize",
         "mode:nearest coordinate_transformation_mode:asymmetric nearest_mode:floor",
         {"1x1x3x3", "-", "-", "c1,1,5,2"}},
        {"Upsample", "scales=[1.0,1.0,2.0,2.0] mode:linear OPSET=7", {"1x2x3x2"}},
        {"Upsample", "scales=[1.0,1.0,2.0,3.0] OPSET=7", {"1x2x3x2"}},
    };
    (void)state;
    rules_hold(cases, COUNT_OF(cases));
}

static void recurrent_layers(void **state)
{
    static const struct rule_case cases[] = {
        {"RNN", "OUTPUTS=2", {"3x2x4", "1x3x4", "1x3x3", "1x6"}},
        {"RNN", "direction:reverse", {"3x2x4", "1x3x4", "1x3x3", "1x6", "-", "1x2x3"}},
        {"RNN", "activations:[Relu]", {"2x2x2", "1x3x2", "1x3x3"}},
        {"GRU", "OUTPUTS=2", {"3x2x4", "1x9x4", "1x9x3", "1x18"}},
        {"GRU", "linear_before_reset=1", {"3x2x4", "1x9x4", "1x9x3", "1x18"}},
        {"GRU", "linear_before_reset=1 direction:bidirectional", {"2x2x3", "2x6x3", "2x6x2", "2x12", "-", "2x2x2"}},
        {"LSTM", "OUTPUTS=3", {"3x2x4", "1x12x4", "1x12x3", "1x24"}},
        {"LSTM",
         "direction:bidirectional OUTPUTS=3",
         {"3x2x2", "2x8x2", "2x8x2", "2x16", "i4:2", "2x2x2", "2x2x2", "2x6"}},
        {"LSTM", "layout=1 OUTPUTS=2", {"2x3x4", "1x12x4", "1x12x3"}},
        {"LSTM", "input_forget=1 direction:reverse", {"3x2x2", "1x8x2", "1x8x2", "1x16"}},
    };
    (void)state;
    rules_hold(cases, COUNT_OF(cases));
}

static void what_is_not_followed_is_named(void **state)
{
    (void)state;
    rule_refuses(&(struct rule_case){"LSTM", "clip=3.0", {"3x2x4", "1x12x4", "1x12x3"}}, "clip is not followed");
    rule_refuses(&(struct rule_case){"MaxPool", "kernel_shape=[2,2] storage_order=1", {"1x1x4x4"}}, "by columns");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions),          cmocka_unit_test(poolings),
        cmocka_unit_test(places_between_pixels), cmocka_unit_test(normalisations),
        cmocka_unit_test(sums_of_products),      cmocka_unit_test(interpolations),
        cmocka_unit_test(recurrent_layers),      cmocka_unit_test(what_is_not_followed_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
