/* One arena per lifetime, with a limit: everything in it ends at once. In sanitizer builds every piece is a malloc of
   its own, so that overruns are still seen. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H
#include "base/error.h"

#include <stdint.h>

struct arena;

struct arena *arena_new(size_t bytes_max);        /* NULL when memory is out */
void arena_free(struct arena *a);                 /* NULL is fine */
void *arena_alloc(struct arena *a, size_t bytes); /* zeroed, aligned for any type; NULL from a NULL or a full arena */
void *arena_array(struct arena *a, size_t n, size_t size); /* the same for n elements, overflow checked */
char *arena_string(struct arena *a, const char *s);        /* a copy */
char *arena_printf(struct arena *a, const char *format, ...) PRINTF_LIKE(2, 3);
size_t arena_used(const struct arena *a);
#endif
