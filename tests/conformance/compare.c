#include "compare.h"

#include <math.h>
#include <string.h>

#define RTOL 1e-3
#define ATOL 1e-7

static bool is_close(double got, double want)
{
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got);
    if (isinf(want) || isinf(got)) return got == want;
    return fabs(got - want) <= ATOL + RTOL * fabs(want);
}

static const char *strings_differ(const struct value *got, const struct value *want)
{
    for (int64_t i = 0; i < want->n; i++) {
        const char *a = ((char *const *)got->data)[i], *b = ((char *const *)want->data)[i];
        if (strcmp(a ? a : "", b ? b : "") != 0) return "other text";
    }
    return NULL;
}

static const char *tensors_differ(const struct value *got, const struct value *want, bool only_shape)
{
    if (got->dtype != want->dtype) return "another type";
    if (!value_same_shape(got, want)) return "another shape";
    if (want->dtype == DTYPE_STRING) return strings_differ(got, want);
    for (int64_t i = 0; i < want->n && !only_shape; i++)
        if (!is_close(value_real(got, i), value_real(want, i))) return "other values";
    return NULL;
}

const char *value_differs(const struct value *got, const struct value *want, bool only_shape)
{
    const char *why = NULL;
    if (got->kind != want->kind) return got->kind == VALUE_ABSENT ? "absent" : "another kind of value";
    if (want->kind == VALUE_TENSOR) return tensors_differ(got, want, only_shape);
    if (want->kind == VALUE_ABSENT) return NULL;
    if (got->n != want->n) return "another number of tensors";
    for (int64_t i = 0; i < want->n && !why; i++)
        why = value_differs(&value_items(got)[i], &value_items(want)[i], only_shape);
    return why;
}

double value_largest_difference(const struct value *got, const struct value *want)
{
    double most = 0;
    if (got->kind != VALUE_TENSOR || want->kind != VALUE_TENSOR || !value_same_shape(got, want)) return INFINITY;
    for (int64_t i = 0; i < want->n && want->dtype != DTYPE_STRING; i++) {
        double a = value_real(got, i), b = value_real(want, i), d = a == b || (isnan(a) && isnan(b)) ? 0 : fabs(a - b);
        if (!(d <= most)) most = isnan(d) ? INFINITY : d;
    }
    return most;
}
