/* Mutations that keep an ONNX file one: of a field's value, of a list's elements, of parts of one model in another. */
#ifndef FUZZ_MUTATE_H
#define FUZZ_MUTATE_H
#include <stddef.h>
#include <stdint.h>

/* In place; the new length, at most `room`. 0 where the bytes are no model or have become too long. */
size_t mutate_model(uint8_t *bytes, size_t size, size_t room, uint32_t seed);
/* One model with a part of another, written to out; its length, or 0 as above. */
size_t cross_models(const uint8_t *one, size_t n_one, const uint8_t *other, size_t n_other, uint8_t *out, size_t room,
                    uint32_t seed);
#endif
