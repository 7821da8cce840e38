/* Built-in architectures, torchvision's to the last parameter; module names are torchvision's. One file per family. */
#ifndef ZOO_ZOO_H
#define ZOO_ZOO_H
#include "graph/graph.h"

struct zoo_options {   /* zero means the default */
    int batch;         /* 1 */
    int height, width; /* 224 */
    enum dtype dtype;  /* DTYPE_F32 */
};
struct zoo_model {
    const char *id;    /* torchvision's: "efficientnet_b0" */
    const char *label; /* for figures: "EfficientNet-B0" */
    const char *family;
    int year;
    int published_crop;    /* pixels at which torchvision's weights were evaluated */
    bool is_in_report;     /* one of the report's default ten */
    bool has_attention;    /* the general engine runs it; the CPU engine and its training steps are for convolutions */
    const char *reference; /* the paper */
};
/* A published form of a model that torchvision does not build by that name: for comparisons, in no list. */
struct zoo_variant {
    const char *id; /* zoo_build takes it */
    const char *of, *note;
};
const struct zoo_variant *zoo_variant_at(int i); /* NULL after the last */
int zoo_size(void);
const struct zoo_model *zoo_at(int i);
const struct zoo_model *zoo_find(const char *id); /* NULL where there is none */
/* The graph with every shape inferred. An unknown id's error names the nearest. Caller owns it (graph_free). */
gable_status zoo_build(const char *id, const struct zoo_options *options, struct graph **out, gable_error *e);
#endif
