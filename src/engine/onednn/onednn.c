#include "engine/onednn/handle.h"

#include <stdint.h>
#include <stdlib.h>

gable_status onednn_failed(gable_error *e, const char *what, dnnl_status_t s)
{
    return error_set(e, s == dnnl_out_of_memory ? GABLE_NO_MEMORY : GABLE_FAILED, "oneDNN: %s failed with status %d",
                     what, (int)s);
}

gable_status onednn_new(struct onednn **out, gable_error *e)
{
    struct onednn *d = calloc(1, sizeof *d);
    if (!d) return error_set(e, GABLE_NO_MEMORY, "no memory for oneDNN");
    dnnl_status_t s = dnnl_engine_create(&d->engine, dnnl_cpu, 0);
    if (!s) s = dnnl_stream_create(&d->stream, d->engine, dnnl_stream_default_flags);
    if (s) {
        onednn_free(d);
        return onednn_failed(e, "its CPU engine", s);
    }
    *out = d;
    return GABLE_OK;
}
void onednn_free(struct onednn *d)
{
    if (!d) return;
    dnnl_stream_destroy(d->stream);
    dnnl_engine_destroy(d->engine);
    free(d);
}

dnnl_status_t onednn_attributes(dnnl_primitive_attr_t *out)
{
    dnnl_status_t s = dnnl_primitive_attr_create(out);
    return s ? s : dnnl_primitive_attr_set_scratchpad_mode(*out, dnnl_scratchpad_mode_user);
}

dnnl_status_t onednn_memory(const struct onednn *d, const dnnl_memory_desc_t *m, dnnl_memory_t *out)
{
    return dnnl_memory_create(out, m, d->engine, NULL);
}

void onednn_point(dnnl_memory_t m, const void *at)
{
    void *old = NULL, *now = (void *)(uintptr_t)at;
    dnnl_memory_get_data_handle(m, &old);
    if (old != now) dnnl_memory_set_data_handle(m, now);
}
