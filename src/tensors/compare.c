#include "tensors/compare.h"

#include <math.h>
#include <string.h>

static bool is_close(double got, double want, struct tolerance t)
{
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got);
    if (isinf(want) || isinf(got)) return got == want;
    return fabs(got - want) <= t.absolute + t.relative * fabs(want);
}

static void note(struct difference *d, int64_t i, double got, double want, struct tolerance t)
{
    double off = got == want || (isnan(got) && isnan(want)) ? 0 : fabs(got - want);
    if (isnan(off)) off = INFINITY;
    double share = off <= t.absolute ? 0 : want == 0 || isnan(want) ? INFINITY : off / fabs(want);
    if (isnan(share)) share = INFINITY;
    if (off > d->absolute) d->absolute = off, d->absolute_at = i;
    if (share > d->relative) d->relative = share, d->relative_at = i;
    if (!is_close(got, want, t)) d->n_beyond++;
}

static void compare_strings(struct difference *d, const struct value *got, const struct value *want)
{
    for (int64_t i = 0; i < want->n; i++) {
        const char *a = ((char *const *)got->data)[i], *b = ((char *const *)want->data)[i];
        if (strcmp(a ? a : "", b ? b : "") != 0) d->n_beyond++;
    }
    if (d->n_beyond) d->what = "other text";
}

static void compare_tensors(struct difference *d, const struct value *got, const struct value *want, struct tolerance t)
{
    if (got->dtype != want->dtype)
        d->what = "another type";
    else if (!value_same_shape(got, want))
        d->what = "another shape";
    else if (want->dtype == DTYPE_STRING)
        compare_strings(d, got, want);
    else
        for (int64_t i = 0; i < want->n; i++) note(d, i, value_real(got, i), value_real(want, i), t);
    if (!d->what && d->n_beyond) d->what = "other values";
}

struct difference value_compare(const struct value *got, const struct value *want, struct tolerance t)
{
    struct difference d = {0};
    if (got->kind != want->kind)
        d.what = got->kind == VALUE_ABSENT ? "nothing" : "another kind of value";
    else if (want->kind == VALUE_TENSOR)
        compare_tensors(&d, got, want, t);
    else if (want->kind == VALUE_SEQUENCE && got->n != want->n)
        d.what = "another number of tensors";
    else if (want->kind == VALUE_SEQUENCE)
        for (int64_t i = 0; i < want->n; i++) {
            struct difference item = value_compare(&value_items(got)[i], &value_items(want)[i], t);
            if ((item.what && !d.what) || (!item.what == !d.what && item.absolute > d.absolute)) d = item;
        }
    return d;
}
