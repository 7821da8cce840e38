#include "counts/subject.h"

#include "engine/plan/groups.h"

gable_status subject_load(const char *word, const struct model_options *o, const struct taught *rules,
                          struct subject *s, gable_error *e)
{
    struct grouping grouping;
    int n_taught;
    gable_status status = model_open(word, o, &s->graph, e);
    if (!status && rules) status = taught_apply(rules, s->graph, &n_taught, e);
    if (!status) status = groups_find(s->graph, &grouping, e);
    if (!status) status = analysis_new(s->graph, &grouping, &s->analysis, e);
    return status;
}

void subject_release(struct subject *s)
{
    analysis_free(s->analysis);
    graph_free(s->graph);
    s->analysis = NULL;
    s->graph = NULL;
}
