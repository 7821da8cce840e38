#include "onnx/replace.h"

#include "base/input.h"
#include "onnx/sheet.h"

#include <stdlib.h>

/* Fields by number: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
enum { GRAPH_INITIALIZER = 5, GRAPH_DEPTH = 1, TENSOR_RAW = 9 };

struct replacement {
    const struct tensor *tensor;
    const float *values;
};
struct renewed {
    struct sheet sheet;
    const uint8_t *file;
    struct replacement *list; /* by their place in the file */
    int n, n_done;
    bool has_external_data;
};

static int by_place(const void *a, const void *b)
{
    uint64_t x = ((const struct replacement *)a)->tensor->at, y = ((const struct replacement *)b)->tensor->at;
    return (x > y) - (x < y);
}

/* The first that lies in these bytes, or NULL. */
static const struct replacement *first_in(const struct renewed *r, struct span s)
{
    uint64_t from = (uint64_t)(s.at - r->file), to = (uint64_t)(s.end - r->file);
    int low = 0, high = r->n;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (r->list[middle].tensor->at < from)
            low = middle + 1;
        else
            high = middle;
    }
    bool is_in = low < r->n && r->list[low].tensor->at + r->list[low].tensor->length <= to;
    return is_in ? &r->list[low] : NULL;
}

static bool is_value(uint64_t number)
{
    static const uint64_t numbers[] = {4, 5, 6, 7, 9, 10, 11, 13, 14}; /* by type, raw, elsewhere */
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        if (numbers[i] == number) return true;
    return false;
}

static bool put_tensor(struct renewed *r, struct span from, const struct replacement *by)
{
    struct field part;
    while (from.at < from.end) {
        if (!field_read(&from, &part)) return false;
        if (!is_value(part.number)) sheet_put_old(&r->sheet, part.all);
    }
    struct open_message m = sheet_begin(&r->sheet);
    sheet_put(&r->sheet, by->values, (size_t)tensor_bytes(by->tensor));
    sheet_end(&r->sheet, m, TENSOR_RAW);
    r->n_done++;
    return true;
}

/* What holds a replacement is a message, as deep as the reader has gone into the file. */
static bool put_message(struct renewed *r, struct span from, int depth)
{
    struct field part;
    while (from.at < from.end) {
        if (!field_read(&from, &part)) return false;
        const struct replacement *by = part.bytes.at < part.bytes.end ? first_in(r, part.bytes) : NULL;
        if (!by) {
            if (depth == GRAPH_DEPTH && part.number == GRAPH_INITIALIZER)
                r->has_external_data |= sheet_is_external(part.bytes);
            sheet_put_old(&r->sheet, part.all);
            continue;
        }
        struct open_message m = sheet_begin(&r->sheet);
        bool is_it = part.bytes.at == r->file + by->tensor->at && part.bytes.end == part.bytes.at + by->tensor->length;
        if (!(is_it ? put_tensor(r, part.bytes, by) : put_message(r, part.bytes, depth + 1))) return false;
        sheet_end(&r->sheet, m, part.number);
    }
    return true;
}

static gable_status list_replacements(struct renewed *r, const struct graph *g, float *const *values, gable_error *e)
{
    r->list = calloc((size_t)g->n_tensors + 1, sizeof *r->list);
    if (!r->list) return error_set(e, GABLE_NO_MEMORY, "no memory for %d tensors", g->n_tensors);
    for (int i = 0; i < g->n_tensors; i++) {
        const struct tensor *t = g->tensors[i];
        if (!values[i]) continue;
        if (t->is_sparse || !t->length)
            return error_set(e, GABLE_BAD_INPUT, "the values of %.80s are listed sparsely: they cannot be replaced",
                             t->name);
        r->list[r->n++] = (struct replacement){t, values[i]};
    }
    qsort(r->list, (size_t)r->n, sizeof *r->list, by_place);
    for (int i = 1; i < r->n; i++)
        if (r->list[i].tensor->at == r->list[i - 1].tensor->at)
            return error_set(e, GABLE_BAD_INPUT, "%.80s and %.80s are one tensor of the file, and two now",
                             r->list[i - 1].tensor->name, r->list[i].tensor->name);
    return GABLE_OK;
}

gable_status onnx_replace(const char *from, const char *to, const struct graph *g, float *const *values, gable_error *e)
{
    struct mapping file = {0};
    struct renewed r = {.sheet = {.arena = arena_new((size_t)1 << 30)}};
    gable_status status = list_replacements(&r, g, values, e);
    if (!status) status = mapping_open(&file, from, e);
    r.file = file.bytes;
    bool is_same = !status && put_message(&r, (struct span){file.bytes, file.bytes + file.len}, 0) && r.n_done == r.n;
    if (!status && !is_same) status = error_set(e, GABLE_BAD_INPUT, "is not the file any more that was read");
    gable_status cut = file.bytes ? mapping_check(&file, e) : GABLE_OK;
    if (cut) status = cut;
    if (!status) status = sheet_write(&r.sheet, r.has_external_data, &file, from, to, e);
    if (status && !e->where[0]) error_within(e, "%s", input_name(from));
    mapping_close(&file);
    arena_free(r.sheet.arena);
    free(r.sheet.piece);
    free(r.list);
    return status;
}
