/* Every operator's shape and cost on a small case, the derivation written out; then the operators that no row names. */
#include "check.h"
#include "one_node.h"

#include <string.h>

static const struct cost_case {
    struct one_node node;
    const char *shape;
    int64_t macs, flops;
    enum op_kind kind;
} cases[] = {
    /* outputs x taps; 2 FLOPs each; one more per output for the bias */
    {{"Conv", "", "1x3x224x224 64x3x7x7", 1, {INTS("strides", 2, 2, 2), INTS("pads", 4, 3, 3, 3, 3)}},
     "1x64x112x112",
     (64LL * 112 * 112) * (3 * 7 * 7),
     2 * (64LL * 112 * 112) * (3 * 7 * 7),
     KIND_CONV},
    {{"Conv", "", "2x8x5x5 16x8x1x1 16", 1, {{0}}},
     "2x16x5x5",
     (2 * 16 * 25) * 8,
     2 * (2 * 16 * 25) * 8 + 2 * 16 * 25,
     KIND_POINTWISE},
    {{"Conv", "", "1x32x6x6 32x1x3x3", 1, {INT("group", 32), INTS("pads", 4, 1, 1, 1, 1)}},
     "1x32x6x6",
     (32 * 36) * 9,
     2 * (32 * 36) * 9,
     KIND_DEPTHWISE},
    {{"Conv", "", "1x8x4x4 4x4x3x3", 1, {INT("group", 2)}},
     "1x4x2x2",
     (4 * 4) * (4 * 9),
     2 * (4 * 4) * (4 * 9),
     KIND_GROUPED},
    /* dilation 2: 3 taps over 5 pixels, 9 - 5 + 1 = 5 positions; one dimension only */
    {{"Conv", "", "1x2x9 3x2x3", 1, {INTS("dilations", 1, 2)}},
     "1x3x5",
     (3 * 5) * (2 * 3),
     2 * (3 * 5) * (2 * 3),
     KIND_CONV},
    /* SAME: ceil(7 / 2) = 4 positions whatever the kernel */
    {{"Conv", "", "1x1x7x7 1x1x3x3", 1, {WORD("auto_pad", "SAME_UPPER"), INTS("strides", 2, 2, 2)}},
     "1x1x4x4",
     16 * 9,
     2 * 16 * 9,
     KIND_CONV},
    {{"Conv", "", "1x1x7x7 1x1x3x3", 1, {WORD("auto_pad", "VALID")}}, "1x1x5x5", 25 * 9, 2 * 25 * 9, KIND_CONV},
    /* every input value meets 4 outputs x 9 taps; (5 - 1) * 2 + 3 - 2 * 1 + 1 = 10 */
    {{"ConvTranspose",
      "",
      "1x2x5x5 2x4x3x3 4",
      1,
      {INTS("strides", 2, 2, 2), INTS("pads", 4, 1, 1, 1, 1), INTS("output_padding", 2, 1, 1)}},
     "1x4x10x10",
     (2 * 25) * (4 * 9),
     2 * (2 * 25) * (4 * 9) + 4 * 100,
     KIND_CONV},
    /* 3 x 5 outputs of 7 products each, a bias for each output */
    {{"Gemm", "", "3x7 5x7 5", 1, {INT("transB", 1)}}, "3x5", 3 * 5 * 7, 2 * 3 * 5 * 7 + 15, KIND_LINEAR},
    {{"Gemm", "", "7x3 7x5", 1, {INT("transA", 1)}}, "3x5", 3 * 5 * 7, 2 * 3 * 5 * 7, KIND_LINEAR},
    /* alpha scales 15 outputs, beta 5 biases, 15 additions */
    {{"Gemm", "", "3x7 7x5 5", 1, {REAL("alpha", 0.5), REAL("beta", 2)}},
     "3x5",
     3 * 5 * 7,
     2 * 3 * 5 * 7 + 15 + 5 + 15,
     KIND_LINEAR},
    /* 4 x 6 matrices of 3 x 5, the stack of 1 is repeated */
    {{"MatMul", "", "4x1x3x7 6x7x5", 1, {{0}}}, "4x6x3x5", (4 * 6 * 3 * 5) * 7, 2 * (4 * 6 * 3 * 5) * 7, KIND_LINEAR},
    {{"MatMul", "", "7 7x5", 1, {{0}}}, "5", 5 * 7, 2 * 5 * 7, KIND_LINEAR},
    {{"MatMul", "", "7 7", 1, {{0}}}, "()", 7, 14, KIND_LINEAR},
    /* 2 heads, 3 queries, 5 keys of 4 values, 7 of each: 30 scores of 4 + 7 MACs; Softmax 6 rows of 5 x 5 - 2 */
    {{"Attention", "ai.gable", "2x3x4 2x4x5 2x5x7", 1, {{0}}}, "2x3x7", 30 * 11, 2 * 30 * 11 + 6 * 23, KIND_LINEAR},
    /* a product and a sum per score more */
    {{"Attention", "ai.gable", "2x3x4 2x4x5 2x5x7 3x5", 1, {REAL("scale", 0.5)}},
     "2x3x7",
     30 * 11,
     2 * 30 * 11 + 6 * 23 + 2 * 30,
     KIND_LINEAR},
    {{"BatchNormalization", "", "2x3x4x4 3 3 3 3", 1, {{0}}}, "2x3x4x4", 0, 2 * (2 * 3 * 16), KIND_NORM},
    /* 2 sets of 12: 5 + scale + shift per element, 3 per set */
    {{"LayerNormalization", "", "2x12 12 12", 1, {{0}}}, "2x12", 0, 7 * 24 + 3 * 2, KIND_NORM},
    {{"LayerNormalization", "", "2x3x4 12", 1, {INT("axis", 1)}}, "2x3x4", 0, 6 * 24 + 3 * 2, KIND_NORM},
    {{"InstanceNormalization", "", "2x3x4x4 3 3", 1, {{0}}}, "2x3x4x4", 0, 7 * 96 + 3 * 6, KIND_NORM},
    {{"GroupNormalization", "", "2x4x3x3 4 4", 1, {INT("num_groups", 2)}}, "2x4x3x3", 0, 7 * 72 + 3 * 4, KIND_NORM},
    {{"Relu", "", "2x5", 1, {{0}}}, "2x5", 0, 10, KIND_ACTIVATION},
    {{"Sigmoid", "", "2x5", 1, {{0}}}, "2x5", 0, 4 * 10, KIND_ACTIVATION},
    {{"Swish", "", "2x5", 1, {{0}}}, "2x5", 0, 5 * 10, KIND_ACTIVATION},
    {{"Swish", "", "2x5", 1, {REAL("alpha", 1.702)}}, "2x5", 0, 6 * 10, KIND_ACTIVATION},
    {{"HardSigmoid", "", "2x5", 1, {{0}}}, "2x5", 0, 4 * 10, KIND_ACTIVATION},
    {{"HardSwish", "", "2x5", 1, {{0}}}, "2x5", 0, 5 * 10, KIND_ACTIVATION},
    {{"Clip", "", "2x5 () ()", 1, {{0}}}, "2x5", 0, 2 * 10, KIND_ACTIVATION},
    {{"Clip", "", "2x5 - ()", 1, {{0}}}, "2x5", 0, 10, KIND_ACTIVATION},
    {{"LeakyRelu", "", "2x5", 1, {{0}}}, "2x5", 0, 2 * 10, KIND_ACTIVATION},
    {{"PRelu", "", "2x5 5", 1, {{0}}}, "2x5", 0, 2 * 10, KIND_ACTIVATION},
    {{"Gelu", "", "2x5", 1, {{0}}}, "2x5", 0, 5 * 10, KIND_ACTIVATION},
    {{"Tanh", "", "2x5", 1, {{0}}}, "2x5", 0, 10, KIND_ACTIVATION},
    /* rows of 5: 4 comparisons, 5 subtractions, 5 exponentials, 4 additions, 5 divisions */
    {{"Softmax", "", "2x5", 1, {{0}}}, "2x5", 0, 2 * (4 + 5 + 5 + 4 + 5), KIND_ACTIVATION},
    {{"Softmax", "", "2x5", 1, {INT("axis", 0)}}, "2x5", 0, 5 * (1 + 2 + 2 + 1 + 2), KIND_ACTIVATION},
    {{"LogSoftmax", "", "2x5", 1, {{0}}}, "2x5", 0, 2 * (4 + 5 + 5 + 4 + 1 + 5), KIND_ACTIVATION},
    {{"Add", "", "2x1x4 3x1", 1, {{0}}}, "2x3x4", 0, 24, KIND_ELEMENTWISE},
    {{"Sub", "", "4 ()", 1, {{0}}}, "4", 0, 4, KIND_ELEMENTWISE},
    {{"Mul", "", "1x8x1x1 1x8x5x5", 1, {{0}}}, "1x8x5x5", 0, 200, KIND_ELEMENTWISE},
    {{"Div", "", "4 4", 1, {{0}}}, "4", 0, 4, KIND_ELEMENTWISE},
    {{"Pow", "", "4 ()", 1, {{0}}}, "4", 0, 4, KIND_ELEMENTWISE},
    {{"Exp", "", "4", 1, {{0}}}, "4", 0, 4, KIND_ELEMENTWISE},
    {{"Sqrt", "", "4", 1, {{0}}}, "4", 0, 4, KIND_ELEMENTWISE},
    {{"Sum", "", "4 4 4", 1, {{0}}}, "4", 0, 2 * 4, KIND_ELEMENTWISE},
    {{"Mean", "", "4 4 4", 1, {{0}}}, "4", 0, 3 * 4, KIND_ELEMENTWISE},
    {{"Max", "", "4", 1, {{0}}}, "4", 0, 0, KIND_ELEMENTWISE},
    {{"Where", "", "3x1 4 ()", 1, {{0}}}, "3x4", 0, 12, KIND_ELEMENTWISE},
    {{"Equal", "", "4 4", 1, {{0}}}, "4", 0, 4, KIND_ELEMENTWISE},
    {{"Not", "", "4", 1, {{0}}}, "4", 0, 0, KIND_ELEMENTWISE},
    /* Conv's, then divide, round, add, saturate for each of 25 outputs of one channel */
    {{"QLinearConv", "", "1x2x5x5 () () 1x2x1x1 () () () ()", 1, {{0}}},
     "1x1x5x5",
     25 * 2,
     2 * 25 * 2 + 4 * 25,
     KIND_POINTWISE},
    {{"ConvInteger", "", "1x2x5x5 3x2x3x3 () ()", 1, {{0}}}, "1x3x3x3", 27 * 18, 2 * 27 * 18, KIND_CONV},
    {{"QLinearMatMul", "", "3x7 () () 7x5 () () () ()", 1, {{0}}},
     "3x5",
     3 * 5 * 7,
     2 * 3 * 5 * 7 + 4 * 15,
     KIND_LINEAR},
    {{"MatMulInteger", "", "3x7 7x5", 1, {{0}}}, "3x5", 3 * 5 * 7, 2 * 3 * 5 * 7, KIND_LINEAR},
    {{"QuantizeLinear", "", "2x5 ()", 1, {{0}}}, "2x5", 0, 4 * 10, KIND_ELEMENTWISE},
    {{"DequantizeLinear", "", "2x5 ()", 1, {{0}}}, "2x5", 0, 2 * 10, KIND_ELEMENTWISE},
    /* 2 of 3 x 3: 2 + 1 divisions, 4 + 1 products and as many subtractions, 2 products of the diagonal */
    {{"Det", "", "2x3x3", 1, {{0}}}, "2", 0, 2 * (3 + 2 * 5 + 2), KIND_OTHER},
    /* 4 letters of 2, 3, 5, 7: 210 products, as many sums */
    {{"Einsum", "", "2x3x5 2x5x7", 1, {WORD("equation", "bij,bjk->bik")}}, "2x3x7", 210, 420, KIND_LINEAR},
    {{"Einsum", "", "3x5 5x7", 1, {WORD("equation", "ij,jk")}}, "3x7", 105, 210, KIND_LINEAR},
    {{"Einsum", "", "4x3x5", 1, {WORD("equation", "...ij->...ji")}}, "4x5x3", 0, 0, KIND_LINEAR},
    {{"Einsum", "", "3x3", 1, {WORD("equation", "ii->")}}, "()", 0, 3 - 1, KIND_LINEAR},
    /* 32 outputs of 4 values: powers, sums, a root */
    {{"LpPool", "", "1x2x8x8", 1, {INTS("kernel_shape", 2, 2, 2), INTS("strides", 2, 2, 2)}},
     "1x2x4x4",
     0,
     32 * (4 + 3 + 1),
     KIND_POOL},
    {{"GlobalLpPool", "", "1x2x4x4", 1, {{0}}}, "1x2x1x1", 0, 2 * (16 + 15 + 1), KIND_POOL},
    /* square, 4 sums, scale, bias, power, divide */
    {{"LRN", "", "1x8x2x2", 1, {INT("size", 5)}}, "1x8x2x2", 0, 32 * (1 + 4 + 1 + 1 + 1 + 1), KIND_NORM},
    {{"LpNormalization", "", "2x5", 1, {{0}}}, "2x5", 0, 2 * (5 + 4 + 1 + 5), KIND_NORM},
    {{"LpNormalization", "", "2x5", 1, {INT("p", 1)}}, "2x5", 0, 2 * (5 + 4 + 5), KIND_NORM},
    /* 3 channels are sets */
    {{"MeanVarianceNormalization", "", "2x3x4x4", 1, {{0}}}, "2x3x4x4", 0, 5 * 96 + 3 * 3, KIND_NORM},
    {{"Hardmax", "", "2x5", 1, {{0}}}, "2x5", 0, 2 * 4, KIND_OTHER},
    {{"Shrink", "", "2x5", 1, {{0}}}, "2x5", 0, 3 * 10, KIND_ACTIVATION},
    {{"IsNaN", "", "2x5", 1, {{0}}}, "2x5", 0, 10, KIND_ELEMENTWISE},
    {{"BitShift", "", "2x5 5", 1, {{0}}}, "2x5", 0, 0, KIND_ELEMENTWISE},
    /* 2 lines of 16: 4 steps of 16, 5 each */
    {{"DFT", "", "2x16x1", 1, {INT("onesided", 1)}}, "2x9x2", 0, 2 * 5 * 16 * 4, KIND_OTHER},
    {{"DFT", "", "2x16x1 i:8", 1, {{0}}}, "2x8x2", 0, 2 * 5 * 8 * 3, KIND_OTHER},
    /* (32 - 8) / 4 + 1 frames, each windowed and transformed */
    {{"STFT", "", "1x32x1 i:4 8", 1, {{0}}}, "1x7x5x2", 0, 7 * (5 * 8 * 3 + 8), KIND_OTHER},
    {{"HannWindow", "", "i:10", 1, {{0}}}, "10", 0, 4 * 10, KIND_OTHER},
    {{"BlackmanWindow", "", "i:10", 1, {{0}}}, "10", 0, 8 * 10, KIND_OTHER},
    {{"MelWeightMatrix", "", "i:8 i:16 i:8192 i:0 i:4096", 1, {{0}}}, "9x8", 0, 72, KIND_OTHER},
    /* 4 taps: 4 products, 3 sums */
    {{"GridSample", "", "1x2x4x4 1x3x5x2", 1, {{0}}}, "1x2x3x5", 0, 7 * 30, KIND_OTHER},
    {{"GridSample", "", "1x2x4x4 1x3x5x2", 1, {WORD("mode", "nearest")}}, "1x2x3x5", 0, 0, KIND_OTHER},
    /* 4 samples of 7, 3 sums, a division */
    {{"RoiAlign", "", "1x2x8x8 3x4 3", 1, {INT("output_height", 2), INT("output_width", 2), INT("sampling_ratio", 2)}},
     "3x2x2x2",
     0,
     24 * (4 * 7 + 3 + 1),
     KIND_POOL},
    {{"MaxRoiPool", "", "1x2x8x8 3x5", 1, {INTS("pooled_shape", 2, 2, 2)}}, "3x2x2x2", 0, 24, KIND_POOL},
    {{"MaxUnpool", "", "1x1x2x2 1x1x2x2", 1, {INTS("kernel_shape", 2, 2, 2), INTS("strides", 2, 2, 2)}},
     "1x1x4x4",
     0,
     0,
     KIND_MOVE},
    {{"RandomNormal", "", "", 1, {INTS("shape", 2, 3, 4)}}, "3x4", 0, 12, KIND_OTHER},
    {{"Multinomial", "", "3x10", 1, {INT("sample_size", 4)}}, "3x4", 0, 12, KIND_OTHER},
    {{"EyeLike", "", "3x4", 1, {{0}}}, "3x4", 0, 0, KIND_MOVE},
    /* 6 targets: negate, sum or divide; before it 5 x 5 - 1 each */
    {{"NegativeLogLikelihoodLoss", "", "2x5x3 2x3", 1, {{0}}}, "()", 0, 2 * 6, KIND_OTHER},
    {{"NegativeLogLikelihoodLoss", "", "2x5x3 2x3", 1, {WORD("reduction", "none")}}, "2x3", 0, 6, KIND_OTHER},
    {{"SoftmaxCrossEntropyLoss", "", "2x5x3 2x3", 1, {{0}}}, "()", 0, 6 * 24 + 2 * 6, KIND_OTHER},
    {{"NonZero", "", "3x4", 1, {{0}}}, "2x12", 0, 12, KIND_MOVE},
    {{"Compress", "", "3x4 2", 1, {INT("axis", 0)}}, "2x4", 0, 0, KIND_MOVE},
    {{"Unique", "", "3x4", 1, {{0}}}, "12", 0, 12, KIND_OTHER},
    {{"NonMaxSuppression", "", "1x6x4 1x2x6 i:3", 1, {{0}}}, "6x3", 0, 12, KIND_OTHER},
    {{"TfIdfVectorizer", "", "6", 1, {INTS("ngram_indexes", 3, 0, 4, 2)}}, "5", 0, 6, KIND_OTHER},
    /* 8 comparisons per output */
    {{"MaxPool",
      "",
      "1x2x8x8",
      1,
      {INTS("kernel_shape", 2, 3, 3), INTS("strides", 2, 2, 2), INTS("pads", 4, 1, 1, 1, 1)}},
     "1x2x4x4",
     0,
     8 * (2 * 16),
     KIND_POOL},
    /* 112 pixels, kernel 3, stride 2: floor(109 / 2) + 1 = 55, ceil gives 56: the last window begins at 110 */
    {{"MaxPool", "", "1x1x112", 1, {INTS("kernel_shape", 1, 3), INTS("strides", 1, 2), INT("ceil_mode", 1)}},
     "1x1x56",
     0,
     2 * 56,
     KIND_POOL},
    /* ceil would add a window that begins in the right padding, at 4: it is dropped */
    {{"MaxPool",
      "",
      "1x1x3",
      1,
      {INTS("kernel_shape", 1, 2), INTS("strides", 1, 2), INTS("pads", 2, 1, 1), INT("ceil_mode", 1)}},
     "1x1x2",
     0,
     2,
     KIND_POOL},
    /* torch and ONNX: a window of 3 may hang over 2 pixels, ceil((2 - 3) / 2) + 1 = 1 */
    {{"MaxPool", "", "1x1x2", 1, {INTS("kernel_shape", 1, 3), INTS("strides", 1, 2), INT("ceil_mode", 1)}},
     "1x1x1",
     0,
     2,
     KIND_POOL},
    /* 3 additions and a division per output */
    {{"AveragePool", "", "1x2x8x8", 1, {INTS("kernel_shape", 2, 2, 2), INTS("strides", 2, 2, 2)}},
     "1x2x4x4",
     0,
     4 * 32,
     KIND_POOL},
    /* 63 additions and a division for each of 2 outputs */
    {{"GlobalAveragePool", "", "1x2x8x8", 1, {{0}}}, "1x2x1x1", 0, 2 * 64, KIND_POOL},
    {{"GlobalMaxPool", "", "1x2x8x8", 1, {{0}}}, "1x2x1x1", 0, 2 * 63, KIND_POOL},
    /* bins [0,2) [1,4) [3,5): floor(o * 5 / 3) to ceil((o + 1) * 5 / 3), 7 values a side */
    {{"AdaptiveAveragePool", "ai.gable", "1x2x5x5", 1, {INTS("output_size", 2, 3, 3)}},
     "1x2x3x3",
     0,
     2 * 7 * 7,
     KIND_POOL},
    /* more bins than pixels: 7 over 3 pixels are [0,1) [0,1) [0,2) [1,2) [1,3) [2,3) [2,3), 9 values */
    {{"AdaptiveAveragePool", "ai.gable", "1x1x3", 1, {INTS("output_size", 1, 7)}}, "1x1x7", 0, 9, KIND_POOL},
    /* 8 sums of 6 values (5 additions) and 8 divisions */
    {{"ReduceMean", "", "2x4x2x3 i:2,3", 1, {INT("keepdims", 0)}}, "2x4", 0, 8 * 6, KIND_POOL},
    {{"ReduceMean", "", "2x4x2x3 i:-1", 1, {{0}}}, "2x4x2x1", 0, 16 * 3, KIND_POOL},
    {{"ReduceSum", "", "2x6", 1, {INTS("axes", 1, 1)}}, "2x1", 0, 2 * 5, KIND_POOL},
    {{"ReduceSum", "", "2x6", 1, {INT("keepdims", 0)}}, "()", 0, 11, KIND_POOL},
    {{"ReduceSum", "", "2x6", 1, {INT("noop_with_empty_axes", 1)}}, "2x6", 0, 0, KIND_POOL},
    {{"ReduceL2", "", "2x6 i:1", 1, {{0}}}, "2x1", 0, 12 + 10 + 2, KIND_POOL},
    {{"Concat", "", "1x2x4 1x3x4", 1, {INT("axis", 1)}}, "1x5x4", 0, 0, KIND_MOVE},
    {{"Split", "", "1x5x4", 2, {INT("axis", 1)}}, "1x3x4", 0, 0, KIND_MOVE},
    {{"Split", "", "1x5x4 i:1,4", 2, {INT("axis", -2)}}, "1x1x4", 0, 0, KIND_MOVE},
    {{"Transpose", "", "2x3x4", 1, {{0}}}, "4x3x2", 0, 0, KIND_MOVE},
    {{"Transpose", "", "2x3x4", 1, {INTS("perm", 3, 1, 0, 2)}}, "3x2x4", 0, 0, KIND_MOVE},
    {{"Pad", "", "2x3 i:0,1,-1,2", 1, {{0}}}, "1x6", 0, 0, KIND_MOVE},
    {{"Reshape", "", "2x3x4 i:0,-1", 1, {{0}}}, "2x12", 0, 0, KIND_MOVE},
    {{"Flatten", "", "2x3x4", 1, {{0}}}, "2x12", 0, 0, KIND_MOVE},
    {{"Flatten", "", "2x3x4", 1, {INT("axis", 0)}}, "1x24", 0, 0, KIND_MOVE},
    {{"Squeeze", "", "1x3x1", 1, {{0}}}, "3", 0, 0, KIND_MOVE},
    {{"Squeeze", "", "1x3x1 i:-1", 1, {{0}}}, "1x3", 0, 0, KIND_MOVE},
    {{"Unsqueeze", "", "3 i:0,2", 1, {{0}}}, "1x3x1", 0, 0, KIND_MOVE},
    {{"Identity", "", "2x3", 1, {{0}}}, "2x3", 0, 0, KIND_MOVE},
    {{"Dropout", "", "2x3", 1, {{0}}}, "2x3", 0, 0, KIND_MOVE},
    {{"StochasticDepth", "ai.gable", "2x3", 1, {{0}}}, "2x3", 0, 0, KIND_MOVE},
    /* a dimension of 0: no work, no crash */
    {{"Conv", "", "0x3x8x8 4x3x1x1", 1, {{0}}}, "0x4x8x8", 0, 0, KIND_POINTWISE},
    {{"Softmax", "", "2x0", 1, {{0}}}, "2x0", 0, 0, KIND_ACTIVATION},
    /* too large to count: saturated, never wrapped */
    {{"Relu", "", "1099511627776x1099511627776", 1, {{0}}},
     "1099511627776x1099511627776",
     0,
     COUNT_MAX,
     KIND_ACTIVATION},
    {{"MatMul", "", "1099511627776x1024 1024x1099511627776", 1, {{0}}},
     "1099511627776x1099511627776",
     COUNT_MAX,
     COUNT_MAX,
     KIND_LINEAR},
};

