/* Values of a run: typed, row-major, contiguous, in reference-counted storage. Two values may share storage (views), so
   nobody writes into a value that a kernel did not make itself. */
#ifndef ENGINE_GENERAL_VALUE_H
#define ENGINE_GENERAL_VALUE_H
#include "base/error.h"
#include "graph/graph.h"

/* The dtypes that a run can hold and their C types; S4 and bool take a byte an element, strings are char *. */
/* clang-format off */
#define VALUE_TYPES(X) \
    X(F64, double) X(F32, float) X(F16, uint16_t) X(BF16, uint16_t) \
    X(S64, int64_t) X(S32, int32_t) X(S16, int16_t) X(S8, int8_t) \
    X(U64, uint64_t) X(U32, uint32_t) X(U16, uint16_t) X(U8, uint8_t) X(BOOL, uint8_t)
/* clang-format on */
size_t value_element_bytes(enum dtype d); /* 0 for a dtype that no run can hold */

struct storage;                                                 /* bytes with a count of who holds them */
enum value_kind { VALUE_ABSENT, VALUE_TENSOR, VALUE_SEQUENCE }; /* ABSENT: an input left out, an empty optional */
struct value {
    enum value_kind kind;
    enum dtype dtype; /* of the elements, for sequences too */
    int rank;
    int64_t dim[SHAPE_RANK_MAX];
    int64_t n;               /* elements; items of a sequence */
    void *data;              /* n elements, 64-byte aligned unless it is a view; a sequence: struct value[n] */
    struct storage *storage; /* holds data; NULL where somebody else does for longer than the run (mapped weights) */
};
struct pool; /* where storage comes from and goes back to: a second pass of the same shapes allocates nothing */
struct pool *pool_new(size_t bytes_max); /* NULL when memory is out */
void pool_free(struct pool *p);          /* after every value of it is released; NULL is fine */
size_t pool_bytes(const struct pool *p); /* taken from the system: a second pass leaves it as it is */

/* A fresh tensor, not initialised (strings: NULL pointers). Refuses a negative dimension, a rank above 64, a size
   beyond the pool's limit (GABLE_NO_MEMORY with both figures). */
gable_status value_new(struct pool *p, enum dtype d, int rank, const int64_t *dim, struct value *out, gable_error *e);
/* Element i of a tensor of strings becomes a copy of text, which ends with the tensor; false when memory is out. */
bool value_set_string(struct value *v, int64_t i, const char *text);
/* A sequence of n absent items. */
gable_status value_new_sequence(struct pool *p, enum dtype d, int64_t n, struct value *out, gable_error *e);
void value_share(const struct value *v, struct value *out); /* the same storage, one holder more */
void value_release(struct value *v);                        /* leaves it absent */
static inline struct value *value_items(const struct value *v) { return v->data; }
static inline int64_t value_count(const struct value *v, int first_axis, int end_axis) /* product of those dimensions */
{
    int64_t n = 1;
    for (int i = first_axis; i < end_axis; i++) n *= v->dim[i];
    return n;
}
bool value_same_shape(const struct value *a, const struct value *b);
/* Element i as a number, whatever the dtype (not strings). */
double value_real(const struct value *v, int64_t i);
int64_t value_int(const struct value *v, int64_t i);
/* Numbers into another dtype as ONNX's Cast does it (saturating only where ONNX says so). */
void value_convert(const struct value *from, struct value *to);
void value_convert_range(const struct value *from, struct value *to, int64_t first, int64_t end); /* a part of it */
float half_to_float(uint16_t h);
uint16_t half_from_float(float f); /* nearest, ties to even */
float bfloat_to_float(uint16_t h);
uint16_t bfloat_from_float(float f);
#endif
