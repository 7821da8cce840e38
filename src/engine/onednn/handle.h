/* What the files of this folder need of each other. Private to engine/onednn/. */
#ifndef ENGINE_ONEDNN_HANDLE_H
#define ENGINE_ONEDNN_HANDLE_H
#include "engine/onednn/onednn.h"

#include <dnnl.h>

struct onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
};
/* "oneDNN: WHAT failed with status N". */
gable_status onednn_failed(gable_error *e, const char *what, dnnl_status_t s);
/* Attributes of a primitive whose scratch comes from the caller. */
dnnl_status_t onednn_attributes(dnnl_primitive_attr_t *out);
/* A memory of that description without data yet. */
dnnl_status_t onednn_memory(const struct onednn *d, const dnnl_memory_desc_t *m, dnnl_memory_t *out);
/* Where its data are now. Setting a handle writes zeros to the padding: only where it is another one. */
void onednn_point(dnnl_memory_t m, const void *at);
#endif
