/* Which convention, input size, batch or variant gives a number that somebody printed for a model. */
#ifndef COUNTS_CLAIM_H
#define COUNTS_CLAIM_H
#include "model/model.h"

#include "base/count.h"

enum claim_of { CLAIM_ANY, CLAIM_WORK, CLAIM_PARAMS };
struct claim {
    double value;
    double unit; /* of the last digit that is given: "3.8G" has 1e8 */
    enum claim_of of;
};
/* "3.8G", "25.6M", "3.8 GFLOPs", "25.6M params", "1814073344"; k, M, G, B and T are powers of 1000. */
gable_status claim_parse(const char *text, struct claim *out, gable_error *e);

enum { CLAIM_ANSWERS = 5, CLAIM_WHAT = 96 };
struct claim_answer {
    char model[64];        /* the one asked for, another of its family, or a variant */
    const char *note;      /* of a variant: how it differs; "" else */
    char what[CLAIM_WHAT]; /* "MACs of convolutions and linear layers", "thop's MACs", "parameters" */
    int height, width;     /* of the input; 0 where it does not matter */
    int batch;
    count value;
    double difference; /* (value - claim) / claim */
    double score;      /* how far the explanation is fetched: lower is better */
};
struct claim_result {
    int n;                                      /* 0: no convention gives this */
    struct claim_answer answers[CLAIM_ANSWERS]; /* the best first */
    struct claim_answer nearest;                /* where n is 0 */
    count macs, params;                         /* of the model as it is asked for */
};
/* Tries, for a zoo model, its family and its variants at common input sizes, for a file the file as it is: every
   convention of ops/convention.h, Gable's FLOPs, MACs without the classifier, powers of two as batch; parameters with
   and without classifier and statistics. An answer is at most 5 % off. Docs: docs/METRICS.md. */
gable_status claim_settle(const char *word, const struct model_options *options, const struct claim *c,
                          struct claim_result *out, gable_error *e);
#endif
