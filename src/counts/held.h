/* What a file holds beside what the architecture had. Exporters merge initializers that are equal and fold batch norms
   into convolutions, so that a file has fewer parameters than the network that was exported; what it still shows of
   that is found here. Nothing is found in a model of the zoo. */
#ifndef COUNTS_HELD_H
#define COUNTS_HELD_H
#include "base/error.h"
#include "graph/graph.h"

struct held {
    int n_merged, n_folded, n_shared;
    count merged; /* elements that Identity nodes give again to be read as parameters, not as running statistics:
                     PyTorch's exporter merges equal initializers so */
    count folded; /* trained scales of batch norms within convolutions whose weights have a name that an exporter makes:
                     "onnx::Conv_193" (PyTorch), "..._fused_bn" (tf2onnx). The norms' shifts became the biases */
    count shared; /* elements that several nodes read directly, for each reader but the first: tied, or merged */
    count params; /* of the network that was exported: the file's, merged and folded */
};
/* GABLE_NO_MEMORY alone. */
gable_status held_find(const struct graph *g, count params, struct held *out, gable_error *e);
#endif
