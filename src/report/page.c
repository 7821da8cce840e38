#include "report/page.h"

#include "report/assets.h"
#include "report/spec.h"
#include "report/table.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The parts of the report: SPEC's sections as questions, in page order. */
static const struct part {
    const char *section, *id, *nav, *question;
} parts[] = {
    {"1.1", "chips", "Chips", "What can chips do?"},
    {"1.2", "models", "Models", "What do the models ask for?"},
    {"1.3", "speed", "Speed", "How fast are they here, and what predicts it?"},
    {"1.4", "utilisation", "Utilisation", "How close do they come to the roof, and what is lost?"},
    {"1.5", "training", "Training", "What does training cost beside inference?"},
    {"appendix", "appendix", "Appendix", "Appendix: can the numbers be trusted?"},
};

enum { STILL_ABOVE = 8 }; /* px over the plot for the name of its axis */

struct page {
    const struct study *study;
    const json_t *specs, *answer;
    const struct drawing *drawings;
    const struct theme *theme;
    int figures, tables; /* numbered so far */
};

static void add_tag(struct text *out, const char *open, const char *content, const char *close)
{
    text_add(out, open);
    text_add_html(out, content);
    text_add(out, close);
}

/* The file's SVG without its header and note, which are text here, in the page's own colours. */
static void add_still(const struct page *p, const struct drawing *d, struct text *out)
{
    const char *body = strstr(d->svg, "</desc>");
    text_addf(out, "<svg class=\"still\" viewBox=\"%d %g %g %g\" aria-hidden=\"true\">", -RENDER_MARGIN,
              d->header - STILL_ABOVE, d->width, d->footer - d->header + STILL_ABOVE);
    theme_color(p->theme, SCHEME_PAGE, body ? body + strlen("</desc>") : d->svg, out);
}

static void add_plot(struct page *p, const json_t *spec, const struct drawing *d, struct text *out)
{
    const char *id = spec_text(spec, "id");
    text_addf(out, "<div class=\"plot\" data-figure=\"%s\" role=\"img\" tabindex=\"0\" aria-label=\"", id);
    text_add_html(out, spec_text(spec, "title"));
    text_addf(out, ". The numbers stand in the table below.\" aria-describedby=\"%s-note\">", id);
    add_still(p, d, out);
    text_add(out, "</div>");
}

static void add_caption(struct page *p, const json_t *spec, bool is_drawn, struct text *out)
{
    if (is_drawn) text_addf(out, "<a class=\"number\" href=\"#%s\">Figure %d</a>", spec_text(spec, "id"), ++p->figures);
    add_tag(out, "<h3>", spec_text(spec, "title"), "</h3>");
    if (*spec_text(spec, "subtitle")) add_tag(out, "<p class=\"subtitle\">", spec_text(spec, "subtitle"), "</p>");
}

static void add_method(const json_t *spec, struct text *out)
{
    const char *command = spec_text(spec, "command");
    if (!*spec_text(spec, "method") && !*command) return;
    text_add(out, "<details class=\"method\"><summary>How this was obtained</summary>");
    add_tag(out, "<p>", spec_text(spec, "method"), "</p>");
    if (*command) add_tag(out, "<p>To reproduce: <code>", command, "</code></p>");
    text_add(out, "</details>");
}

static void add_answer(const struct page *p, struct text *out)
{
    size_t i;
    json_t *sentence;
    text_add(out, "<h2 class=\"short\">In short</h2><ul class=\"answer\">");
    json_array_foreach (json_object_get(p->answer, "sentences"), i, sentence)
        add_tag(out, "<li>", json_string_value(sentence) ? json_string_value(sentence) : "", "</li>");
    text_add(out, "</ul>");
}

/* One figure with what belongs to it. The first screen's stands beside the answer instead of its own finding. */
static void add_article(struct page *p, const json_t *spec, const struct drawing *d, bool is_summary, struct text *out)
{
    const char *id = spec_text(spec, "id");
    bool is_drawn = d->svg != NULL;
    text_addf(out, "<article id=\"%s\"%s>", id, is_drawn ? "" : " class=\"plain\"");
    text_add(out, is_drawn ? "<figure><figcaption>" : "<div class=\"caption\">");
    add_caption(p, spec, is_drawn, out);
    text_add(out, is_drawn ? "</figcaption>" : "</div>");
    if (is_drawn) {
        add_plot(p, spec, d, out);
        text_addf(out, "<p class=\"note\" id=\"%s-note\">", id);
        text_add_html(out, spec_text(spec, "note"));
        text_add(out, "</p></figure>");
    }
    text_add(out, "<div class=\"beside\">");
    if (is_summary)
        add_answer(p, out);
    else if (*spec_text(spec, "finding"))
        add_tag(out, "<p class=\"finding\">", spec_text(spec, "finding"), "</p>");
    text_add(out, "</div><div class=\"below\">");
    if (json_object_get(spec, "table")) table_html(spec, ++p->tables, out);
    add_method(spec, out);
    text_add(out, "</div></article>\n");
}

