/* A chip as JSON. */
#include "base/json.h"
#include "cli/chips.h"

#include <math.h>

static json_t *rate_json(const struct chip *c, const struct chip_rate *r)
{
    bool is_rate = r != &c->bandwidth;
    json_t *o = json_pack("{s:o, s:o, s:o, s:s, s:o}", "value", json_number(r->value), "derivation",
                          r->derivation ? json_text(r->derivation) : json_null(), "derived",
                          json_number(r->derivation ? r->derived : NAN), "confidence", confidence_name(r->confidence),
                          "source", json_text(r->source));
    if (!is_rate) return o;
    double bandwidth = c->bandwidth.value;
    json_object_set_new(o, "dtype", json_text(dtype_name(r->dtype)));
    json_object_set_new(o, "what", json_text(r->what));
    json_object_set_new(o, "ridge", json_number(bandwidth > 0 ? r->value / bandwidth : NAN));
    json_object_set_new(o, "per_watt", json_number(c->tdp_w > 0 ? r->value / c->tdp_w : NAN));
    return o;
}

static json_t *known(double value) { return json_number(value > 0 ? value : NAN); }

json_t *chip_json(const struct chip *c)
{
    json_t *rates = json_array();
    for (int i = 0; i < c->n_rates; i++) json_array_append_new(rates, rate_json(c, &c->rates[i]));
    return json_pack("{s:o, s:o, s:o, s:s, s:o, s:i, s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "id",
                     json_text(c->id), "name", json_text(c->name), "vendor", json_text(c->vendor), "kind",
                     chip_kind_name(c->kind), "unit", json_text(c->unit), "year", c->year, "in_study",
                     (int)c->is_in_study, "process_nm", known(c->process_nm), "tdp_w", known(c->tdp_w), "memory_bytes",
                     known(c->memory_bytes), "memory_type", json_text(c->memory_type), "clock", json_text(c->clock),
                     "source", json_text(c->source), "confidence", confidence_name(c->confidence), "notes",
                     json_text(c->notes), "bandwidth",
                     c->bandwidth.value > 0 ? rate_json(c, &c->bandwidth) : json_null(), "rates", rates);
}
