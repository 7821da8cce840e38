/* oneDNN's engine and stream, which everything of this folder shares. */
#ifndef ENGINE_ONEDNN_ONEDNN_H
#define ENGINE_ONEDNN_ONEDNN_H
#include "base/error.h"

struct onednn;
gable_status onednn_new(struct onednn **out, gable_error *e);
void onednn_free(struct onednn *d); /* NULL is fine */
#endif
