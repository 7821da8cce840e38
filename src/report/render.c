#include "report/render.h"

#include "report/assets.h"
#include "report/painter.h"
#include "report/spec.h"
#include "report/svg.h"

#include <duktape.h>
#include <stdlib.h>
#include <string.h>

static const char font_family[] = "Liberation Sans";

struct renderer {
    duk_context *js;
    const struct painter *paint;
    cairo_surface_t *surface;
    cairo_t *ruler;
};

static struct renderer *renderer_of(duk_context *js)
{
    duk_memory_functions functions;
    duk_get_memory_functions(js, &functions); /* udata is what duk_create_heap was given */
    return functions.udata;
}

/* measureWidth(text, size, bold): advance width in px. */
static duk_ret_t measure_width(duk_context *js)
{
    cairo_text_extents_t extents;
    const struct renderer *r = renderer_of(js);
    const char *string = duk_require_string(js, 0);
    double size = duk_require_number(js, 1);
    bool is_bold = duk_to_boolean(js, 2) != 0;
    r->paint->cairo_select_font_face(r->ruler, font_family, CAIRO_FONT_SLANT_NORMAL,
                                     is_bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    r->paint->cairo_set_font_size(r->ruler, size);
    r->paint->cairo_text_extents(r->ruler, string, &extents);
    duk_push_number(js, extents.x_advance);
    return 1;
}

/* Duktape's own text of what went wrong, as our error. Pops it. */
static gable_status script_error(duk_context *js, gable_error *e)
{
    error_set(e, GABLE_FAILED, "%.200s", duk_safe_to_string(js, -1));
    duk_pop(js);
    return GABLE_FAILED;
}

struct script {
    const char *name, *source;
    size_t len;
};

static duk_ret_t run_script(duk_context *js, void *data)
{
    const struct script *script = data;
    duk_push_string(js, script->name);
    duk_compile_lstring_filename(js, 0, script->source, script->len);
    duk_call(js, 0);
    return 1;
}

gable_status renderer_load(struct renderer *r, const char *name, const char *source, size_t len, gable_error *e)
{
    struct script script = {name, source, len};
    if (duk_safe_call(r->js, run_script, &script, 0, 1)) {
        script_error(r->js, e);
        return error_within(e, "%s", name);
    }
    duk_pop(r->js);
    return GABLE_OK;
}

static duk_ret_t push_host(duk_context *js, void *data)
{
    (void)data;
    duk_push_c_function(js, measure_width, 3);
    duk_put_global_string(js, "measureWidth");
    /* ECharts asks for timers while it loads; nothing may run later. */
    duk_eval_string(js, "var setTimeout = function () { return 0; }, clearTimeout = function () {};");
    return 1;
}

static gable_status load_all(struct renderer *r, gable_error *e)
{
    const struct script scripts[] = {{"echarts.js", asset_echarts_js, asset_echarts_js_len},
                                     {"placer.js", asset_placer_js, asset_placer_js_len},
                                     {"figure.js", asset_figure_js, asset_figure_js_len},
                                     {"ssr.js", asset_ssr_js, asset_ssr_js_len}};
    gable_status s = GABLE_OK;
    if (duk_safe_call(r->js, push_host, NULL, 0, 1)) return script_error(r->js, e);
    duk_pop(r->js);
    for (size_t i = 0; i < COUNT_OF(scripts) && !s; i++)
        s = renderer_load(r, scripts[i].name, scripts[i].source, scripts[i].len, e);
    return s;
}

/* Hinted advances are whole pixels: wrong at 200 dpi. */
static cairo_t *ruler_new(const struct painter *p, cairo_surface_t *surface)
{
    cairo_t *ruler = p->cairo_create(surface);
    cairo_font_options_t *unhinted = p->cairo_font_options_create();
    p->cairo_font_options_set_hint_metrics(unhinted, CAIRO_HINT_METRICS_OFF);
    p->cairo_font_options_set_hint_style(unhinted, CAIRO_HINT_STYLE_NONE);
    p->cairo_set_font_options(ruler, unhinted);
    p->cairo_font_options_destroy(unhinted);
    return ruler;
}

gable_status renderer_new(struct renderer **out, gable_error *e)
{
    const struct painter *paint = NULL;
    gable_status s = painter_load(&paint, e);
    struct renderer *r = s ? NULL : calloc(1, sizeof *r);
    if (!r) return s ? s : error_set(e, GABLE_NO_MEMORY, "no memory to draw figures");
    r->paint = paint;
    r->surface = r->paint->cairo_image_surface_create(CAIRO_FORMAT_A8, 1, 1);
    r->ruler = ruler_new(r->paint, r->surface);
    r->js = duk_create_heap(NULL, NULL, NULL, r, NULL);
    if (!r->js || r->paint->cairo_status(r->ruler)) s = error_set(e, GABLE_NO_MEMORY, "no memory to draw figures");
    if (!s) s = load_all(r, e);
    if (s) {
        renderer_free(r);
        return s;
    }
    *out = r;
    return GABLE_OK;
}

void renderer_free(struct renderer *r)
{
    if (!r) return;
    if (r->js) duk_destroy_heap(r->js);
    r->paint->cairo_destroy(r->ruler);
    r->paint->cairo_surface_destroy(r->surface);
    free(r);
}

struct call {
    const char *name, *spec, *theme; /* theme NULL: one argument, a text answer */
    double width;
    struct drawing *drawing;
    char *answer;
};

static double number_of(duk_context *js, const char *key)
{
    duk_get_prop_string(js, -1, key);
    double value = duk_require_number(js, -1);
    duk_pop(js);
    return value;
}

static duk_ret_t call_draw(duk_context *js, void *data)
{
    struct call *call = data;
    struct drawing *d = call->drawing;
    duk_get_global_string(js, call->name);
    duk_push_string(js, call->spec);
    duk_push_string(js, call->theme);
    duk_push_number(js, call->width - 2 * RENDER_MARGIN);
    duk_call(js, 3);
    d->header = number_of(js, "header");
    d->footer = number_of(js, "footer");
    d->height = number_of(js, "height") + 2 * RENDER_MARGIN;
    duk_get_prop_string(js, -1, "svg");
    call->answer = strdup(duk_require_string(js, -1));
    return 1;
}

static duk_ret_t call_text(duk_context *js, void *data)
{
    struct call *call = data;
    duk_get_global_string(js, call->name);
    duk_push_string(js, call->spec);
    duk_call(js, 1);
    call->answer = strdup(duk_require_string(js, -1));
    return 1;
}

static gable_status run_call(struct renderer *r, struct call *call, gable_error *e)
{
    if (duk_safe_call(r->js, call->theme ? call_draw : call_text, call, 0, 1)) {
        free(call->answer);
        return script_error(r->js, e);
    }
    duk_pop(r->js);
    duk_gc(r->js, 0);
    return call->answer ? GABLE_OK : error_set(e, GABLE_NO_MEMORY, "no memory");
}

gable_status renderer_call(struct renderer *r, const char *name, const char *json, char **out, gable_error *e)
{
    struct call call = {.name = name, .spec = json};
    gable_status s = run_call(r, &call, e);
    if (!s) *out = call.answer;
    return s;
}

gable_status renderer_draw(struct renderer *r, const struct theme *theme, const json_t *spec, double width,
                           struct drawing *out, gable_error *e)
{
    char *spec_json = json_dumps(spec, JSON_COMPACT), *theme_json = json_dumps(theme->stand_ins, JSON_COMPACT);
    struct drawing d = {.width = width};
    struct call call = {.name = "gableRender", .spec = spec_json, .theme = theme_json, .width = width, .drawing = &d};
    gable_status s =
        spec_json && theme_json ? run_call(r, &call, e) : error_set(e, GABLE_NO_MEMORY, "no memory or no valid UTF-8");
    if (!s) {
        s = svg_finish(&d, call.answer, spec, spec_text(theme->stand_ins, "paper"), e);
        free(call.answer);
    }
    free(spec_json);
    free(theme_json);
    if (s) return error_within(e, "figure %s", spec_text(spec, "id"));
    *out = d;
    return GABLE_OK;
}

void drawing_release(struct drawing *d)
{
    free(d->svg);
    *d = (struct drawing){0};
}