/* Returns how many there are. */
static int add_articles(struct page *p, const char *section, struct text *out)
{
    size_t i;
    json_t *spec;
    int n = 0;
    json_array_foreach (p->specs, i, spec) {
        if (strcmp(spec_text(spec, "section"), section)) continue;
        add_article(p, spec, &p->drawings[i], !strcmp(section, "summary"), out);
        n++;
    }
    return n;
}

/* Without a single sound run there is no roofline to stand beside the answer. */
static void slot_summary(struct page *p, struct text *out)
{
    if (add_articles(p, "summary", out)) return;
    text_add(out, "<article class=\"plain\">");
    add_answer(p, out);
    text_add(out, "</article>");
}

static void slot_parts(struct page *p, struct text *out)
{
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        text_addf(out, "<section class=\"part\" id=\"%s\" aria-labelledby=\"%s-question\"><h2 id=\"%s-question\">",
                  parts[i].id, parts[i].id, parts[i].id);
        if (i + 1 < COUNT_OF(parts)) text_addf(out, "<span>%zu</span> ", i + 1);
        text_addf(out, "%s</h2>", parts[i].question);
        if (!add_articles(p, parts[i].section, out))
            text_add(out,
                     "<p class=\"finding\">There is nothing to show: the study holds no run that can be trusted.</p>");
        if (i + 1 == COUNT_OF(parts)) text_add_n(out, asset_method_html, asset_method_html_len);
        text_add(out, "</section>\n");
    }
}

static void nav_line(const char *id, const char *name, const char *class, struct text *out)
{
    text_addf(out, "<li%s><a href=\"#%s\">", class, id);
    text_add_html(out, name);
    text_add(out, "</a></li>");
}

static void slot_nav(struct page *p, struct text *out)
{
    size_t i;
    json_t *spec;
    nav_line("top", "In short", " class=\"part\"", out);
    for (size_t k = 0; k < COUNT_OF(parts); k++) {
        nav_line(parts[k].id, parts[k].nav, " class=\"part\"", out);
        json_array_foreach (p->specs, i, spec)
            if (!strcmp(spec_text(spec, "section"), parts[k].section))
                nav_line(spec_text(spec, "id"), spec_text(spec, "nav"), "", out);
    }
    nav_line("method", "Method", "", out);
}

static void slot_follow(struct page *p, struct text *out)
{
    for (int i = 0; i < p->study->n_models; i++) {
        text_add(out, "<button type=\"button\" aria-pressed=\"false\" data-follow=\"");
        text_add_html(out, p->study->models[i].id);
        add_tag(out, "\">", p->study->models[i].label, "</button>");
    }
}

static void slot_headline(struct page *p, struct text *out) { text_add_html(out, spec_text(p->answer, "headline")); }

/* "Intel Xeon, 2 cores · 10 models at 3x224x224, float32 · batches 1, 64 and 256 · 24 November 2026 · Gable 0.1.0" */
static void slot_study(struct page *p, struct text *out)
{
    const struct study *s = p->study;
    const struct topology *t = &s->machine.topology;
    char date[64] = "";
    time_t when = (time_t)s->finished_utc;
    struct tm tm;
    if (when > 0 && gmtime_r(&when, &tm)) strftime(date, sizeof date, " · %-d %B %Y", &tm);
    text_add_html(out, *t->cpu ? t->cpu : "unknown CPU");
    if (t->cores > 0) text_addf(out, ", %d core%s", t->cores, t->cores == 1 ? "" : "s");
    text_addf(out, " · %d model%s, float32 · batch%s ", s->n_models, s->n_models == 1 ? "" : "s",
              s->n_batches == 1 ? "" : "es");
    for (int b = 0; b < s->n_batches; b++)
        text_addf(out, "%s%d", b == 0 ? "" : b + 1 == s->n_batches ? " and " : ", ", s->batches[b]);
    text_add(out, date);
    add_tag(out, " · Gable ", s->version, "");
    if (s->is_quick) text_add(out, " · <strong>quick runs: wide intervals</strong>");
    if (s->is_roof_doubtful) text_add(out, " · <strong>the machine was too busy to measure its roof soundly</strong>");
}

static void slot_command(struct page *p, struct text *out) { text_add_html(out, p->study->command); }

static void slot_css(struct page *p, struct text *out)
{
    theme_css(p->theme, out);
    text_add_n(out, asset_page_css, asset_page_css_len);
}

static void slot_notice(struct page *p, struct text *out)
{
    (void)p;
    text_add_html(out, asset_echarts_notice);
}

