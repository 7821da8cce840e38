/* LSTM, GRU, RNN of one unit, whose sums can be done by hand: affine activations are the identity. */
#include "case.h"
#include "check.h"

#define X "f32[3,1,1] 1 2 3"
#define TWO "f32[3,2,1] 1 10 2 20 3 30" /* two sequences */

/* h = 2 x + h / 2: 2, 5, 8.5; from the end 6, 7, 5.5 */
#define W "f32[1,1,1] 2"
#define R "f32[1,1,1] 0.5"
static void plain(void **state)
{
    static const struct kernel_case cases[] = {
        {"RNN", "activations:[Affine]", {X, W, R}, {"f32[3,1,1,1] 2 5 8.5", "f32[1,1,1] 8.5"}},
        {"RNN", "activations:[affine] direction:reverse", {X, W, R}, {"f32[3,1,1,1] 5.5 7 6", "f32[1,1,1] 5.5"}},
        {"RNN",
         "activations:[Affine,Affine] direction:bidirectional activation_alpha=[1.0,-1.0]", /* -6, -1, -1.5 */
         {"f64[3,1,1] 1 2 3", "f64[2,1,1] 2 2", "f64[2,1,1] 0.5 0.5"},
         {"f64[3,2,1,1] 2 -1.5 5 -1 8.5 -6", "f64[2,1,1] 8.5 -1.5"}},
        {"RNN",
         "activations:[Affine]",
         {X, W, R, "f32[1,2] 1 3", "", "f32[1,1,1] 4"}, /* 4 more; from 4 */
         {"f32[3,1,1,1] 8 12 16", "f32[1,1,1] 16"}},
        {"RNN",
         "activations:[Affine] layout=1",
         {"f32[1,3,1] 1 2 3", W, R, "", "", "f32[1,1,1] 0"},
         {"f32[1,3,1,1] 2 5 8.5", "f32[1,1,1] 8.5"}},
        {"RNN",
         "activations:[Affine]",
         {TWO, W, R, "", "s32[2] 3 1"}, /* the second ends after one step */
         {"f32[3,1,2,1] 2 20 5 0 8.5 0", "f32[1,2,1] 8.5 20"}},
        {"RNN",
         "activations:[Affine] direction:reverse",
         {TWO, W, R, "", "s32[2] 2 0"}, /* 4, 4; untouched */
         {"f32[3,1,2,1] 4 0 4 0 0 0", "f32[1,2,1] 4 0"}},
        {"RNN", "activations:[Affine] clip=3.0", {X, W, R}, {"f32[3,1,1,1] 2 3 3"}},
        {"RNN", "", {X, "f32[1,1,1] 0.1", R}, {"f32[3,1,1,1] 0.09966799 0.24476261 0.39893466"}}, /* tanh */
        {"RNN", "activations:[Relu]", {X, "f32[1,1,1] -1", R}, {"f32[3,1,1,1] 0 0 0"}},
        {"RNN", "activations:[HardSigmoid]", {X, "f32[1,1,1] 1", R}, {"f32[3,1,1,1] 0.7 0.97 1"}},
        {"RNN", "activations:[Softsign]", {X, "f32[1,1,1] 1", "f32[1,1,1] 0"}, {"f32[3,1,1,1] 0.5 0.66666667 0.75"}},
        {"RNN",
         "activations:[LeakyRelu] activation_alpha=[0.5]",
         {X, "f32[1,1,1] -1", "f32[1,1,1] 0"},
         {"f32[3,1,1,1] -0.5 -1 -1.5"}},
        {"RNN",
         "activations:[Elu]",
         {X, "f32[1,1,1] -1", "f32[1,1,1] 0"},
         {"f32[3,1,1,1] -0.63212056 -0.86466472 -0.95021293"}},
        {"RNN",
         "activations:[Softplus]",
         {X, "f32[1,1,1] 1", "f32[1,1,1] 0"},
         {"f32[3,1,1,1] 1.31326169 2.12692801 3.04858735"}},
        {"RNN",
         "activations:[ThresholdedRelu] activation_alpha=[2.0]",
         {X, "f32[1,1,1] 1", "f32[1,1,1] 0"},
         {"f32[3,1,1,1] 0 2 3"}},
        {"RNN",
         "activations:[ScaledTanh] activation_alpha=[2.0] activation_beta=[0.5]",
         {X, "f32[1,1,1] 2", "f32[1,1,1] 0"},
         {"f32[3,1,1,1] 1.52318831 1.92805516 1.99010951"}},
        {"RNN", "activations:[Affine]", {"f32[0,1,1]", W, R, "", "", "f32[1,1,1] 7"}, {"f32[0,1,1,1]", "f32[1,1,1] 7"}},
        {"RNN", "activations:[Affine]", {"f32[2,0,1]", W, R}, {"f32[2,1,0,1]", "f32[1,0,1]"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

/* Gates: input 1, output 2, forget 1/2, cell x, by their biases; h = 2 c. */
#define LSTM_W "f32[1,4,1] 0 0 0 1"
#define LSTM_R "f32[1,4,1] 0 0 0 0"
#define LSTM_B "f32[1,8] 1 2 0.5 0 0 0 0 0"
#define IDENTITIES "activations:[Affine,Affine,Affine]"
static void long_short(void **state)
{
    static const struct kernel_case cases[] = {
        /* c = c / 2 + x: 1, 2.5, 4.25 */
        {"LSTM",
         IDENTITIES,
         {X, LSTM_W, LSTM_R, LSTM_B},
         {"f32[3,1,1,1] 2 5 8.5", "f32[1,1,1] 8.5", "f32[1,1,1] 4.25"}},
        {"LSTM",
         IDENTITIES,
         {X, LSTM_W, LSTM_R, LSTM_B, "s64[1] 2", "f32[1,1,1] 9", "f32[1,1,1] 4"}, /* 3, 3.5 */
         {"f32[3,1,1,1] 6 7 0", "f32[1,1,1] 7", "f32[1,1,1] 3.5"}},
        {"LSTM",
         IDENTITIES " input_forget=1",
         {X, LSTM_W, LSTM_R, LSTM_B}, /* nothing is kept: c = x */
         {"f32[3,1,1,1] 2 4 6"}},
        {"LSTM",
         IDENTITIES " clip=1.0",
         {X, LSTM_W, LSTM_R, LSTM_B}, /* c: 1, 1.5, 1.75; 1 times 1 */
         {"f32[3,1,1,1] 1 1 1", "f32[1,1,1] 1", "f32[1,1,1] 1.75"}},
        /* c = (1/2 + c) c + x, o = 2 + 10 c: 1, 3.5 */
        {"LSTM",
         IDENTITIES,
         {"f32[2,1,1] 1 2", LSTM_W, LSTM_R, LSTM_B, "", "", "", "f32[1,3] 0 10 1"},
         {"f32[2,1,1,1] 12 129.5"}},
        {"LSTM",
         IDENTITIES,
         {X, LSTM_W, "f32[1,4,1] 0 0 0 1", LSTM_B}, /* c = c/2 + x + h: 1; 2 -> 4.5; 9 -> 14.25 */
         {"f32[3,1,1,1] 2 9 28.5"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

/* Update z = 1/2, reset r = 1/4, by their biases; candidate x + what the state gives. */
#define GRU_W "f32[1,3,1] 0 0 1"
#define GRU_B "f32[1,6] 0.5 0.25 0 0 0 8"
static void gated(void **state)
{
    static const struct kernel_case cases[] = {
        /* k = x + 8: h = (k + h) / 2: 4.5, 7.25, 9.125 */
        {"GRU", "activations:[Affine,Affine]", {X, GRU_W, "f32[1,3,1] 0 0 0", GRU_B}, {"f32[3,1,1,1] 4.5 7.25 9.125"}},
        /* k = x + 4 (h/4) + 8 = x + h + 8: 9 -> 4.5; 14.5 -> 9.5 */
        {"GRU",
         "activations:[Affine,Affine]",
         {X, GRU_W, "f32[1,3,1] 0 0 4", GRU_B, "s32[1] 2"},
         {"f32[3,1,1,1] 4.5 9.5 0", "f32[1,1,1] 9.5"}},
        /* k = x + (4 h + 8) / 4 = x + h + 2: 3 -> 1.5; 5.5 -> 3.5; 8.5 -> 6 */
        {"GRU",
         "activations:[Affine,Affine] linear_before_reset=1",
         {X, GRU_W, "f32[1,3,1] 0 0 4", GRU_B},
         {"f32[3,1,1,1] 1.5 3.5 6"}},
        {"GRU",
         "linear_before_reset=1",
         {"f32[1,1,1] 1", "f32[1,3,1] 0 0 1", "f32[1,3,1] 0 0 4"}, /* tanh(1) / 2 */
         {"f32[1,1,1,1] 0.38079708"}},
        {"GRU",
         "direction:bidirectional",
         {"f32[1,1,1] 1", "f32[2,3,1] 0 0 1 0 0 2", "f32[2,3,1] 0 0 4 0 0 0"},
         {"f32[1,2,1,1] 0.38079708 0.48201379"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

static void refused(void **state)
{
    static const struct kernel_case cases[] = {
        {"RNN", "", {X, W}, {"!2 inputs given, 3 to 6 expected"}},
        {"RNN", "", {X, W, "f32[1,1] 1"}, {"!3 dimensions"}},
        {"RNN", "", {X, "f32[1,1,2] 1 2", R}, {"!do not fit"}},
        {"RNN", "", {X, W, R, "f32[1,1] 1"}, {"!do not fit"}},
        {"RNN", "direction:bidirectional", {X, W, R}, {"!2 directions"}},
        {"RNN", "direction:sideways", {X, W, R}, {"!sideways"}},
        {"RNN", "activations:[Relu,Relu]", {X, W, R}, {"!2 activations"}},
        {"RNN", "activations:[Most]", {X, W, R}, {"!Most"}},
        {"RNN", "hidden_size=2", {X, W, R}, {"!hidden_size is 2"}},
        {"RNN", "", {X, W, R, "", "s32[1] 4"}, {"!length of 4"}},
        {"RNN", "", {X, W, R, "", "s32[2] 1 1"}, {"!a length for each"}},
        {"RNN", "", {X, W, R, "", "", "f32[1,2,1] 1 1"}, {"!first state"}},
        {"RNN", "", {X, W, "f64[1,1,1] 1"}, {"!f64"}},
        {"RNN", "", {"s32[1,1,1] 1", "s32[1,1,1] 1", "s32[1,1,1] 1"}, {"!not s32"}},
        {"LSTM", "", {X, LSTM_W, LSTM_R, "", "", "", "f32[1,1,2] 1 1"}, {"!first state"}},
        {"LSTM", "", {X, LSTM_W, LSTM_R, "", "", "", "", "f32[1,2] 1 1"}, {"!do not fit"}},
    };
    (void)state;
    cases_run(cases, COUNT_OF(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(plain), cmocka_unit_test(long_short), cmocka_unit_test(gated),
                                       cmocka_unit_test(refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
