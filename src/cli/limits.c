/* gable --help limits: what files and arguments may hold at most. */
#include "base/limits.h"

#include "cli/command.h"

#include <inttypes.h>
#include <stdio.h>

static const struct limit {
    int64_t value;
    const char *what;
} limits[] = {
    {LIMIT_NESTING, "messages within messages of an ONNX file"},
    {LIMIT_GRAPHS, "graphs within graphs: bodies of If, Loop and Scan"},
    {LIMIT_FUNCTIONS, "functions of a model"},
    {LIMIT_CALLS, "functions that call each other, deep"},
    {LIMIT_NODES, "nodes of a graph"},
    {LIMIT_NODES_EXPANDED, "nodes when functions are expanded, counted before they are"},
    {LIMIT_TENSORS, "tensors that a graph lists"},
    {LIMIT_OPERANDS, "inputs of a node, and as many outputs"},
    {LIMIT_ATTRIBUTES, "attributes of a node"},
    {LIMIT_ATTRIBUTE_ELEMENTS, "elements of an attribute"},
    {LIMIT_NAME_BYTES, "bytes of a name"},
    {LIMIT_RANK, "dimensions of a tensor"},
    {LIMIT_DIMENSION, "elements along a dimension"},
    {LIMIT_VALUES, "elements of a tensor whose values are known while a model is read"},
    {LIMIT_MODEL_BYTES, "bytes of memory for a model's structure"},
    {LIMIT_MODEL_BYTES_PER_BYTE, "more of them for every byte of its file"},
    {LIMIT_PIPED_BYTES, "bytes from standard input"},
    {LIMIT_LOCATION_BYTES, "bytes of the name of a file beside a model"},
    {LIMIT_CHIPS_BYTES, "bytes of a chips file"},
    {LIMIT_ARGUMENT_BYTES, "bytes of an argument"},
    {LIMIT_ERROR_BYTES, "bytes of an error's line"},
};

void print_limits(FILE *out)
{
    fputs("What is beyond one of these is refused by a sentence that says so.\n\n", out);
    for (size_t i = 0; i < COUNT_OF(limits); i++) fprintf(out, "%16" PRId64 "  %s\n", limits[i].value, limits[i].what);
}
