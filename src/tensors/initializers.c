#include "tensors/initializers.h"

#include "base/input.h"
#include "tensors/external.h"
#include "tensors/proto.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct initializers {
    struct general_values base;
    int fd;
    uint64_t size;
    char *path;
};

static gable_status decode(const struct initializers *f, struct pool *p, const struct tensor *t, const void *bytes,
                           struct value *out, gable_error *e)
{
    struct external *x = calloc(1, sizeof *x);
    if (!x) return error_set(e, GABLE_NO_MEMORY, "no memory for a location");
    gable_status s = proto_decode(p, bytes, t->length, out, x, e);
    if (!s && x->location[0])
        s = external_read(f->path, x, out->data, (size_t)out->n * value_element_bytes(out->dtype), e);
    if (!s && (out->dtype != t->dtype || out->n != tensor_elements(t)))
        s = error_set(e, GABLE_BAD_INPUT, "has changed since the model was read");
    if (s) value_release(out);
    free(x);
    return s;
}

static gable_status load(const struct general_values *self, struct pool *p, const struct graph *g,
                         const struct tensor *t, struct value *out, gable_error *e)
{
    const struct initializers *f = CONTAINER_OF(self, struct initializers, base);
    (void)g;
    if (t->length == 0) return error_set(e, GABLE_BAD_INPUT, "has no values in the file");
    if (t->at > f->size || t->length > f->size - t->at)
        return error_set(e, GABLE_BAD_INPUT, "lies beyond the file's end: has it changed since it was read?");
    void *bytes = malloc(t->length);
    if (!bytes)
        return error_set(e, GABLE_NO_MEMORY, "no memory for %llu bytes of values", (unsigned long long)t->length);
    gable_status s = file_read_at(f->fd, t->at, bytes, t->length, e);
    if (!s) s = decode(f, p, t, bytes, out, e);
    free(bytes);
    return s;
}

gable_status initializers_open(const char *path, struct initializers **out, gable_error *e)
{
    struct initializers *f = calloc(1, sizeof *f);
    if (!f) return error_set(e, GABLE_NO_MEMORY, "no memory for %s", path);
    *f = (struct initializers){.base = {load}, .path = strdup(path)};
    gable_status s = input_open(path, &f->fd, &f->size, e);
    if (!s && !f->path) s = error_set(e, GABLE_NO_MEMORY, "no memory for the name");
    if (s) {
        initializers_close(f);
        return error_within(e, "%s", input_name(path));
    }
    *out = f;
    return GABLE_OK;
}

void initializers_close(struct initializers *f)
{
    if (!f) return;
    if (f->fd >= 0) close(f->fd);
    free(f->path);
    free(f);
}

const struct general_values *initializers_values(const struct initializers *f) { return f ? &f->base : NULL; }
