/* How a tensor's dimensions step through its layout, where they are not those of an image: tokens with their channels
   last, heads, windows. A dimension steps through channels or through pixels; so transposing, reshaping and slicing
   move nothing. For batches of one image. */
#ifndef ENGINE_CPU_AXES_H
#define ENGINE_CPU_AXES_H
#include "engine/cpu/layout.h"
#include "graph/graph.h"

enum { AXES_MAX = 8 };
struct axis {
    int64_t size, channels, pixels; /* of one step; where the size is 1 they say nothing */
};
struct axes {
    int rank;
    struct axis at[AXES_MAX];
};

struct axes axes_image(int channels, int height, int width);
/* The last dimension counts channels, those before it pixels. False where there are too many. */
bool axes_tokens(const struct shape *s, struct axes *out);
bool axes_are_image(const struct axes *a, const struct layout *l);
bool axes_are_tokens(const struct axes *a, const struct layout *l);
bool axes_equal(const struct axes *a, const struct axes *b);
void axes_permute(const struct axes *a, const int64_t *from, struct axes *out); /* dimension i was from[i] */
/* False where elements would have to move. */
bool axes_reshape(const struct axes *a, const struct shape *to, struct axes *out);
/* Is the dimension the outermost of those that step through channels? */
bool axes_is_outermost(const struct axes *a, int axis);
#endif
