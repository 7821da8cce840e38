/* librsvg and cairo, loaded when the first figure is drawn: with all that stands behind them they are forty libraries,
   and no count should wait for them. */
#ifndef REPORT_PAINTER_H
#define REPORT_PAINTER_H
#include "base/error.h"

#include <cairo-pdf.h>
#include <librsvg/rsvg.h>

/* clang-format off */
#define PAINTER_FUNCTIONS(X) \
    X(cairo_create) X(cairo_destroy) X(cairo_status) X(cairo_status_to_string) \
    X(cairo_font_options_create) X(cairo_font_options_destroy) X(cairo_font_options_set_hint_metrics) \
    X(cairo_font_options_set_hint_style) X(cairo_set_font_options) X(cairo_select_font_face) X(cairo_set_font_size) \
    X(cairo_text_extents) X(cairo_image_surface_create) X(cairo_pdf_surface_create_for_stream) \
    X(cairo_pdf_surface_set_metadata) X(cairo_surface_destroy) X(cairo_surface_finish) X(cairo_surface_status) \
    X(cairo_surface_write_to_png_stream) X(rsvg_handle_new_from_data) X(rsvg_handle_render_document) \
    X(g_object_unref) X(g_clear_error)
/* clang-format on */
#define PAINTER_MEMBER(function) __typeof__(function) *function;
struct painter {
    PAINTER_FUNCTIONS(PAINTER_MEMBER)
};
/* The same table at every call; it lives as long as the process. GABLE_FAILED names the package that is missing. */
gable_status painter_load(const struct painter **out, gable_error *e);
#endif
