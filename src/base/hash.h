/* Hashes of text: a polynomial of a secret odd number, of which the high bits count. No file can be made whose names
   meet in one slot. */
#ifndef BASE_HASH_H
#define BASE_HASH_H
#include <stddef.h>
#include <stdint.h>

uint64_t hash_secret(void); /* another one at each call */

/* A text's hash, or that of what stood before it and the text; the first starts from the secret. */
static inline uint64_t hash_more(uint64_t secret, uint64_t before, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) before = (before ^ (unsigned char)s[i]) * secret;
    return before;
}
static inline size_t hash_slot(uint64_t hash, size_t room) { return (size_t)(hash >> 32) & (room - 1); }
#endif
