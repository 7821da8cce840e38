/* A folder of images by class, FOLDER/CLASS/NAME.png, .jpg or .jpeg, as a dataset. */
#ifndef LEARN_IMAGES_H
#define LEARN_IMAGES_H
#include "learn/dataset.h"

struct images_options {
    int channels, height, width; /* as the model takes them: 3 channels, or 1 for grey */
    int classes, batch;          /* what the model tells apart; the fewest images */
    const char *classes_of;      /* another folder, whose classes these are; NULL: the folder's own */
    bool varies;                 /* each epoch sees other parts of the images, mirrored or not: read anew each time */
    uint64_t seed;               /* of that */
    const volatile bool *interrupted;
};
/* No images.npy, inputs.npy or labels.npy is there; that there may be no folder is for images_read to say. */
bool images_are_in(const char *folder);
/* Classes are the folders, sorted by name, labels from 0; images sorted by name. Each is scaled until it just covers
   height x width, and the middle is kept, as torchvision's Resize and CenterCrop do it, or with `varies` a part of it
   as RandomResizedCrop and RandomHorizontalFlip do; then ImageNet's means and deviations, channel by channel (grey: the
   means of the three). Names that begin with a dot are passed over, and so are files beside the classes; every other
   file must be an image. */
gable_status images_read(const char *folder, const struct images_options *o, struct dataset *out, gable_error *e);

/* Where a dataset's images come from when they are read anew. */
struct images;
/* Image i as it is seen in an epoch; a function of the seed, i and the epoch alone. Epoch -1: its middle. */
gable_status images_load(const struct images *source, int i, int epoch, float *to, gable_error *e);
void images_move(struct images *source, int to, int from); /* image `from` is image `to` from now on */
void images_free(struct images *source);                   /* NULL is fine */
#endif