/* What the scripts read: specs of what is drawn, and the colours. Tables and prose stand in the page already. */
static void slot_data(struct page *p, struct text *out)
{
    static const char *const left_out[] = {"table", "finding", "method", "command", "section", "nav"};
    json_t *figures = json_object(), *data = json_object(), *spec;
    size_t i;
    json_array_foreach (p->specs, i, spec) {
        json_t *copy = p->drawings[i].svg ? json_copy(spec) : NULL;
        for (size_t k = 0; copy && k < COUNT_OF(left_out); k++) json_object_del(copy, left_out[k]);
        if (copy && json_object_set_new(figures, spec_text(spec, "id"), copy)) out->failed = true;
    }
    if (json_object_set_new(data, "figures", figures) || json_object_set(data, "themes", p->theme->schemes))
        out->failed = true;
    char *dumped = json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(7));
    for (const char *at = dumped, *hit; at; at = hit ? hit + 1 : NULL) { /* U+2028 and 2029 are cleaned away */
        hit = strpbrk(at, "<>&");
        text_add_n(out, at, hit ? (size_t)(hit - at) : strlen(at));
        if (hit) text_addf(out, "\\u%04x", (unsigned)*hit);
    }
    if (!dumped) out->failed = true;
    free(dumped);
    json_decref(data);
}

static const struct script {
    const char *source;
    const size_t *len;
} scripts[] = {{asset_echarts_js, &asset_echarts_js_len},
               {asset_placer_js, &asset_placer_js_len},
               {asset_figure_js, &asset_figure_js_len},
               {asset_page_js, &asset_page_js_len}};

static void slot_scripts(struct page *p, struct text *out)
{
    (void)p;
    for (size_t i = 0; i < COUNT_OF(scripts); i++) {
        text_add(out, "<script>");
        text_add_n(out, scripts[i].source, *scripts[i].len);
        text_add(out, "</script>\n");
    }
}

static void add_hash(const char *content, size_t len, struct text *out)
{
    guint8 digest[32];
    gsize n = sizeof digest;
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, (const guchar *)content, (gssize)len);
    g_checksum_get_digest(sum, digest, &n);
    gchar *base64 = g_base64_encode(digest, n);
    text_addf(out, " 'sha256-%s'", base64);
    g_free(base64);
    g_checksum_free(sum);
}

/* ECharts sets style attributes; style sheets and scripts are these and no others; nothing is loaded. */
static void slot_policy(struct page *p, struct text *out)
{
    struct text css = {0};
    text_add(out, "default-src 'none'; script-src");
    for (size_t i = 0; i < COUNT_OF(scripts); i++) add_hash(scripts[i].source, *scripts[i].len, out);
    text_add(out, "; style-src-attr 'unsafe-inline'; style-src-elem");
    slot_css(p, &css);
    if (css.failed)
        out->failed = true;
    else
        add_hash(css.data, css.len, out);
    text_add(out, "; img-src data:; base-uri 'none'; form-action 'none'");
    text_release(&css);
}

static const struct slot {
    const char *name;
    void (*fill)(struct page *p, struct text *out);
} slots[] = {
    {"policy", slot_policy}, {"css", slot_css},         {"headline", slot_headline}, {"study", slot_study},
    {"nav", slot_nav},       {"follow", slot_follow},   {"summary", slot_summary},   {"parts", slot_parts},
    {"data", slot_data},     {"scripts", slot_scripts}, {"notice", slot_notice},     {"command", slot_command},
};

/* The template is walked once, so that nothing filled in is taken for a slot. */
static gable_status fill(struct page *p, struct text *out, gable_error *e)
{
    const char *at = asset_page_html;
    for (const char *open; (open = strstr(at, "{{")) != NULL;) {
        const char *close = strstr(open, "}}");
        const struct slot *slot = NULL;
        for (size_t i = 0; close && i < COUNT_OF(slots) && !slot; i++)
            if (!strncmp(open + 2, slots[i].name, (size_t)(close - open - 2)) && !slots[i].name[close - open - 2])
                slot = &slots[i];
        if (!slot) return error_set(e, GABLE_FAILED, "the page's template has an unknown slot: %.20s", open);
        text_add_n(out, at, (size_t)(open - at));
        slot->fill(p, out);
        at = close + 2;
    }
    text_add(out, at);
    return out->failed ? error_set(e, GABLE_NO_MEMORY, "no memory for the page") : GABLE_OK;
}

gable_status page_make(const struct study *study, const json_t *specs, const json_t *answer,
                       const struct drawing *drawings, const struct theme *theme, struct text *out, gable_error *e)
{
    struct page p = {.study = study, .specs = specs, .answer = answer, .drawings = drawings, .theme = theme};
    return fill(&p, out, e);
}