static void costs_equal_the_derivations(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct cost_case *c = &cases[i];
        gable_error e = {0};
        struct graph *g = NULL;
        struct node *n = one_node_new(&c->node, &g);
        char shape[128];
        if (ops_infer_node(g, n, &e)) fail_msg("row %zu, %s: %s: %s", i, c->node.op, e.where, e.why);
        shape_text(&n->out[0]->shape, shape, sizeof shape);
        struct cost got = op_cost(n);
        if (strcmp(shape, c->shape)) fail_msg("row %zu, %s: shape %s, not %s", i, c->node.op, shape, c->shape);
        if (got.macs != c->macs || got.flops != c->flops)
            fail_msg("row %zu, %s: %lld MACs, %lld FLOPs, not %lld, %lld", i, c->node.op, (long long)got.macs,
                     (long long)got.flops, (long long)c->macs, (long long)c->flops);
        if (op_kind_of(n) != c->kind)
            fail_msg("row %zu, %s: %s, not %s", i, c->node.op, op_kind_name(op_kind_of(n)), op_kind_name(c->kind));
        graph_free(g);
    }
}

/* Outputs after the first. */
static void a_split_gives_every_part(void **state)
{
    (void)state;
    gable_error e = {0};
    struct graph *g = NULL;
    struct node *n = one_node_new(&(struct one_node){"Split", "", "1x5x4", 2, {INT("axis", 1)}}, &g);
    assert_ok(ops_infer_node(g, n, &e), &e);
    assert_int_equal(n->out[0]->shape.dim[1], 3);
    assert_int_equal(n->out[1]->shape.dim[1], 2);
    graph_free(g);
}

