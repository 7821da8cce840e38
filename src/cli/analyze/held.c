/* What a file's parameters are short of, beside the network that was exported. */
#include "cli/analyze/analyze.h"

#include "base/json.h"
#include "base/text.h"
#include "base/units.h"
#include "counts/held.h"

#include <stdio.h>

static void add_part(struct text *out, int n, const char *what, count elements)
{
    if (!n) return;
    text_addf(out, "%s%d %s%s (+%s)", out->data ? ", " : "", n, what, n == 1 ? "" : "s", quantity_exact(elements).text);
}

void analyze_print_held(const struct subject *s)
{
    struct held h;
    struct text parts = {0};
    gable_error e = {0};
    if (held_find(s->graph, s->analysis->params, &h, &e)) return;
    add_part(&parts, h.n_merged, "merged tensor", h.merged);
    add_part(&parts, h.n_folded, "folded batch norm", h.folded);
    if (parts.data) printf("exported: %s: %s parameters before\n", parts.data, quantity_exact(h.params).text);
    text_release(&parts);
    add_part(&parts, h.n_shared, "further use", h.shared);
    if (parts.data) printf("shared: %s of tensors that several nodes read, counted once\n", parts.data);
    text_release(&parts);
}

static json_t *part_json(const char *unit, int n, count elements)
{
    return json_pack("{s:i, s:o}", unit, n, "elements", json_count(elements));
}

json_t *analyze_json_held(const struct subject *s)
{
    struct held h;
    gable_error e = {0};
    if (held_find(s->graph, s->analysis->params, &h, &e)) return json_null();
    return json_pack("{s:o, s:o, s:o, s:o}", "merged", part_json("tensors", h.n_merged, h.merged), "folded",
                     part_json("nodes", h.n_folded, h.folded), "shared", part_json("uses", h.n_shared, h.shared),
                     "params_before_export", json_count(h.params));
}
