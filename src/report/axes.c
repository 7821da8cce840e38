/* Axes of figures: engineering ticks, log bounds, names over their ticks. */
#include "report/figure.h"

#include <math.h>

void figure_grid(struct figure *f, int left, int right, int top, int bottom)
{
    figure_option(f, "grid",
                  figure_pack(f, "{s:i, s:i, s:i, s:i, s:s}", "left", left, "right", right, "top", top, "bottom",
                              bottom, "outerBoundsMode", "none"));
}

/* 1, 2, 5 in every decade, or 1 alone where that would be too dense to read. */
static json_t *log_ticks(struct figure *f, double low, double high)
{
    static const double steps[] = {1, 2, 5};
    json_t *ticks = json_array();
    size_t per_decade = log10(high / low) > 2.8 ? 1 : 3;
    for (int decade = (int)floor(log10(low)); decade <= (int)ceil(log10(high)); decade++)
        for (size_t i = 0; i < per_decade; i++) {
            double tick = steps[i] * pow(10, decade);
            if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) figure_append(f, ticks, json_real(tick));
        }
    return ticks;
}

/* The smallest round step that gives at most seven ticks. */
static double linear_step(double span)
{
    double decade = pow(10, floor(log10(span / 6))), steps = span / 6 / decade;
    return decade * (steps <= 1.0001 ? 1 : steps <= 2.0001 ? 2 : steps <= 5.0001 ? 5 : 10);
}

static json_t *linear_ticks(struct figure *f, double low, double high, double step)
{
    json_t *ticks = json_array();
    for (double i = ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i++)
        figure_append(f, ticks, json_real(step < 1 ? i / round(1 / step) : i * step)); /* 0.6, not 0.6000000000000001 */
    return ticks;
}

/* The grid lines follow axisTick's values, even where the ticks are hidden. */
static json_t *value_axis(struct figure *f, const char *type, int grid, const char *name, const char *formatter,
                          double low, double high, json_t *ticks)
{
    return figure_pack(f,
                       "{s:i, s:s, s:s, s:s, s:i, s:f, s:f, s:{s:s, s:i}, s:{s:b, s:{s:s, s:i}}, s:{s:b, s:O}, s:{s:b, "
                       "s:{s:s, s:i}}, s:{s:s, s:s, s:i, s:b, s:o}}",
                       "gridIndex", grid, "type", type, "name", name, "nameLocation", "middle", "nameGap", 27, "min",
                       low, "max", high, "nameTextStyle", "color", "@muted", "fontSize", 11, "axisLine", "show", 1,
                       "lineStyle", "color", "@axis", "width", 1, "axisTick", "show", 0, "customValues", ticks,
                       "splitLine", "show", 1, "lineStyle", "color", "@grid", "width", 1, "axisLabel", "formatter",
                       formatter, "color", "@muted", "fontSize", 11, "hideOverlap", 1, "customValues", ticks);
}

json_t *figure_log_axis(struct figure *f, int grid, const char *name, const char *formatter, double low, double high)
{
    if (!(low > 0) || !(high > low)) {
        figure_fail(f, "the bounds of a log axis must be positive and ascend");
        return NULL;
    }
    return value_axis(f, "log", grid, name, formatter, low, high, log_ticks(f, low, high));
}

json_t *figure_linear_axis(struct figure *f, int grid, const char *name, const char *formatter, double low, double high)
{
    if (!(high > low)) {
        figure_fail(f, "the bounds of an axis must ascend");
        return NULL;
    }
    return value_axis(f, "value", grid, name, formatter, low, high,
                      linear_ticks(f, low, high, linear_step(high - low)));
}

json_t *figure_whole_axis(struct figure *f, int grid, const char *name, const char *formatter, double high)
{
    return value_axis(f, "value", grid, name, formatter, 0, high, linear_ticks(f, 0, high, fmax(1, linear_step(high))));
}

json_t *figure_category_axis(struct figure *f, int grid, json_t *names, bool is_inverse)
{
    return figure_pack(f, "{s:i, s:s, s:b, s:o, s:{s:b}, s:{s:b}, s:{s:s, s:i, s:i, s:i}}", "gridIndex", grid, "type",
                       "category", "inverse", is_inverse, "data", names, "axisTick", "show", 0, "axisLine", "show", 0,
                       "axisLabel", "color", "@ink", "fontSize", 11, "margin", 8, "interval", 0);
}

json_t *figure_y_axis(struct figure *f, json_t *axis, int tick_width)
{
    json_t *style = json_object_get(axis, "nameTextStyle"), *line = json_object_get(axis, "axisLine");
    json_object_set_new(axis, "nameLocation", json_string("end"));
    json_object_set_new(axis, "nameGap", json_integer(14));
    json_object_set_new(style, "align", json_string("left"));
    json_object_set_new(style, "padding", figure_pack(f, "[i,i,i,i]", 0, 0, 0, -tick_width));
    json_object_set_new(line, "show", json_false());
    return axis;
}

/* The nearest of 1, 2 and 5 times a power of ten that is not below (up) or not above (down). */
static double next_step(double value, bool is_up)
{
    static const double steps[] = {1, 2, 5, 10};
    double decade = pow(10, floor(log10(value) + 1e-9)), below = decade;
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        double step = steps[i] * decade;
        if (is_up && step >= value * (1 - 1e-9)) return step;
        if (step <= value * (1 + 1e-9)) below = step;
    }
    return is_up ? value : below;
}

double figure_log_low(double low, double room) { return next_step(low / room, false); }

double figure_log_high(double high, double room) { return next_step(high * room, true); }
