/* The bilinear base and the pixel shuffle in plain C, included by every instruction set so that each compiles it
 * for its own vectors. */
#ifndef IQLUT_KERNEL_UPSAMPLE_H
#define IQLUT_KERNEL_UPSAMPLE_H

#include <string.h>

#include "kernel.h"

#define STRING_(x) #x
#define STRING(x) STRING_(x)

/* arithmetic.bilinear_weights */
static void bilinear_weights(int scale, int phase, int16_t weights[3]) {
    const int offset = 2 * phase + 1 - scale;
    weights[0] = (int16_t)(offset < 0 ? -offset : 0);
    weights[1] = (int16_t)(2 * scale - (offset < 0 ? -offset : offset));
    weights[2] = (int16_t)(offset > 0 ? offset : 0);
}

typedef int16_t lanes8 __attribute__((vector_size(16), may_alias));
typedef int16_t lanes16 __attribute__((vector_size(32), may_alias));

/* arithmetic.bilinear in vectors of the phases of one pixel: first down the columns, then along the row. */
#define DEFINE_BILINEAR(lanes)                                                                        \
    static void bilinear_##lanes(int scale, const uint8_t *const luma[3], int16_t *base, int count) { \
        lanes rows[3] = {{0}}, columns[3] = {{0}}, left = {0}, middle = {0};                          \
        for (int phase = 0; phase < scale * scale; phase++) {                                         \
            int16_t row[3], column[3];                                                                \
            bilinear_weights(scale, phase / scale, row);                                              \
            bilinear_weights(scale, phase % scale, column);                                           \
            for (int t = 0; t < 3; t++) rows[t][phase] = row[t], columns[t][phase] = column[t];       \
        }                                                                                             \
        lanes *to = (lanes *)base - 1;                                                                \
        for (int x = -1; x <= count; x++) {                                                           \
            const int16_t a = luma[0][x], b = luma[1][x], c = luma[2][x];                             \
            const lanes right = rows[0] * a + rows[1] * b + rows[2] * c;                              \
            if (x > 0) to[x] = columns[0] * left + columns[1] * middle + columns[2] * right;          \
            left = middle;                                                                            \
            middle = right;                                                                           \
        }                                                                                             \
    }

DEFINE_BILINEAR(lanes8)
DEFINE_BILINEAR(lanes16)

static void bilinear(int scale, const uint8_t *const luma[3], int16_t *base, int lanes, int count) {
    if (lanes == 16) bilinear_lanes16(scale, luma, base, count);
    else bilinear_lanes8(scale, luma, base, count);
}

INLINE void shuffle_rows(const int scale, const uint8_t *phases, const int lanes, int count, uint8_t *out,
                         int64_t out_stride) {
    for (int p = 0; p < scale; p++)
        for (int x = 0; x < count; x++)
            memcpy(out + p * out_stride + (ptrdiff_t)x * scale, phases + (ptrdiff_t)x * lanes + p * scale,
                   (size_t)scale);
}

static void shuffle(int scale, const uint8_t *phases, int lanes, int count, uint8_t *out, int64_t out_stride) {
    if (scale == 4) shuffle_rows(4, phases, 16, count, out, out_stride);
    else if (scale == 3) shuffle_rows(3, phases, 16, count, out, out_stride);
    else shuffle_rows(2, phases, lanes, count, out, out_stride);
}

#endif
