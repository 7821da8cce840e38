#include "cli/cells.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

struct cell cell_format(const char *how, ...)
{
    struct cell c;
    va_list args;
    va_start(args, how);
    vsnprintf(c.text, sizeof c.text, how, args);
    va_end(args);
    return c;
}

struct quantity cell_time(double ns) { return quantity(1e-9 * ns, "s"); }

struct cell cell_width(const struct run *r)
{
    double side = fmax(r->high_ns - r->median_ns, r->median_ns - r->low_ns) / r->median_ns;
    return isnan(side) ? cell_format("-") : cell_format("%.1f %%", 100 * side);
}

struct cell cell_percent(double share)
{
    return isfinite(share) ? cell_format("%.0f %%", 100 * share) : cell_format("-");
}

struct cell cell_count(count value)
{
    bool is_exact = value < 1000 || value == COUNT_MAX;
    return cell_format("%s", is_exact ? quantity_exact(value).text : quantity((double)value, "").text);
}

struct cell cell_bytes(count value)
{
    return cell_format("%s", value == COUNT_MAX ? "too large" : quantity_bytes((double)value).text);
}

struct cell cell_share(count part, count whole)
{
    if (part <= 0 || whole <= 0 || whole == COUNT_MAX) return (struct cell){""};
    return cell_format("%.1f %%", 100 * (double)part / (double)whole);
}

struct cell cell_intensity(count flops, count bytes)
{
    if (bytes <= 0 || bytes == COUNT_MAX || flops == COUNT_MAX) return cell_format("-");
    return cell_format("%.*f", flops / bytes >= 10 ? 1 : 2, (double)flops / (double)bytes);
}

struct cell cell_shape(const struct shape *s)
{
    struct cell c = {"scalar"};
    size_t len = 0;
    for (int i = 0; i < s->rank && len < sizeof c.text; i++)
        len += (size_t)snprintf(c.text + len, sizeof c.text - len, "%s%" PRId64, i ? "x" : "", s->dim[i]);
    return c;
}
