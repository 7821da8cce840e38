/* Tensors by name: one hash table per graph that is read. */
#ifndef ONNX_NAMES_H
#define ONNX_NAMES_H
#include "graph/graph.h"

struct names;
struct names *names_new(void); /* NULL when memory is out */
void names_free(struct names *n);
/* False where the name is taken or memory is out. The name must outlive the table. */
bool names_add(struct names *n, const char *name, struct tensor *t);
struct tensor *names_find(const struct names *n, const char *name); /* NULL where there is none */
#endif
