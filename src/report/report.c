#include "report/report.h"

#include "base/file.h"
#include "base/text.h"
#include "report/appendix.h"
#include "report/figure.h"
#include "report/figures.h"
#include "report/page.h"
#include "report/raster.h"
#include "report/render.h"
#include "report/spec.h"
#include "report/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PNG_DPI = 200 };

struct writing {
    const struct report_options *options;
    struct theme theme;
    struct renderer *renderer;
    json_t *specs, *answer;
    struct drawing *drawings; /* one per spec; empty where it has no figure */
};

static void tell(const struct writing *w, const char *what, size_t done)
{
    const struct report_options *o = w->options;
    if (o->progress) o->progress(o->progress_arg, what, (int)done, (int)json_array_size(w->specs));
}

/* Writes OUT/folder/id + suffix. */
static gable_status put(const struct writing *w, const char *folder, const char *id, const char *suffix,
                        const struct text *content, gable_error *e)
{
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/%s%s%s%s", w->options->out, folder, *folder ? "/" : "", id, suffix);
    if (content->failed) return error_set(e, GABLE_NO_MEMORY, "no memory to write %s%s", id, suffix);
    if (n < 0 || (size_t)n >= sizeof path) return error_set(e, GABLE_BAD_INPUT, "the path of the report is too long");
    return file_write(path, content->data ? content->data : "", content->len, e);
}

static gable_status put_json(const struct writing *w, const char *folder, const char *id, json_t *json, gable_error *e)
{
    struct text t = {0};
    char *dumped = json ? json_dumps(json, JSON_INDENT(1)) : NULL;
    gable_status s = dumped ? GABLE_OK : error_set(e, GABLE_NO_MEMORY, "no memory to write %s.json", id);
    if (!s) {
        text_add(&t, dumped);
        text_add(&t, "\n");
        s = put(w, folder, id, ".json", &t, e);
    }
    text_release(&t);
    free(dumped);
    json_decref(json);
    return s;
}

/* One drawing in one scheme: SVG and PNG, and PDF in the light one. */
static gable_status put_scheme(const struct writing *w, const json_t *spec, const struct drawing *d, enum scheme scheme,
                               gable_error *e)
{
    const char *id = spec_text(spec, "id");
    const bool is_dark = scheme == SCHEME_DARK;
    struct text svg = {0}, png = {0}, pdf = {0};
    theme_color(&w->theme, scheme, d->svg, &svg);
    gable_status s = put(w, "figures", id, is_dark ? "-dark.svg" : ".svg", &svg, e);
    if (!s) s = raster_png(svg.data, d->width, d->height, PNG_DPI, &png, e);
    if (!s) s = put(w, "figures", id, is_dark ? "-dark.png" : ".png", &png, e);
    if (!s && !is_dark) s = raster_pdf(svg.data, d->width, d->height, spec_text(spec, "title"), &pdf, e);
    if (!s && !is_dark) s = put(w, "figures", id, ".pdf", &pdf, e);
    text_release(&svg);
    text_release(&png);
    text_release(&pdf);
    return s;
}

static gable_status put_figure(struct writing *w, const json_t *spec, struct drawing *d, gable_error *e)
{
    gable_status s = renderer_draw(w->renderer, &w->theme, spec, FIGURE_WIDTH, d, e);
    if (!s) s = put_scheme(w, spec, d, SCHEME_LIGHT, e);
    if (!s) s = put_scheme(w, spec, d, SCHEME_DARK, e);
    return s;
}

static gable_status put_table(const struct writing *w, const json_t *spec, gable_error *e)
{
    struct text csv = {0};
    if (!json_object_get(spec, "table")) return GABLE_OK;
    table_csv(spec, &csv);
    gable_status s = put(w, "tables", spec_text(spec, "id"), ".csv", &csv, e);
    if (!s) s = put_json(w, "tables", spec_text(spec, "id"), table_json(spec), e);
    text_release(&csv);
    return s;
}

static gable_status make_folders(const struct writing *w, gable_error *e)
{
    static const char *const folders[] = {"figures", "tables"};
    gable_status s = GABLE_OK;
    for (size_t i = 0; i < COUNT_OF(folders) && !s; i++) {
        char path[4096];
        int n = snprintf(path, sizeof path, "%s/%s", w->options->out, folders[i]);
        s = n < 0 || (size_t)n >= sizeof path ? error_set(e, GABLE_BAD_INPUT, "the path of the report is too long")
                                              : folder_make(path, e);
    }
    return s;
}

/* The specs of all figures and of the appendix' tables, the answer, and what draws them. */
static gable_status prepare(struct writing *w, const struct study *study, gable_error *e)
{
    json_t *figures = report_figures(study, e), *answer = report_answer(study);
    gable_status s = figures ? appendix_add(study, figures, e) : GABLE_FAILED;
    if (!s) s = specs_clean(figures, &w->specs, e);
    if (!s && !(w->answer = answer ? json_clean(answer) : NULL)) s = error_set(e, GABLE_NO_MEMORY, "no memory");
    if (!s && !(w->drawings = calloc(json_array_size(w->specs) + 1, sizeof *w->drawings)))
        s = error_set(e, GABLE_NO_MEMORY, "no memory for the figures");
    if (!s) s = theme_load(&w->theme, e);
    if (!s) s = renderer_new(&w->renderer, e);
    json_decref(figures);
    json_decref(answer);
    return s;
}

static gable_status put_all(struct writing *w, const struct study *study, gable_error *e)
{
    struct text page = {0};
    size_t i, n = json_array_size(w->specs);
    json_t *spec;
    gable_status s = GABLE_OK;
    json_array_foreach (w->specs, i, spec) {
        tell(w, spec_text(spec, "nav"), i);
        if (spec_is_drawn(spec)) s = put_figure(w, spec, &w->drawings[i], e);
        if (!s) s = put_table(w, spec, e);
        if (s) return s;
    }
    tell(w, "page", n);
    s = put_json(w, "", "study", study_json(study), e);
    if (!s) s = page_make(study, w->specs, w->answer, w->drawings, &w->theme, &page, e);
    if (!s) s = put(w, "", "index", ".html", &page, e); /* last: a page is there when all else is */
    text_release(&page);
    return s;
}

gable_status report_write(const struct study *s, const struct report_options *o, gable_error *e)
{
    struct writing w = {.options = o};
    gable_status status = make_folders(&w, e);
    if (!status) status = prepare(&w, s, e);
    if (!status) status = put_all(&w, s, e);
    for (size_t i = 0; w.drawings && i < json_array_size(w.specs); i++) drawing_release(&w.drawings[i]);
    free(w.drawings);
    json_decref(w.specs);
    json_decref(w.answer);
    theme_release(&w.theme);
    renderer_free(w.renderer);
    return status;
}
