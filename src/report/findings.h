/* What the numbers say. Facts first (which model, how much), then the sentences that figures and the answer carry; each
   sentence is chosen by the numbers and states those that it rests on. Only sound runs count (figures/parts.h). */
#ifndef REPORT_FINDINGS_H
#define REPORT_FINDINGS_H
#include "report/figure.h"
#include "report/study.h"

/* The sound runs of batch index b with the highest and the lowest share of their roof; n of them, 0: nothing set. */
struct extremes {
    int n, best, worst; /* models */
    double best_share, worst_share, median_share;
    int memory_bound;
};
struct extremes finding_extremes(const struct study *s, int b);

/* The pair that breaks "more FLOPs, more time" worst at batch index b: `more` has more FLOPs and takes less time. */
struct inversion {
    bool exists;
    int more, less;    /* models */
    double work, time; /* of `more` in units of `less`: work > 1, time < 1 */
};
enum predictor { BY_FLOPS, BY_PARAMS, BY_BYTES, BY_FLOOR, PREDICTORS };
const char *predictor_name(enum predictor p);                                      /* "FLOPs", "parameters", ... */
double predictor_value(const struct study *s, int model, int b, enum predictor p); /* of the whole batch */
struct inversion finding_inversion(const struct study *s, int b, enum predictor p);

/* Spearman's rho between a predictor and latency over the sound runs of batch index b. NaN where n < 3. */
struct agreement {
    int n;
    double rho, p;
};
struct agreement finding_agreement(const struct study *s, int b, enum predictor p);

/* Time lost above the floor, by operator kind, over the groups of a run; in ns, never negative. */
struct losses {
    double floor_ns[KIND_N], time_ns[KIND_N], lost_ns[KIND_N];
    double floor_total, time_total, lost_total; /* time_total: the groups' times added */
    double between_ns;                          /* median - groups' times where that is positive */
    enum op_kind worst;                         /* loses most */
};
struct losses finding_losses(const struct run *r);
const char *kind_phrase(enum op_kind k); /* within a sentence: "depthwise convolutions" */

void finding_attained_title(struct figure *f, const struct study *s, int b, bool is_summary);
void finding_attained(struct figure *f, const struct study *s, int b, bool is_summary);
#endif
