/* Protobuf's wire format, one field at a time, never beyond its message. */
#ifndef TENSORS_WIRE_H
#define TENSORS_WIRE_H
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum wire_type { WIRE_VARINT, WIRE_FIXED64, WIRE_BYTES, WIRE_FIXED32 = 5 };
struct wire { /* what is left of a message */
    const uint8_t *at, *end;
};
struct wire_field {
    uint32_t number;
    enum wire_type type;
    uint64_t value;    /* of a varint */
    struct wire bytes; /* of the others: fixed ones have 4 or 8 */
};
/* The next field; false at the end, and where the bytes are damaged: then `at` is not `end`. */
bool wire_next(struct wire *w, struct wire_field *out);
/* The next number of a packed list; false at its end or where it is damaged. */
bool wire_varint(struct wire *w, uint64_t *out);
#endif
