/* One picture of a file, PNG or JPEG, in memory: bytes, red, green and blue side by side, or grey. */
#ifndef LEARN_PICTURE_H
#define LEARN_PICTURE_H
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum { PICTURE_SIDE_MAX = 16384 }; /* so none has more than 2^28 pixels */
struct picture {
    int width, height, channels; /* 3, or 1 for grey */
    uint8_t *pixels;             /* rows one below the other; owned */
};
bool picture_is_named(const char *path); /* by its ending: .png, .jpg, .jpeg */
/* What is drawn, in 8 bits: alpha is left aside, grey is 0.299 red + 0.587 green + 0.114 blue, EXIF's orientation of a
   JPEG is followed. Refuses what is damaged, larger than PICTURE_SIDE_MAX, or no picture of its ending. */
gable_status picture_read(const char *path, int channels, struct picture *out, gable_error *e);
void picture_release(struct picture *p);

struct box {
    int left, top, width, height;
};
struct view {                               /* what is seen of a picture */
    struct box from;                        /* this part of it */
    int height, width;                      /* as large as this */
    int top, left, height_kept, width_kept; /* and of that, this */
};
/* The view as PIL resizes pictures, to the last bit: bilinear between all pixels that a place covers, columns first,
   rounded to bytes after either. out has room for
   height_kept x width_kept places. */
gable_status picture_see(const struct picture *p, const struct view *v, uint8_t *out, gable_error *e);
#endif
