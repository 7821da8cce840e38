/* What another precision, batch, fusion or chip would do to a model's time floor. */
#ifndef COUNTS_WHATIF_H
#define COUNTS_WHATIF_H
#include "counts/subject.h"

enum change_kind { CHANGE_DTYPE, CHANGE_BATCH, CHANGE_FUSE, CHANGE_BANDWIDTH, CHANGE_FLOPS, CHANGE_KINDS };
struct change {
    enum change_kind kind;
    enum dtype dtype;
    int batch;
    double times; /* of the chip's bandwidth or peak */
    char text[32];
};
enum { CHANGES_MAX = CHANGE_KINDS };
struct changes {
    int n;
    struct change change[CHANGES_MAX];
};
/* "int8,batch=8,fuse,bw=2x,flops=2x": each kind once. False with one sentence: what is unknown or contradicts. */
bool changes_parse(const char *text, struct changes *out, gable_error *e);

/* The floor of one image with some changes: nodes, or fused groups, one after another. */
struct outcome {
    const struct change *change; /* NULL: all together */
    double floor_s;              /* per image */
    double memory_s;             /* of it where memory bounds */
    int n_touched;       /* nodes whose own floor changes; for fusion those that run with others or not at all */
    double touched_s;    /* their floor before */
    enum op_kind mostly; /* the kind whose floor falls most; KIND_N where none does */
};
struct whatif {
    double floor_s; /* per image without any change: node by node */
    double memory_s;
    int n_nodes; /* that run: no views */
    int n;
    struct outcome outcomes[CHANGES_MAX]; /* the one that removes most first */
    struct outcome together;
};
/* The subject has a chip. */
gable_status whatif_find(const struct subject *s, const struct changes *c, struct whatif *out, gable_error *e);
#endif
