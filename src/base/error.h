/* Errors: the sentence is written where the fault is found and never overwritten; each layer adds only where. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H
#include <gable/gable.h>

#include <stdarg.h>
#include <stddef.h>

#if defined __GNUC__
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#else
#define PRINTF_LIKE(text, first)
#endif

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define CONTAINER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* Sets e to one sentence (e may be NULL) and returns s. */
gable_status error_set(gable_error *e, gable_status s, const char *why, ...) PRINTF_LIKE(3, 4);
/* Puts "place: " in front of where it happened and returns e->status, or GABLE_FAILED where e is NULL. */
gable_status error_within(gable_error *e, const char *place, ...) PRINTF_LIKE(2, 3);

#if defined __clang_analyzer__ /* it sees one file at a time: tell it that these never return GABLE_OK */
#define error_set(e, s, ...) ((void)(error_set)(e, s, __VA_ARGS__), (s))
#define error_within(e, ...) ((void)(error_within)(e, __VA_ARGS__), GABLE_FAILED)
#endif
#endif
