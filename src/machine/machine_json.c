/* struct machine as JSON and back. Unknown is null on the way out and 0 or "" on the way in. */
#include "base/json.h"
#include "machine/machine.h"
#include "machine/pipes.h"

#include <stdio.h>
#include <string.h>

static json_t *known(double value) { return value > 0 ? json_number(value) : json_null(); }
static json_t *known_text(const char *s) { return s[0] ? json_text(s) : json_null(); }

static json_t *words_json(const char *words)
{
    json_t *list = json_array();
    for (const char *p = words; *p;) {
        size_t n = strcspn(p, " ");
        json_array_append_new(list, json_stringn(p, n));
        p += n + strspn(p + n, " ");
    }
    return list;
}

static json_t *topology_json(const struct topology *t)
{
    json_t *caches = json_array(), *j = json_object();
    for (int i = 0; i < t->n_caches; i++)
        json_array_append_new(caches, json_pack("{s:i, s:I, s:i, s:i}", "level", t->cache[i].level, "bytes",
                                                (json_int_t)t->cache[i].bytes, "instances", t->cache[i].instances,
                                                "shared_by", t->cache[i].shared_by));
    json_object_set_new(j, "cpu", known_text(t->cpu));
    json_object_set_new(j, "vendor", known_text(t->vendor));
    json_object_set_new(j, "core", known_text(pipes_core_name(t)));
    json_object_set_new(j, "family", json_integer(t->family));
    json_object_set_new(j, "model", json_integer(t->model));
    json_object_set_new(j, "stepping", json_integer(t->stepping));
    json_object_set_new(j, "sockets", json_integer(t->sockets));
    json_object_set_new(j, "cores", json_integer(t->cores));
    json_object_set_new(j, "pus", json_integer(t->pus));
    json_object_set_new(j, "numa_nodes", json_integer(t->numa_nodes));
    json_object_set_new(j, "caches", caches);
    json_object_set_new(j, "memory_bytes", t->memory_bytes ? json_integer((json_int_t)t->memory_bytes) : json_null());
    json_object_set_new(j, "base_hz", known(t->base_hz));
    json_object_set_new(j, "max_hz", known(t->max_hz));
    json_object_set_new(j, "isa", words_json(t->isa));
    json_object_set_new(j, "hypervisor", known_text(t->hypervisor));
    return j;
}

static json_t *ints_json(const int *x, int n)
{
    json_t *list = json_array();
    for (int i = 0; i < n; i++) json_array_append_new(list, json_integer(x[i]));
    return list;
}

static const char *unit_of(const struct ceiling *c)
{
    if (c->kind == CEILING_BANDWIDTH) return "B/s";
    return c->dtype == DTYPE_S8 || c->dtype == DTYPE_U8 ? "OP/s" : "FLOP/s";
}

static json_t *ceiling_json(const struct ceiling *c)
{
    json_t *j = json_object();
    json_object_set_new(j, "kind", json_string(c->kind == CEILING_COMPUTE ? "compute" : "bandwidth"));
    json_object_set_new(j, "level", json_text(c->level));
    json_object_set_new(j, "what", json_text(c->what));
    json_object_set_new(j, "dtype", json_string(dtype_name(c->dtype)));
    json_object_set_new(j, "isa", json_text(c->isa));
    json_object_set_new(j, "threads", json_integer(c->threads));
    json_object_set_new(j, "value", json_number(c->value));
    json_object_set_new(j, "unit", json_string(unit_of(c)));
    json_object_set_new(j, "theory", known(c->theory));
    json_object_set_new(j, "share", c->theory > 0 ? json_number(c->value / c->theory) : json_null());
    json_object_set_new(j, "ci", json_pack("[o, o]", json_number(c->low), json_number(c->high)));
    json_object_set_new(j, "valid", json_boolean(c->valid));
    json_object_set_new(j, "reason", known_text(c->reason));
    return j;
}

json_t *machine_json(const struct machine *m)
{
    json_t *j = json_object(), *ceilings = json_array();
    for (int i = 0; i < m->n_ceilings; i++) json_array_append_new(ceilings, ceiling_json(&m->ceilings[i]));
    json_object_set_new(j, "topology", topology_json(&m->topology));
    json_object_set_new(j, "cpus",
                        json_pack("{s:i, s:o, s:o, s:o}", "online", m->cpus.n_online, "allowed",
                                  ints_json(m->cpus.allowed, m->cpus.n_allowed), "cores",
                                  ints_json(m->cpus.cores, m->cpus.n_cores), "quota", known(m->cpus.quota)));
    json_object_set_new(j, "clock_hz", known(m->clock_hz));
    json_object_set_new(j, "seconds", json_number(m->seconds));
    json_object_set_new(j, "measured_utc", json_integer(m->measured_utc));
    json_object_set_new(j, "ceilings", ceilings);
    return j;
}

