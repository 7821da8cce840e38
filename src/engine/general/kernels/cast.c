/* Cast and CastLike: numbers of one type into another, and into text and back. */
#include "engine/general/kernels/hot.h"
#include "engine/general/kernels/operands.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct cast {
    const struct value *from;
    struct value *to;
};
static void cast_numbers(void *arg, int64_t first, int64_t end)
{
    const struct cast *k = arg;
    value_convert_range(k->from, k->to, first, end);
}

/* The shortest text that reads back as the same number. */
static void real_text(const struct value *v, int64_t i, char *text, size_t size)
{
    const double real = value_real(v, i);
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, size, "%.*g", digits, real);
        if (v->dtype == DTYPE_F64 ? strtod(text, NULL) == real : strtof(text, NULL) == (float)real) return;
    }
}

static gable_status to_text(struct call *c, const struct value *from, struct value *to)
{
    char text[48];
    for (int64_t i = 0; i < from->n; i++) {
        if (from->dtype == DTYPE_F32 || from->dtype == DTYPE_F64 || from->dtype == DTYPE_F16 ||
            from->dtype == DTYPE_BF16)
            real_text(from, i, text, sizeof text);
        else if (from->dtype == DTYPE_U64)
            snprintf(text, sizeof text, "%" PRIu64, (uint64_t)value_int(from, i));
        else
            snprintf(text, sizeof text, "%" PRId64, value_int(from, i));
        if (!value_set_string(to, i, text)) return operand_no_memory(c);
    }
    return GABLE_OK;
}

static gable_status from_text(struct call *c, const struct value *from, struct value *to)
{
    bool is_real =
        to->dtype == DTYPE_F32 || to->dtype == DTYPE_F64 || to->dtype == DTYPE_F16 || to->dtype == DTYPE_BF16;
    char *const *texts = from->data;
    for (int64_t i = 0; i < from->n; i++) {
        char *end = NULL;
        const char *text = texts[i] ? texts[i] : "";
        double real = is_real ? strtod(text, &end) : 0;
        int64_t whole = is_real ? 0 : strtoll(text, &end, 10);
        if (end == text || *end) return call_refuse(c, "\"%.40s\" is no number", text);
        struct value one = {.kind = VALUE_TENSOR, .dtype = is_real ? DTYPE_F64 : DTYPE_S64, .n = 1};
        struct value place = {.kind = VALUE_TENSOR, .dtype = to->dtype, .n = 1};
        one.data = is_real ? (void *)&real : (void *)&whole;
        place.data = (char *)to->data + (size_t)i * value_element_bytes(to->dtype);
        value_convert(&one, &place);
    }
    return GABLE_OK;
}

static gable_status cast_to(struct call *c, enum dtype d)
{
    const struct value *x = c->in[0];
    if (!value_element_bytes(d)) return call_refuse(c, "asks for a type that is not supported");
    if (x->dtype == d) {
        call_pass(c, 0, x);
        return GABLE_OK;
    }
    gable_status s = call_make(c, 0, d, x->rank, x->dim);
    if (s) return s;
    if (d == DTYPE_STRING) return to_text(c, x, c->out[0]);
    if (x->dtype == DTYPE_STRING) return from_text(c, x, c->out[0]);
    struct cast k = {x, c->out[0]};
    call_parallel(c, x->n, GRAIN, cast_numbers, &k);
    return GABLE_OK;
}

static gable_status run_cast(struct call *c) { return cast_to(c, operand_dtype(node_int(c->node, "to", 0))); }
static gable_status run_cast_like(struct call *c) { return cast_to(c, c->in[1]->dtype); }

const struct kernel kernels_cast[] = {
    {.op = "Cast", .domain = "", .run = run_cast},
    {.op = "CastLike", .domain = "", .run = run_cast_like},
    {0},
};
