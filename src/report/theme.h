/* The report's colours (web/theme.json), light and dark. A figure is drawn once with one stand-in colour per name and
   coloured afterwards: light, dark, or by the page's CSS variables. */
#ifndef REPORT_THEME_H
#define REPORT_THEME_H
#include "base/text.h"

#include <jansson.h>

enum scheme { SCHEME_LIGHT, SCHEME_DARK, SCHEME_PAGE /* var(--name) */ };
struct theme {
    json_t *schemes;   /* {light: {name: "#rrggbb"}, dark: {...}}: same names in the same order */
    json_t *stand_ins; /* {name: "#f0e1NN"} */
};
gable_status theme_load(struct theme *out, gable_error *e);
void theme_release(struct theme *t);
/* Appends `svg` with every stand-in replaced. */
void theme_color(const struct theme *t, enum scheme scheme, const char *svg, struct text *out);
/* ":root{--ink:...}" for both schemes: the system's, or the one that data-theme names. Paper is always light. */
void theme_css(const struct theme *t, struct text *out);
#endif
