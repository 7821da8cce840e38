#include "tensors/initializers.h"

#include "base/input.h"
#include "tensors/external.h"
#include "tensors/proto.h"
#include "tensors/sparse.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct initializers {
    struct general_values base;
    int fd;
    uint64_t size;
    char *path;
};

static gable_status decode(const struct initializers *f, struct pool *p, const void *bytes, size_t n, struct value *out,
                           gable_error *e)
{
    struct external *x = calloc(1, sizeof *x);
    if (!x) return error_set(e, GABLE_NO_MEMORY, "no memory for a location");
    gable_status s = proto_decode(p, bytes, n, out, x, e);
    if (!s && x->location[0])
        s = external_read(f->path, x, out->data, (size_t)out->n * value_element_bytes(out->dtype), e);
    if (s) value_release(out);
    free(x);
    return s;
}

static gable_status load_message(const struct initializers *f, struct pool *p, uint64_t at, uint64_t length,
                                 struct value *out, gable_error *e)
{
    if (length == 0) return error_set(e, GABLE_BAD_INPUT, "has no values in the file");
    if (at > f->size || length > f->size - at)
        return error_set(e, GABLE_BAD_INPUT, "lies beyond the file's end: has it changed since it was read?");
    void *bytes = malloc(length);
    if (!bytes) return error_set(e, GABLE_NO_MEMORY, "no memory for %llu bytes of values", (unsigned long long)length);
    gable_status s = file_read_at(f->fd, at, bytes, length, e);
    if (!s) s = decode(f, p, bytes, length, out, e);
    free(bytes);
    return s;
}

static gable_status load_sparse(const struct initializers *f, struct pool *p, const struct tensor *t,
                                const struct value *values, struct value *out, gable_error *e)
{
    struct value indices = {0};
    gable_status s = values->n ? load_message(f, p, t->indices_at, t->indices_length, &indices, e) : GABLE_OK;
    if (!s) s = sparse_spread(p, values, &indices, &t->shape, out, e);
    value_release(&indices);
    return s;
}

static gable_status load(const struct general_values *self, struct pool *p, const struct graph *g,
                         const struct tensor *t, struct value *out, gable_error *e)
{
    const struct initializers *f = CONTAINER_OF(self, struct initializers, base);
    struct value listed = {0};
    (void)g;
    gable_status s = load_message(f, p, t->at, t->length, t->is_sparse ? &listed : out, e);
    if (!s && t->is_sparse) s = load_sparse(f, p, t, &listed, out, e);
    value_release(&listed);
    if (!s && (out->dtype != t->dtype || out->n != tensor_elements(t))) {
        s = error_set(e, GABLE_BAD_INPUT, "has changed since the model was read");
        value_release(out);
    }
    return s;
}

gable_status initializers_open(const char *path, struct initializers **out, gable_error *e)
{
    struct initializers *f = calloc(1, sizeof *f);
    if (!f) return error_set(e, GABLE_NO_MEMORY, "no memory for %s", path);
    *f = (struct initializers){.base = {.load = load}, .path = strdup(path)};
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