static void get_text(const json_t *j, const char *key, char *out, size_t room)
{
    const char *s = json_string_value(json_object_get(j, key));
    snprintf(out, room, "%s", s ? s : "");
}
static double get_number(const json_t *j, const char *key) { return json_number_value(json_object_get(j, key)); }
static int get_int(const json_t *j, const char *key) { return (int)json_integer_value(json_object_get(j, key)); }

static void topology_from_json(const json_t *j, struct topology *t)
{
    const json_t *caches = json_object_get(j, "caches"), *isa = json_object_get(j, "isa");
    size_t used = 0;
    get_text(j, "cpu", t->cpu, sizeof t->cpu);
    get_text(j, "vendor", t->vendor, sizeof t->vendor);
    get_text(j, "hypervisor", t->hypervisor, sizeof t->hypervisor);
    t->family = get_int(j, "family");
    t->model = get_int(j, "model");
    t->stepping = get_int(j, "stepping");
    t->sockets = get_int(j, "sockets");
    t->cores = get_int(j, "cores");
    t->pus = get_int(j, "pus");
    t->numa_nodes = get_int(j, "numa_nodes");
    t->memory_bytes = (size_t)json_integer_value(json_object_get(j, "memory_bytes"));
    t->base_hz = get_number(j, "base_hz");
    t->max_hz = get_number(j, "max_hz");
    for (size_t i = 0; i < json_array_size(caches) && t->n_caches < MACHINE_CACHES; i++) {
        const json_t *c = json_array_get(caches, i);
        t->cache[t->n_caches++] =
            (struct cache){get_int(c, "level"), (size_t)json_integer_value(json_object_get(c, "bytes")),
                           get_int(c, "instances"), get_int(c, "shared_by")};
    }
    for (size_t i = 0; i < json_array_size(isa); i++) {
        const char *word = json_string_value(json_array_get(isa, i));
        int n = snprintf(t->isa + used, sizeof t->isa - used, "%s%s", used ? " " : "", word ? word : "");
        if (n < 0 || (size_t)n >= sizeof t->isa - used) break;
        used += (size_t)n;
    }
}

static int ints_from_json(const json_t *list, int *out)
{
    int n = 0;
    for (size_t i = 0; i < json_array_size(list) && n < CPUS_MAX; i++)
        out[n++] = (int)json_integer_value(json_array_get(list, i));
    return n;
}

static gable_status ceiling_from_json(const json_t *j, struct ceiling *c, gable_error *e)
{
    const char *kind = json_string_value(json_object_get(j, "kind")), *dtype;
    const json_t *ci = json_object_get(j, "ci");
    if (!kind || (strcmp(kind, "compute") && strcmp(kind, "bandwidth")))
        return error_set(e, GABLE_BAD_INPUT, "kind is neither \"compute\" nor \"bandwidth\"");
    if (!json_is_number(json_object_get(j, "value"))) return error_set(e, GABLE_BAD_INPUT, "value is not a number");
    *c = (struct ceiling){.kind = strcmp(kind, "compute") ? CEILING_BANDWIDTH : CEILING_COMPUTE};
    dtype = json_string_value(json_object_get(j, "dtype"));
    c->dtype = dtype ? dtype_find(dtype) : DTYPE_UNDEFINED;
    get_text(j, "level", c->level, sizeof c->level);
    get_text(j, "what", c->what, sizeof c->what);
    get_text(j, "isa", c->isa, sizeof c->isa);
    get_text(j, "reason", c->reason, sizeof c->reason);
    c->threads = get_int(j, "threads");
    c->value = get_number(j, "value");
    c->theory = get_number(j, "theory");
    c->low = json_number_value(json_array_get(ci, 0));
    c->high = json_number_value(json_array_get(ci, 1));
    c->valid = json_is_true(json_object_get(j, "valid"));
    return GABLE_OK;
}

gable_status machine_from_json(const json_t *j, struct machine *out, gable_error *e)
{
    const json_t *ceilings = json_object_get(j, "ceilings"), *cpus = json_object_get(j, "cpus");
    *out = (struct machine){0};
    if (!json_is_array(ceilings) || !json_is_object(json_object_get(j, "topology")))
        return error_set(e, GABLE_BAD_INPUT, "a machine has a topology and ceilings; this has not");
    topology_from_json(json_object_get(j, "topology"), &out->topology);
    out->cpus.n_online = get_int(cpus, "online");
    out->cpus.n_allowed = ints_from_json(json_object_get(cpus, "allowed"), out->cpus.allowed);
    out->cpus.n_cores = ints_from_json(json_object_get(cpus, "cores"), out->cpus.cores);
    out->cpus.quota = get_number(cpus, "quota");
    out->clock_hz = get_number(j, "clock_hz");
    out->seconds = get_number(j, "seconds");
    out->measured_utc = json_integer_value(json_object_get(j, "measured_utc"));
    for (size_t i = 0; i < json_array_size(ceilings) && out->n_ceilings < MACHINE_CEILINGS; i++) {
        if (ceiling_from_json(json_array_get(ceilings, i), &out->ceilings[out->n_ceilings], e))
            return error_within(e, "ceiling %zu", i + 1);
        out->n_ceilings++;
    }
    return GABLE_OK;
}
