#include "cli/cells.h"

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
