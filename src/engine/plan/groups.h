/* Fusion: which nodes run as one, decided from the graph alone (no weights, no timing), so that costs and times always
   meet on the same unit. The rules are those that engine/cpu runs:
   convolution or Gemm + BatchNormalization + activation + residual sum + activation; squeeze-excite's pool, two
   products and its gate multiplication; everything that only moves data (Concat, Split, shuffles, Flatten) is a view
   and is free where the engine's layout makes it so. */
#ifndef ENGINE_PLAN_GROUPS_H
#define ENGINE_PLAN_GROUPS_H
#include "ops/analysis.h"

/* Allocated in the graph's arena: lives as long as the graph. Groups are numbered by their first node; all that a group
   reads from others is made by groups with smaller numbers. -1: views, joins and cuts along the channels of images made
   and used inside the model, and channel shuffles, all of which move no data in the engine's layout. */
gable_status groups_find(const struct graph *g, struct grouping *out, gable_error *e);
/* Is the node a Transpose that takes the channels of an image from the last dimension to dimension 1? */
bool group_moves_channels_first(const struct node *n);
#endif
