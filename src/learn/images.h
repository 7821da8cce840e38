/* A folder of images by class, FOLDER/CLASS/NAME.png, .jpg or .jpeg, as a dataset in memory. */
#ifndef LEARN_IMAGES_H
#define LEARN_IMAGES_H
#include "learn/dataset.h"

enum { IMAGE_SIDE_MAX = 16384 }; /* so none has more than 2^28 pixels */

struct images_options {
    int channels, height, width; /* as the model takes them: 3 channels, or 1 for grey */
    int classes, batch;          /* what the model tells apart; the fewest images */
    const volatile bool *interrupted;
};
/* A folder without images.npy, inputs.npy and labels.npy. */
bool images_are_in(const char *folder);
/* Classes are the folders, sorted by name, labels from 0; images sorted by name. Each is scaled, bilinear between all
   pixels that a place covers, until it just covers height x width; what stands out is cut off on both sides alike.
   Then ImageNet's means and deviations, channel by channel (grey: the means of the three). Names that begin with a dot
   are passed over, and so are files beside the classes; every other file must be an image. Transparent places stand
   before black; EXIF's turns are not made. */
gable_status images_read(const char *folder, const struct images_options *o, struct dataset *out, gable_error *e);
#endif
