/* Tiles 0 to 3 accumulate, 4 and 5 hold a, 6 and 7 hold b: four independent products per iteration, 16 rows of 64
   bytes each. One takes 16 cycles and answers after 52: four in flight keep the unit busy [Intel 64 and IA-32
   Architectures Optimization Reference Manual, chapter 20]. */
#if defined __x86_64__
#include "machine/x86/kernels.h"

#include <immintrin.h>
#include <string.h>

struct tiles { /* the memory operand of LDTILECFG */
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
};

static void tiles_open(const void *a, const void *b)
{
    struct tiles shape = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        shape.row_bytes[i] = 64;
        shape.rows[i] = 16;
    }
    _tile_loadconfig(&shape);
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    _tile_loadd(4, a, 0); /* stride 0: every row is the same 64 bytes */
    _tile_loadd(5, a, 0);
    _tile_loadd(6, b, 0);
    _tile_loadd(7, b, 0);
}

static void tiles_close(uint32_t out[4][256])
{
    _tile_stored(0, out[0], 64);
    _tile_stored(1, out[1], 64);
    _tile_stored(2, out[2], 64);
    _tile_stored(3, out[3], 64);
    _tile_release();
}

double amx_bf16(int64_t n, const void *a, const void *b)
{
    uint32_t out[4][256];
    double sum = 0;
    tiles_open(a, b);
    for (int64_t r = 0; r < n; r++) {
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    tiles_close(out);
    for (int i = 0; i < 4 * 256; i++) {
        float lane;
        memcpy(&lane, &out[i / 256][i % 256], sizeof lane);
        sum += (double)lane;
    }
    return sum;
}

double amx_int8(int64_t n, const void *a, const void *b)
{
    uint32_t out[4][256];
    double sum = 0;
    tiles_open(a, b);
    for (int64_t r = 0; r < n; r++) {
        _tile_dpbssd(0, 4, 6);
        _tile_dpbssd(1, 4, 7);
        _tile_dpbssd(2, 5, 6);
        _tile_dpbssd(3, 5, 7);
    }
    tiles_close(out);
    for (int i = 0; i < 4 * 256; i++) sum += (double)(int32_t)out[i / 256][i % 256];
    return sum;
}
#endif
