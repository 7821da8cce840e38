/* What a MODEL on the command line means: a name of the zoo, or an ONNX file. */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H
#include "onnx/onnx.h"
#include "zoo/zoo.h"

enum { MODEL_BINDINGS_MAX = 16 };
struct model_options {      /* zero means the default */
    struct zoo_options zoo; /* batch and size for both; dtype for the zoo alone */
    int n_bindings;         /* free dimensions of a file */
    const struct onnx_binding *bindings;
    int n_shapes; /* of inputs: model/shapes.h */
    const struct onnx_shape *shapes;
};
/* The graph with every shape inferred; caller owns it. A word that is neither says which names are near (GABLE_USAGE).
 */
gable_status model_open(const char *word, const struct model_options *options, struct graph **out, gable_error *e);
/* The free dimensions of a file that the options do not bind; none of a zoo model. */
gable_status model_frees(const char *word, const struct model_options *options, struct onnx_frees *out, gable_error *e);
/* What its results are kept under: the zoo's name, or folder/file, for every other export is called model.onnx. */
void model_id(const char *word, char *out, size_t room);
/* How figures and tables call it: the zoo's label, or folder/file without the file's ending. */
void model_label(const char *word, char *out, size_t room);
#endif
