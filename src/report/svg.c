#include "report/svg.h"

#include "report/spec.h"

#include <stdio.h>
#include <string.h>

struct swap {
    const char *from, *to;
    char until; /* what follows is dropped with it up to and with this character; NUL: nothing follows */
    size_t from_len;
};

static struct swap swap(const char *from, const char *to) { return (struct swap){from, to, '\0', strlen(from)}; }
static struct swap drop(const char *from, char until) { return (struct swap){from, "", until, strlen(from)}; }

static const struct swap *match(const char *in, const struct swap *swaps, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (swaps[i].from_len && *in == *swaps[i].from && !strncmp(in, swaps[i].from, swaps[i].from_len))
            return &swaps[i];
    return NULL;
}

/* Appends `in` up to `stop` with the first of `swaps` that matches replaced, everywhere. */
static void add_swapped(struct text *out, const char *in, const char *stop, const struct swap *swaps, size_t n)
{
    const char *start = in;
    while (in < stop) {
        const struct swap *hit = match(in, swaps, n);
        if (!hit) {
            in++;
            continue;
        }
        text_add_n(out, start, (size_t)(in - start));
        text_add(out, hit->to);
        in += hit->from_len;
        const char *end = hit->until ? strchr(in, hit->until) : NULL;
        in = start = end ? end + 1 : in;
    }
    text_add_n(out, start, (size_t)(in - start));
}

/* zrender numbers its charts: ids are zr3-c0, zr3-g1. Finds "zr3-"; empty where the figure has no ids. */
static void find_prefix(const char *svg, char *out, size_t room)
{
    const char *id = strstr(svg, "id=\"zr");
    size_t n = 0;
    out[0] = '\0';
    if (!id) return;
    id += strlen("id=\"");
    n = strcspn(id, "-\"") + 1;
    if (n < room && id[n - 1] == '-') {
        memcpy(out, id, n);
        out[n] = '\0';
    }
}

static void add_root(struct text *t, const struct drawing *d, const json_t *spec, const char *paper)
{
    text_addf(t,
              "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%g\" height=\"%g\" viewBox=\"%d %d %g %g\" "
              "font-family=\"Liberation Sans, Arial, Helvetica, sans-serif\" role=\"img\">\n<title>",
              d->width, d->height, -RENDER_MARGIN, -RENDER_MARGIN, d->width, d->height);
    text_add_html(t, spec_text(spec, "title"));
    text_add(t, "</title>\n<desc>");
    text_add_html(t, spec_text(spec, "finding"));
    text_addf(t, "</desc>\n<rect x=\"%d\" y=\"%d\" width=\"%g\" height=\"%g\" fill=\"%s\"/>", -RENDER_MARGIN,
              -RENDER_MARGIN, d->width, d->height, paper);
}

gable_status svg_finish(struct drawing *d, const char *svg, const json_t *spec, const char *paper, gable_error *e)
{
    char old[32], old_id[40] = "", old_link[40] = "", new_id[96], new_link[96];
    const char *body = strchr(svg, '>');
    if (!body) return error_set(e, GABLE_FAILED, "ECharts drew nothing");
    find_prefix(svg, old, sizeof old);
    if (*old) {
        snprintf(old_id, sizeof old_id, "\"%s", old);
        snprintf(old_link, sizeof old_link, "#%s", old);
    }
    snprintf(new_id, sizeof new_id, "\"%.80s-", spec_text(spec, "id"));
    snprintf(new_link, sizeof new_link, "#%.80s-", spec_text(spec, "id"));
    const struct swap swaps[] = {swap("dominant-baseline=\"central\"", "dy=\"0.35em\""),
                                 swap("font-family:Liberation Sans, Arial, Helvetica, sans-serif;", ""),
                                 swap(" fill=\"#000\"", ""), /* of clip paths, where it says nothing */
                                 swap(old_id, new_id),
                                 swap(old_link, new_link),
                                 drop(" ecmeta_series_index=\"", '"'),
                                 drop(" ecmeta_data_index=\"", '"'),
                                 drop(" ecmeta_ssr_type=\"", '"'),
                                 drop(" ecmeta_silent=\"", '"'),
                                 drop(" pointer-events=\"", '"'),
                                 drop(" class=\"", '"')};
    struct text t = {0};
    add_root(&t, d, spec, paper);
    const char *hover = strstr(body, "<style"), *rest = hover ? strstr(hover, "</style>") : NULL;
    if (rest) { /* zrender's hover rules: a policy forbids them, and paper has no mouse */
        add_swapped(&t, body + 1, hover, swaps, COUNT_OF(swaps));
        body = rest + strlen("</style>") - 1;
    }
    add_swapped(&t, body + 1, svg + strlen(svg), swaps, COUNT_OF(swaps));
    if (t.failed) {
        text_release(&t);
        return error_set(e, GABLE_NO_MEMORY, "no memory");
    }
    d->svg = t.data;
    return GABLE_OK;
}
