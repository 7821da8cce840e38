/* One node drawn by a seeded stream: what goes in, and what must come out by the plainest loops over indices. */
#ifndef TESTS_KERNELS_TRIAL_H
#define TESTS_KERNELS_TRIAL_H
#include "engine/general/general.h"

enum { TRIALS = 150, RANK_MAX = 5 };
struct trial { /* what must come out: of element i, at these places */
    uint64_t stream;
    struct pool *pool;
    struct graph *graph;
    struct node *node;
    const char *op;
    int n_in;
    struct value in[3];
    int rank;
    int64_t dim[SHAPE_RANK_MAX];
    int64_t perm[RANK_MAX], start[RANK_MAX], step[RANK_MAX]; /* of the families */
    bool is_reduced[RANK_MAX], keeps;
    int axis;
    struct { /* of two dimensions, behind images and channels */
        int64_t kernel[2], stride[2], dilation[2], pad[4], in[2], groups;
    } window;
    const char *mode;
    double scale[2];
};
typedef void draw_node(struct trial *t);
typedef double expect(const struct trial *t, const int64_t *at);

int64_t trial_below(struct trial *t, int64_t n); /* 0 to n - 1 */
/* An input of quarters from -8 to 8, never 0: sums and products of a few are exact. */
struct value *trial_input(struct trial *t, int rank, const int64_t *dim);
void trial_dims(struct trial *t, int rank, int64_t least, int64_t *dim); /* each up to 6 more */
/* The element of a value at these places; a dimension of 1 is broadcast, and so are those that it lacks in front. */
double trial_element(const struct value *v, int rank, const int64_t *at);
void trial_node(struct trial *t);                                   /* of the inputs so far */
void trial_constant(struct trial *t, int n, const int64_t *values); /* one input more, known before the run */
/* Draws, runs with one thread and two in turn, compares. */
void trial_run(draw_node *draw, expect *of, int number);

#define FAMILY(name)                                                               \
    static void name##_of_any_shape(void **state)                                  \
    {                                                                              \
        (void)state;                                                               \
        for (int i = 0; i < TRIALS; i++) trial_run(draw_##name, expect_##name, i); \
    }
#endif
