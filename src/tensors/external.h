/* Values that a model keeps in files beside it. Only regular files beneath the model's own folder are opened, or, where
   the model is a link, beneath its target's folder (caches of models are links into a folder of blobs). */
#ifndef TENSORS_EXTERNAL_H
#define TENSORS_EXTERNAL_H
#include "base/error.h"
#include "base/limits.h"

#include <stdint.h>

enum { LOCATION_MAX = LIMIT_LOCATION_BYTES };
struct external { /* as TensorProto.external_data says */
    char location[LOCATION_MAX + 1];
    int64_t offset, length; /* length -1: what the values need */
};
/* Reads exactly n bytes. Refuses locations that leave the folder, as text and as links; what is no regular file; a
   length other than n; what lies beyond the file's end. */
gable_status external_read(const char *model_path, const struct external *x, void *out, size_t n, gable_error *e);
/* All n bytes at an offset of an open file. */
gable_status file_read_at(int fd, uint64_t offset, void *out, size_t n, gable_error *e);
#endif
