/* What recurrent layers do with the sums of their gates, one sequence and one step at a time. */
#ifndef ENGINE_GENERAL_KERNELS_CELLS_H
#define ENGINE_GENERAL_KERNELS_CELLS_H
#include "engine/general/kernel.h"

struct squash { /* an activation */
    int kind;
    double alpha, beta, clip; /* what goes in is cut to [-clip, clip]; INFINITY: it is not */
};
/* By ONNX's name, with its usual alpha and beta; false where there is none. */
bool squash_find(const char *name, struct squash *out, bool *has_alpha, bool *has_beta);

struct cell {
    enum dtype dtype;       /* f32 or f64, of all that the functions below read and write */
    int64_t hidden, stride; /* units; elements from one gate to the next, of what stands below as 4 x hidden ... */
    struct squash f, g, h;
    bool is_coupled;      /* LSTM: what comes in is what is not kept */
    const void *peephole; /* LSTM: 3 x hidden (input, output, forget), or NULL */
};
/* gates: 4 x hidden (input, output, forget, cell). Updates the cell's state c and h. */
void cell_lstm(const struct cell *s, void *gates, void *c, void *h);
/* gates: update and reset, 2 x hidden, squashed here; reset times h goes to `through`. */
void cell_gru_open(const struct cell *s, void *gates, const void *h, void *through);
/* As before, but what is let through is already there: through *= reset. */
void cell_gru_open_late(const struct cell *s, void *gates, void *through);
/* gates: update, reset, candidate; `more` is added to the candidate unless it is NULL. Updates h. */
void cell_gru_close(const struct cell *s, void *gates, const void *more, void *h);
void cell_rnn(const struct cell *s, void *gates, void *h);
#endif
