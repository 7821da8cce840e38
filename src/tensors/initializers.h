/* The values of an ONNX file's initializers, read when a session wants them: from the place in the file that the reader
   noted, or from the files beside it; of standard input ("-") in the working folder. */
#ifndef TENSORS_INITIALIZERS_H
#define TENSORS_INITIALIZERS_H
#include "engine/general/general.h"

struct initializers;
gable_status initializers_open(const char *path, struct initializers **out, gable_error *e);
void initializers_close(struct initializers *f); /* NULL is fine; sessions may outlive it */
const struct general_values *initializers_values(const struct initializers *f);
#endif
