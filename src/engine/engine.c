#include "engine/engine.h"

static const struct engine *const engines[] = {&engine_cpu, &engine_general};

const struct engine *engine_at(int i) { return i >= 0 && i < (int)COUNT_OF(engines) ? engines[i] : NULL; }
