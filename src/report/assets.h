/* Files that the program carries with it (room.cmake); each is followed by a NUL that its length does not count. */
#ifndef REPORT_ASSETS_H
#define REPORT_ASSETS_H
#include <stddef.h>

#define REPORT_ASSETS(X) \
    X(echarts_js)        \
    X(echarts_notice)    \
    X(placer_js)         \
    X(figure_js)         \
    X(ssr_js)            \
    X(page_js)           \
    X(page_css)          \
    X(page_html)         \
    X(method_html)       \
    X(theme_json)
#define ASSET_DECLARE(name)           \
    extern const char asset_##name[]; \
    extern const size_t asset_##name##_len;
REPORT_ASSETS(ASSET_DECLARE)
#endif
