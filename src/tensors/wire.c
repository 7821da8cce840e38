#include "tensors/wire.h"

bool wire_varint(struct wire *w, uint64_t *out)
{
    const uint8_t *at = w->at;
    *out = 0;
    for (int shift = 0; at < w->end && shift < 64; shift += 7) {
        *out |= (uint64_t)(*at & 0x7f) << shift;
        if (*at++ < 0x80) {
            w->at = at;
            return true;
        }
    }
    return false;
}

static bool take(struct wire *w, uint64_t n, struct wire *out)
{
    if (n > (uint64_t)(w->end - w->at)) return false;
    *out = (struct wire){w->at, w->at + n};
    w->at += n;
    return true;
}

bool wire_next(struct wire *w, struct wire_field *out)
{
    const struct wire start = *w;
    uint64_t key, n = 0;
    bool ok = wire_varint(w, &key) && key >> 3 > 0 && key >> 3 < 1u << 29;
    *out = (struct wire_field){.number = (uint32_t)(ok ? key >> 3 : 0), .type = (enum wire_type)(ok ? key & 7 : 7)};
    switch (out->type) {
    case WIRE_VARINT: ok = wire_varint(w, &out->value); break;
    case WIRE_FIXED64: ok = take(w, 8, &out->bytes); break;
    case WIRE_FIXED32: ok = take(w, 4, &out->bytes); break;
    case WIRE_BYTES: ok = wire_varint(w, &n) && take(w, n, &out->bytes); break;
    default: ok = false;
    }
    if (!ok) *w = start;
    return ok;
}
