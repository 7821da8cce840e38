/* One bounded pass over an ONNX file's wire format before anything is built: lengths, wire types and nesting are
   checked, and a slim copy is made in which every weight is replaced by where it lies. So a file of 2 GB is read in
   milliseconds, and no later reader can recurse deeper or copy more than this pass allows. */
#ifndef ONNX_SCAN_H
#define ONNX_SCAN_H
#include "base/error.h"
#include "base/limits.h"

#include <stdint.h>

enum {
    SCAN_NESTING_MAX = LIMIT_NESTING, /* messages within messages, as in protobuf itself */
    SCAN_GRAPHS_MAX = LIMIT_GRAPHS,   /* graphs within graphs */
    SCAN_VALUE_BYTES_MAX = 8192,      /* typed values longer than this are dropped: no shape arithmetic needs them */
};

/* The same ModelProto with these changes: TensorProto.raw_data is a struct locator, its doc_string "OFFSET LENGTH" of
   the whole message in the file; longer typed values, doc strings and fields that this program does not know are left
   out.
 */
struct slim {
    uint8_t *bytes; /* malloced, owned */
    size_t len, room;
};
struct locator {
    uint64_t offset, length; /* of the raw values in the file */
};
/* Errors say the byte and the path of the message: "byte 123, model.graph.node: ...". */
gable_status scan_model(const uint8_t *file, size_t len, struct slim *out, gable_error *e);
void slim_release(struct slim *s);
#endif
