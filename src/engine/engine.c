#include "engine/engine.h"

#include <string.h>

static const struct engine *const engines[] = {&engine_cpu};

const struct engine *engine_at(int i) { return i >= 0 && i < (int)COUNT_OF(engines) ? engines[i] : NULL; }

const struct engine *engine_find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(engines); i++)
        if (strcmp(engines[i]->name, name) == 0) return engines[i];
    return NULL;
}