static void comparisons_give_booleans(void **state)
{
    (void)state;
    gable_error e = {0};
    struct graph *g = NULL;
    struct node *n = one_node_new(&(struct one_node){"Less", "", "4 4", 1, {{0}}}, &g);
    assert_ok(ops_infer_node(g, n, &e), &e);
    assert_int_equal(n->out[0]->dtype, DTYPE_BOOL);
    graph_free(g);
}

/* What docs/METRICS.md and the reports rely on: names unique, formulas and functions there, found by its own name. */
static void the_table_is_whole(void **state)
{
    (void)state;
    int rows = 0;
    for (const struct op *op; (op = op_at(rows)); rows++) {
        assert_ptr_equal(op_find(op->domain, op->name), op);
        assert_true(op->formula && *op->formula && op->shape && op->cost);
        assert_true(op->inputs.min >= 0 && (op->inputs.max == -1 || op->inputs.max >= op->inputs.min));
        assert_true(!op->is_view || op->cost == op_find("", "Identity")->cost);
    }
    assert_true(rows > 90);
    assert_null(op_find("", "relu"));
    assert_null(op_find("ai.gable", "Relu"));
    assert_ptr_equal(op_find("ai.onnx", "Relu"), op_find("", "Relu"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(costs_equal_the_derivations),
        cmocka_unit_test(a_split_gives_every_part),
        cmocka_unit_test(comparisons_give_booleans),
        cmocka_unit_test(the_table_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
