/* A protobuf file that is made anew: of pieces of an old one, which are not copied, and of new bytes. Private to onnx/.
 */
#ifndef ONNX_SHEET_H
#define ONNX_SHEET_H
#include "base/file.h"
#include "base/mapping.h"

#include <stdbool.h>

struct span {
    const uint8_t *at, *end;
};
struct field {
    uint64_t number;
    struct span all, bytes; /* with its tag; the content of a length-delimited one, else empty */
};
/* The next field of a message; false where it is damaged. */
bool field_read(struct span *s, struct field *f);
bool sheet_is_external(struct span tensor); /* a TensorProto whose values lie in another file */

struct arena;
struct sheet {
    struct arena *arena; /* the caller's, as `piece` is, to free */
    struct file_piece *piece;
    int n, room;
    size_t len;
    bool failed;
};
void sheet_put(struct sheet *s, const void *bytes, size_t len); /* borrowed */
void sheet_put_old(struct sheet *s, struct span b);
/* A message whose length is known only when it has ended: a piece is kept free for its head. */
struct open_message {
    int piece;
    size_t begins;
};
struct open_message sheet_begin(struct sheet *s);
void sheet_end(struct sheet *s, struct open_message m, uint64_t number);
/* Whole, then renamed. Refuses what protobuf cannot hold, and another folder than that of external data. */
gable_status sheet_write(const struct sheet *s, bool has_external_data, const struct mapping *from,
                         const char *from_path, const char *to, gable_error *e);
#endif
