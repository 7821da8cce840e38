/* What the parts of `gable analyze` share: how one analysed model is shown. Private to cli/analyze/. */
#ifndef CLI_ANALYZE_ANALYZE_H
#define CLI_ANALYZE_ANALYZE_H
#include "base/json.h"
#include "cli/cells.h"
#include "counts/subject.h"
#include "ops/convention.h"

/* The least time, in seconds, for the model's FLOPs with so much traffic, all overlapping; and for its fused groups one
   after another. A run that moves less than that traffic can be faster. */
double analyze_floor(const struct subject *s, count bytes);
double analyze_groups_floor(const struct subject *s);

void analyze_print_card(const struct subject *s);
/* With a chip: bound and time floor at each level of traffic. */
void analyze_print_chip(const struct subject *s);
void analyze_print_types(const struct subject *s);
void analyze_print_layers(const struct subject *s);
void analyze_print_comparison(const struct subject *s, int n);
/* Modules down to `depth` levels (0: all), each with what is below it. */
void analyze_print_tree(const struct subject *s, int depth);

/* What other tools count, with the terms that make the difference; `only` NULL: all tools. */
bool analyze_conventions_are_checked(const struct subject *s); /* a model of the zoo, not a file */
void analyze_print_conventions(const struct subject *s, const struct convention *only);

/* "coverage: 100 % of 69 nodes have an exact rule", and the operators that have none, by name. */
void analyze_print_coverage(const struct subject *s);
json_t *analyze_json_coverage(const struct subject *s);
bool analyze_is_complete(const struct subject *s); /* no node's cost is unknown */
bool analyze_is_exact(const struct subject *s);    /* nor a bound */
/* "exported: 16 merged tensors (+3,840), 20 folded batch norms (+4,800): 11,689,512 parameters before"; nothing for
 * most */
void analyze_print_held(const struct subject *s);
json_t *analyze_json_held(const struct subject *s);
/* --strict: the exit status, with a sentence where something is unknown. */
int analyze_strict(const struct subject *s, int n);

/* --passes: what the clean-up of the graph rewrites, and the totals afterwards. */
gable_status analyze_print_passes(const struct subject *s, gable_error *e);
json_t *analyze_json_passes(const struct subject *s, gable_error *e);

/* --train: passes, memory by part, the largest batch that fits the chip or this machine. */
gable_status analyze_print_training(const struct subject *s, gable_error *e);
json_t *analyze_json_backward(struct backward b);
json_t *analyze_json_training_memory(const struct training *t);
json_t *analyze_json_training(const struct subject *s, const struct training *t);

/* --memory: the tensors of the peak, the timeline, what would lower it; `figure` NULL or a file to draw. With --train
   of the whole step. */
gable_status analyze_print_memory(const struct subject *s, const char *figure, gable_error *e);
json_t *analyze_json_timeline(const struct subject *s, const char *figure, gable_error *e); /* sets e where it fails */

/* --symbolic: totals as polynomials of the free dimensions; with a chip where they cross its ridge. */
gable_status analyze_print_symbolic(const struct subject *s, gable_error *e);
json_t *analyze_json_symbolic(const struct subject *s, gable_error *e);

/* --what-if, with a chip: the changes that remove most of the time floor, alone and together. */
struct changes;
gable_status analyze_print_whatif(const struct subject *s, const struct changes *c, gable_error *e);
json_t *analyze_json_whatif(const struct subject *s, const struct changes *c, gable_error *e);

/* Groups and nodes are streamed; the subject must live until they are written. */
enum { ANALYZE_STREAMS = 2 };
json_t *analyze_json_model(const struct subject *s, struct json_stream streams[ANALYZE_STREAMS]);
json_t *analyze_json_conventions(const struct subject *s, const struct convention *only);
#endif
