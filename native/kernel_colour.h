/* Colours in plain C, included by every instruction set so that each compiles it for its own vectors.
 * Names of colour.py stand beside what translates them. */
#ifndef IQLUT_KERNEL_COLOUR_H
#define IQLUT_KERNEL_COLOUR_H

#include <string.h>
#if defined __SSSE3__
#include <immintrin.h>
#elif defined __ARM_NEON
#include <arm_neon.h>
#endif

#include "kernel.h"

#define LUMA_BITS 16 /* colour._LUMA_BITS and the weights of BT.601 beside it */
#define LUMA_RED 19595
#define LUMA_GREEN 38470
#define LUMA_BLUE 7471
#define WEIGHT_BITS 10 /* cubic.WEIGHT_BITS */
#define CHROMA_BITS 5  /* cubic.FRACTION_BITS */

/* cubic.phases(scale, cubic.centred(scale)) */
static const int32_t phase_weights[5][4][5] = {
    [2] = {{-24, 232, 888, -72, 0}, {0, -72, 888, 232, -24}},
    [3] = {{-38, 341, 797, -76, 0}, {0, 0, 1024, 0, 0}, {0, -76, 797, 341, -38}},
    [4] = {{-45, 399, 745, -75, 0}, {-7, 93, 987, -49, 0}, {0, -49, 987, 93, -7}, {0, -75, 745, 399, -45}},
};

INLINE void split_pixels(const uint8_t *pixels, const int channels, int count, uint8_t *restrict luma,
                         int16_t *restrict red, int16_t *restrict blue) {
    for (int x = 0; x < count; x++) {
        const uint8_t *p = pixels + (ptrdiff_t)x * channels;
        const int32_t total = LUMA_RED * p[0] + LUMA_GREEN * p[1] + LUMA_BLUE * p[2];
        luma[x] = (uint8_t)((total + (1 << (LUMA_BITS - 1))) >> LUMA_BITS);
        red[x] = (int16_t)(p[0] - p[1]);
        blue[x] = (int16_t)(p[2] - p[1]);
    }
}

/* colour.split of `count` pixels of 3 or 4 channels. */
static void split(const uint8_t *pixels, int channels, int count, iqlut_colours to) {
    if (channels == 3) split_pixels(pixels, 3, count, to.luma, to.red, to.blue);
    else split_pixels(pixels, 4, count, to.luma, to.red, to.blue);
}

/* cubic.upscale_padded of one row of a difference, for one phase of rows: first down the columns, then along the row. */
INLINE void enlarge_row(const int scale, const int phase, const int16_t *const rows[5], int count,
                        int32_t *restrict tall, int16_t *restrict wide) {
    enum { SHIFT = 2 * WEIGHT_BITS - CHROMA_BITS };
    const int32_t *const down = phase_weights[scale][phase];
    const int16_t *const a = rows[0] - 2, *const b = rows[1] - 2, *const c = rows[2] - 2, *const d = rows[3] - 2,
                  *const e = rows[4] - 2;
    for (int x = 0; x < count + 4; x++)
        tall[x] = down[0] * a[x] + down[1] * b[x] + down[2] * c[x] + down[3] * d[x] + down[4] * e[x];
    for (int x = 0; x < count; x++)
        UNROLL for (int q = 0; q < scale; q++) {
            const int32_t *const along = phase_weights[scale][q];
            int32_t total = 1 << (SHIFT - 1);
            UNROLL for (int k = 0; k < 5; k++) total += along[k] * tall[x + k];
            wide[x * scale + q] = (int16_t)(total >> SHIFT); /* |value| <= 255 * 2**CHROMA_BITS * 1.6 */
        }
}

INLINE uint8_t to_byte(int32_t value) {
    const int32_t low = value < 0 ? 0 : value;
    return (uint8_t)(low > 255 ? 255 : low);
}

/* Three rows of bytes to one of triples. */
INLINE void interleave(const uint8_t *red, const uint8_t *green, const uint8_t *blue, int count, uint8_t *out) {
    int x = 0;
#if defined __SSSE3__
    static const int8_t order[3][3][16] = {
        {{0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1, 5},
         {-1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1, -1},
         {-1, -1, 0, -1, -1, 1, -1, -1, 2, -1, -1, 3, -1, -1, 4, -1}},
        {{-1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10, -1},
         {5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1, 10},
         {-1, 5, -1, -1, 6, -1, -1, 7, -1, -1, 8, -1, -1, 9, -1, -1}},
        {{-1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1, -1},
         {-1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15, -1},
         {10, -1, -1, 11, -1, -1, 12, -1, -1, 13, -1, -1, 14, -1, -1, 15}}};
    for (; x + 16 <= count; x += 16)
        UNROLL for (int part = 0; part < 3; part++) {
            const __m128i *const by = (const __m128i *)order[part];
            const __m128i r = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(red + x)), _mm_loadu_si128(by));
            const __m128i g = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(green + x)), _mm_loadu_si128(by + 1));
            const __m128i b = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(blue + x)), _mm_loadu_si128(by + 2));
            _mm_storeu_si128((__m128i *)(out + 3 * x + 16 * part), _mm_or_si128(_mm_or_si128(r, g), b));
        }
#elif defined __ARM_NEON
    for (; x + 16 <= count; x += 16)
        vst3q_u8(out + 3 * x, ((uint8x16x3_t){{vld1q_u8(red + x), vld1q_u8(green + x), vld1q_u8(blue + x)}}));
#endif
    for (; x < count; x++) out[3 * x] = red[x], out[3 * x + 1] = green[x], out[3 * x + 2] = blue[x];
}

/* colour._colours of one row. */
INLINE void join_row(const uint8_t *luma, const int16_t *red, const int16_t *blue, int count, uint8_t *restrict bytes,
                     uint8_t *out) {
    enum { SHIFT = LUMA_BITS + CHROMA_BITS, CHUNK = 256 };
    for (int start = 0; start < count; start += CHUNK) {
        const int part = count - start < CHUNK ? count - start : CHUNK;
        for (int x = 0; x < part; x++) { /* CHUNK of each colour */
            const int32_t r = red[start + x], b = blue[start + x];
            const int32_t half_down = (1 << (SHIFT - 1)) - 1;
            const int32_t green = luma[start + x] * (1 << SHIFT) - (LUMA_RED * r + LUMA_BLUE * b) + half_down;
            bytes[x] = to_byte((green + r * (1 << LUMA_BITS)) >> SHIFT);
            bytes[CHUNK + x] = to_byte(green >> SHIFT);
            bytes[2 * CHUNK + x] = to_byte((green + b * (1 << LUMA_BITS)) >> SHIFT);
        }
        interleave(bytes, bytes + CHUNK, bytes + 2 * CHUNK, part, out + 3 * start);
    }
}

INLINE void join_rows(const int scale, const iqlut_join *j) {
    uint8_t bytes[3 * 256];
    UNROLL for (int phase = 0; phase < scale; phase++) {
        enlarge_row(scale, phase, j->red, j->count, j->tall, j->wide_red);
        enlarge_row(scale, phase, j->blue, j->count, j->tall, j->wide_blue);
        join_row(j->luma + phase * j->luma_stride, j->wide_red, j->wide_blue, scale * j->count, bytes,
                 j->out + phase * j->out_stride);
    }
}

/* colour.join of one row of pixels, `scale` rows of the result. */
static void join(int scale, const iqlut_join *j) {
    if (scale == 4) join_rows(4, j);
    else if (scale == 3) join_rows(3, j);
    else join_rows(2, j);
}

#endif
