/* What the figures about declared chips share. */
#ifndef REPORT_FIGURES_CHIPS_H
#define REPORT_FIGURES_CHIPS_H
#include "report/figures/parts.h"

/* The first of those input types (DTYPE_UNDEFINED ends) for which the chip states a rate. */
enum dtype chip_dtype(const struct chip *c, const enum dtype dtypes[3]);
/* The name as short as a label wants it: "Tesla V100 PCIe 16GB" -> "V100 PCIe 16GB", "M4 (GPU, 10 cores)" -> "M4". */
struct chip_name {
    char text[40];
};
struct chip_name chip_label(const struct chip *c);
const char *chip_kind_color(enum chip_kind k);
const char *chip_kind_label(enum chip_kind k); /* "GPUs" */
/* Peak and bandwidth at the widest floating-point type that the chip states: float32 else bfloat16 else float16. */
bool chip_float_roof(const struct chip *c, struct roof *out, enum dtype *d);
#endif
