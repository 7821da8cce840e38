/* Examples with labels, all in memory: images mostly, which any other array is taken for that has no more dimensions.
 */
#ifndef LEARN_DATASET_H
#define LEARN_DATASET_H
#include "graph/graph.h"

struct images; /* learn/images.h */
struct dataset {
    int n, channels, height, width, classes;
    float *images; /* [n][channels][height][width]; NULL where each epoch has its own */
    int32_t *labels;
    struct images *source; /* whence these come; else NULL */
};
size_t dataset_each(const struct dataset *d); /* floats of an example */
/* Example i as an epoch sees it; as it is in epoch -1. */
gable_status dataset_load(const struct dataset *d, int i, int epoch, float *to, gable_error *e);
/* Takes a share of the examples out, at random by the seed, as they are. */
gable_status dataset_split(struct dataset *d, double share, uint64_t seed, struct dataset *out, gable_error *e);
/* FOLDER/images.npy, n x C x H x W or n x H x W (one channel), and FOLDER/labels.npy, n integers from 0. Integers are
   divided by 255; then every channel is shifted and scaled to mean 0 and deviation 1. Refuses labels that are negative
   or `classes` and above. Where there is FOLDER/inputs.npy, n x up to three dimensions, that is taken instead, as it
   is. */
gable_status dataset_read(const char *folder, int classes, struct dataset *out, gable_error *e);
/* A task that can be learnt: each class is a smooth pattern of its own under noise. A function of the seed alone. */
gable_status dataset_synthetic(int n, int channels, int height, int width, int classes, uint64_t seed,
                               struct dataset *out, gable_error *e);
void dataset_release(struct dataset *d);
#endif
