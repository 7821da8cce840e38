#include "report/draw.h"

#include "base/file.h"
#include "report/figure.h"
#include "report/raster.h"
#include "report/render.h"
#include "report/spec.h"

#include <string.h>

enum { DPI = 200 };

static bool ends_with(const char *path, const char *suffix)
{
    size_t n = strlen(path), m = strlen(suffix);
    return n > m && !strcmp(path + n - m, suffix);
}

bool draw_knows(const char *path)
{
    return ends_with(path, ".svg") || ends_with(path, ".png") || ends_with(path, ".pdf");
}

static gable_status write_drawing(const struct theme *theme, const struct drawing *d, const char *title,
                                  const char *path, gable_error *e)
{
    struct text svg = {0}, raster = {0};
    gable_status s = GABLE_OK;
    theme_color(theme, SCHEME_LIGHT, d->svg, &svg);
    if (svg.failed || !svg.data) s = error_set(e, GABLE_NO_MEMORY, "no memory for the figure");
    if (!s && ends_with(path, ".png")) s = raster_png(svg.data, d->width, d->height, DPI, &raster, e);
    if (!s && ends_with(path, ".pdf")) s = raster_pdf(svg.data, d->width, d->height, title, &raster, e);
    const struct text *out = raster.data ? &raster : &svg;
    if (!s) s = file_write(path, out->data, out->len, e);
    text_release(&svg);
    text_release(&raster);
    return s;
}

gable_status draw_file(const json_t *spec, const char *path, gable_error *e)
{
    struct theme theme = {0};
    struct renderer *r = NULL;
    struct drawing d = {0};
    json_t *clean = json_clean(spec);
    gable_status s = clean ? theme_load(&theme, e) : error_set(e, GABLE_NO_MEMORY, "no memory for the figure");
    if (!s) s = renderer_new(&r, e);
    if (!s) s = renderer_draw(r, &theme, clean, FIGURE_WIDTH, &d, e);
    if (!s) s = write_drawing(&theme, &d, spec_text(clean, "title"), path, e);
    drawing_release(&d);
    renderer_free(r);
    theme_release(&theme);
    json_decref(clean);
    return s;
}
