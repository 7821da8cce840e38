/* Notes in an ONNX file: what a viewer shows beside a node. A copy is made in which every byte that is no note is the
   old one: order, names, attributes, subgraphs, weights, fields that this program does not know.
   A note is an entry of metadata_props, which NodeProto has since IR 10 and which older readers skip as a field that
   they do not know; its line stands in doc_string too, which every reader has. Notes of an earlier call are replaced:
   entries whose key begins with ONNX_NOTE_PREFIX, lines that begin with ONNX_NOTE_LINE. */
#ifndef ONNX_NOTES_H
#define ONNX_NOTES_H
#include "base/error.h"

#define ONNX_NOTE_PREFIX "gable."
#define ONNX_NOTE_LINE "gable: "

struct onnx_note {
    const char *key, *value; /* the key without its prefix; both UTF-8 */
};
struct onnx_notes {
    const char *line; /* NULL: none */
    int n;
    const struct onnx_note *note;
};
/* `nodes` are those of the file's main graph, in its order; beyond n_nodes there are none. `from` and `to` may be one
   file. Refused: external data that `to` would not find, since it lies in another folder; more than 2 GiB. */
gable_status onnx_annotate(const char *from, const char *to, const struct onnx_notes *model,
                           const struct onnx_notes *nodes, int n_nodes, gable_error *e);
#endif
