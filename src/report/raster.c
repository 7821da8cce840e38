#include "report/raster.h"

#include "report/painter.h"

#include <math.h>
#include <string.h>

static cairo_status_t keep(void *closure, const unsigned char *bytes, unsigned n)
{
    struct text *out = closure;
    text_add_n(out, (const char *)bytes, n);
    return out->failed ? CAIRO_STATUS_NO_MEMORY : CAIRO_STATUS_SUCCESS;
}

static gable_status paint(const struct painter *p, const char *svg, cairo_t *cr, double width, double height,
                          gable_error *e)
{
    GError *error = NULL; /* no base URL is set: nothing outside the text can be loaded */
    RsvgHandle *handle = p->rsvg_handle_new_from_data((const guint8 *)svg, strlen(svg), &error);
    RsvgRectangle whole = {0, 0, width, height};
    bool ok = handle && p->rsvg_handle_render_document(handle, cr, &whole, &error);
    if (ok && p->cairo_status(cr)) {
        error_set(e, GABLE_FAILED, "cairo: %s", p->cairo_status_to_string(p->cairo_status(cr)));
        ok = false;
    } else if (!ok) {
        error_set(e, GABLE_FAILED, "librsvg: %s", error ? error->message : "failed");
    }
    p->g_clear_error(&error);
    if (handle) p->g_object_unref(handle);
    return ok ? GABLE_OK : GABLE_FAILED;
}

gable_status raster_png(const char *svg, double width, double height, double dpi, struct text *out, gable_error *e)
{
    const struct painter *p = NULL;
    gable_status s = painter_load(&p, e);
    if (s) return s;
    double scale = dpi / 96;
    int columns = (int)lround(width * scale), rows = (int)lround(height * scale);
    cairo_surface_t *surface = p->cairo_image_surface_create(CAIRO_FORMAT_RGB24, columns, rows);
    cairo_t *cr = p->cairo_create(surface);
    s = paint(p, svg, cr, columns, rows, e);
    cairo_status_t status = s ? CAIRO_STATUS_SUCCESS : p->cairo_surface_write_to_png_stream(surface, keep, out);
    if (status) s = error_set(e, GABLE_FAILED, "PNG: %s", p->cairo_status_to_string(status));
    p->cairo_destroy(cr);
    p->cairo_surface_destroy(surface);
    return s;
}

gable_status raster_pdf(const char *svg, double width, double height, const char *title, struct text *out,
                        gable_error *e)
{
    const struct painter *p = NULL;
    gable_status s = painter_load(&p, e);
    if (s) return s;
    double points = 72.0 / 96;
    cairo_surface_t *surface = p->cairo_pdf_surface_create_for_stream(keep, out, width * points, height * points);
    p->cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title);
    cairo_t *cr = p->cairo_create(surface);
    s = paint(p, svg, cr, width * points, height * points, e);
    p->cairo_destroy(cr);
    p->cairo_surface_finish(surface);
    if (!s && p->cairo_surface_status(surface))
        s = error_set(e, GABLE_FAILED, "PDF: %s", p->cairo_status_to_string(p->cairo_surface_status(surface)));
    p->cairo_surface_destroy(surface);
    return s;
}
