/* gable train --json. */
#include "cli/train.h"

#include "base/json.h"

static json_t *memory_json(const struct trained *t)
{
    const struct trainer_memory *m = &t->memory;
    json_t *o =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "weights", (json_int_t)m->weights, "gradients",
                  (json_int_t)m->gradients, "optimizer", (json_int_t)m->optimizer, "saved", (json_int_t)m->saved,
                  "working", (json_int_t)m->working, "workspace", (json_int_t)m->workspace, "edges",
                  (json_int_t)m->edges, "library", (json_int_t)m->library, "planned", (json_int_t)m->total,
                  "peak_resident", (json_int_t)t->runs[TRAINED_STEP].peak_rss_bytes);
    json_object_set_new(o, "counted", json_count(t->counted.total));
    json_object_set_new(o, "largest_batch", json_integer(m->batch_most));
    return o;
}
static json_t *kinds_json(const struct trained *t)
{
    json_t *all = json_array();
    for (int k = 0; k < KIND_N; k++) {
        json_t *kind = json_pack("{s:s}", "kind", op_kind_name((enum op_kind)k));
        double sum = 0;
        for (int p = 0; p < PASS_N; p++) {
            double ns = trained_kind_ns(t, (enum op_kind)k, (enum train_pass)p);
            json_object_set_new(kind, train_pass_name((enum train_pass)p), json_number(ns));
            sum += ns;
        }
        if (sum > 0) json_array_append(all, kind);
        json_decref(kind);
    }
    return all;
}
/* `runs` are those of every model, told apart by model and pass, a step's stages their groups; `models` holds what
   belongs to none of them. */
json_t *train_json(const struct trained *t, int n)
{
    json_t *answer = json_answer("train"), *runs = json_array(), *models = json_array();
    for (int i = 0; i < n; i++) {
        char sentence[TRAIN_SENTENCE];
        for (int r = 0; r < TRAINED_RUNS; r++) {
            if (trained_has(&t[i], r)) json_array_append_new(runs, run_json(&t[i].runs[r], false));
        }
        train_sentence(&t[i], sentence, sizeof sentence);
        json_t *model = json_pack("{s:o, s:i, s:o, s:o, s:i}", "model", json_text(t[i].runs[TRAINED_STEP].model),
                                  "batch", t[i].runs[TRAINED_STEP].batch, "first_loss", json_number(t[i].first_loss),
                                  "last_loss", json_number(t[i].last_loss), "steps", t[i].n_steps);
        json_object_set_new(model, "memory", memory_json(&t[i]));
        json_object_set_new(model, "trainer", json_text(t[i].trainer));
        if (t[i].why[0]) json_object_set_new(model, "trainer_why", json_text(t[i].why));
        json_object_set_new(model, "kinds_ns", kinds_json(&t[i]));
        json_object_set_new(model, "sentence", json_text(sentence));
        json_array_append_new(models, model);
    }
    json_object_set_new(answer, "runs", runs);
    json_object_set_new(answer, "models", models);
    return answer;
}
