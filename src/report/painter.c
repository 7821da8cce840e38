#include "report/painter.h"

#include <dlfcn.h>
#include <string.h>

static const char library[] = "librsvg-2.so.2"; /* brings cairo along */

static gable_status find(void *handle, struct painter *p, gable_error *e)
{
    static const struct {
        const char *name;
        size_t at;
    } functions[] = {
#define PAINTER_ROW(function) {#function, offsetof(struct painter, function)},
        PAINTER_FUNCTIONS(PAINTER_ROW)};
    for (size_t i = 0; i < COUNT_OF(functions); i++) {
        void *symbol = dlsym(handle, functions[i].name);
        if (!symbol) return error_set(e, GABLE_FAILED, "%s has no %s: install librsvg2-2", library, functions[i].name);
        memcpy((char *)p + functions[i].at, &symbol, sizeof symbol);
    }
    return GABLE_OK;
}

gable_status painter_load(const struct painter **out, gable_error *e)
{
    static struct painter painter;
    static bool is_loaded;
    if (!is_loaded) {
        void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
        if (!handle) return error_set(e, GABLE_FAILED, "figures need %s: install librsvg2-2 (%s)", library, dlerror());
        gable_status s = find(handle, &painter, e);
        if (s) return s;
        is_loaded = true;
    }
    *out = &painter;
    return GABLE_OK;
}
