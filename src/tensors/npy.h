/* NumPy's .npy: one tensor a file. Read: format 1 to 3, either byte order, C and Fortran order, bool, integers, reals
   of 16 to 64 bits, text (<U, |S). Nothing is unpickled. Written: C order, little-endian; what NumPy lacks goes into
   the next larger type that it has (bf16 as f4, s4 as i1), text as <U. */
#ifndef TENSORS_NPY_H
#define TENSORS_NPY_H
#include "engine/general/value.h"

gable_status npy_read(struct pool *p, const char *path, struct value *out, gable_error *e);
/* Whole or not at all (base/file.h). Only tensors. */
gable_status npy_write(const char *path, const struct value *v, gable_error *e);
#endif
