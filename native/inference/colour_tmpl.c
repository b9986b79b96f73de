/* Colours in plain C, included once by each instruction set so that each compiles it for its own
 * vectors. Names of colour.py stand beside what translates them. */
#include <string.h>

#if defined __SSSE3__
#include <immintrin.h>
#elif defined __ARM_NEON
#include <arm_neon.h>
#endif

#include "cubic.h"
#include "isa.h"

#define LUMA_BITS 16 /* colour._LUMA_BITS and the weights of BT.601 beside it */
#define LUMA_RED 19595
#define LUMA_GREEN 38470
#define LUMA_BLUE 7471

IQLUT_INLINE void split_pixels(const uint8_t *pixels, const int channels, int count,
                               uint8_t *restrict luma, int16_t *restrict red,
                               int16_t *restrict blue) {
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

/* cubic.upscale_padded of one row of a difference: first down the columns, for one phase of
 * rows, .. */
IQLUT_INLINE void upscale_down(const int16_t *const rows[IQLUT_CUBIC_TAPS], int count,
                               int32_t *restrict tall, const int scale, const int phase) {
    const int32_t *const down = iqlut_cubic[scale][phase];
    const int16_t *const a = rows[0] - 2, *const b = rows[1] - 2, *const c = rows[2] - 2;
    const int16_t *const d = rows[3] - 2, *const e = rows[4] - 2;
    for (int x = 0; x < count + IQLUT_CUBIC_TAPS - 1; x++)
        tall[x] =
            down[0] * a[x] + down[1] * b[x] + down[2] * c[x] + down[3] * d[x] + down[4] * e[x];
}

/* .. then along the row. */
IQLUT_INLINE void upscale_along(const int32_t *restrict tall, int count, int16_t *restrict wide,
                                const int scale) {
    enum { SHIFT = 2 * IQLUT_CUBIC_BITS - IQLUT_CUBIC_FRACTION_BITS };
    for (int x = 0; x < count; x++)
        IQLUT_FOR_UNROLLED(int q = 0; q < scale; q++) {
            const int32_t *const along = iqlut_cubic[scale][q];
            int32_t total = 1 << (SHIFT - 1);
            IQLUT_FOR_UNROLLED(int k = 0; k < IQLUT_CUBIC_TAPS; k++)
                total += along[k] * tall[x + k];
            wide[x * scale + q] =
                (int16_t)(total >> SHIFT); /* at most 255 * 1.6 << IQLUT_CUBIC_FRACTION_BITS */
        }
}

/* Functions with the weights as constants, each compiled once. */
#define DEFINE_DOWN(SCALE, PHASE)                                                         \
    static IQLUT_NOINLINE void upscale_down_##SCALE##_##PHASE(                            \
        const int16_t *const rows[IQLUT_CUBIC_TAPS], int count, int32_t *restrict tall) { \
        upscale_down(rows, count, tall, SCALE, PHASE);                                    \
    }
#define DEFINE_ALONG(SCALE)                                                                   \
    static IQLUT_NOINLINE void upscale_along_##SCALE(const int32_t *restrict tall, int count, \
                                                     int16_t *restrict wide) {                \
        upscale_along(tall, count, wide, SCALE);                                              \
    }
DEFINE_DOWN(2, 0)
DEFINE_DOWN(2, 1)
DEFINE_DOWN(3, 0)
DEFINE_DOWN(3, 1)
DEFINE_DOWN(3, 2)
DEFINE_DOWN(4, 0)
DEFINE_DOWN(4, 1)
DEFINE_DOWN(4, 2)
DEFINE_DOWN(4, 3)
DEFINE_ALONG(2)
DEFINE_ALONG(3)
DEFINE_ALONG(4)

IQLUT_INLINE uint8_t to_byte(int32_t value) {
    const int32_t low = value < 0 ? 0 : value;
    return (uint8_t)(low > 255 ? 255 : low);
}

#if defined __SSSE3__
IQLUT_INLINE __m128i shuffled(const uint8_t *bytes, const int8_t *order) {
    const __m128i by = _mm_loadu_si128((const __m128i *)order);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)bytes), by);
}
#endif

/* Three rows of bytes to one of triples. */
IQLUT_INLINE void interleave(const uint8_t *red, const uint8_t *green, const uint8_t *blue,
                             int count, uint8_t *out) {
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
        IQLUT_FOR_UNROLLED(int third = 0; third < 3; third++) {
            const __m128i r = shuffled(red + x, order[third][0]);
            const __m128i g = shuffled(green + x, order[third][1]);
            const __m128i b = shuffled(blue + x, order[third][2]);
            uint8_t *const to = out + 3 * x + 16 * third;
            _mm_storeu_si128((__m128i *)to, _mm_or_si128(_mm_or_si128(r, g), b));
        }
#elif defined __ARM_NEON
    for (; x + 16 <= count; x += 16) {
        const uint8x16x3_t triple = {{vld1q_u8(red + x), vld1q_u8(green + x), vld1q_u8(blue + x)}};
        vst3q_u8(out + 3 * x, triple);
    }
#endif
    for (; x < count; x++) out[3 * x] = red[x], out[3 * x + 1] = green[x], out[3 * x + 2] = blue[x];
}

typedef void upscale_down_function(const int16_t *const *, int, int32_t *restrict);
typedef void upscale_along_function(const int32_t *restrict, int, int16_t *restrict);

/* colour._colours of one row: `count` pixels of luma and of both differences to triples. */
static IQLUT_NOINLINE void join_row(const uint8_t *luma, const int16_t *red, const int16_t *blue,
                                    int count, uint8_t *out) {
    enum { SHIFT = LUMA_BITS + IQLUT_CUBIC_FRACTION_BITS, CHUNK = 256 };
    uint8_t bytes[3][CHUNK];
    for (int start = 0; start < count; start += CHUNK) {
        const int pixels = count - start < CHUNK ? count - start : CHUNK;
        for (int x = 0; x < pixels; x++) {
            const int32_t r = red[start + x], b = blue[start + x];
            const int32_t half_down = (1 << (SHIFT - 1)) - 1;
            const int32_t green =
                luma[start + x] * (1 << SHIFT) - (LUMA_RED * r + LUMA_BLUE * b) + half_down;
            bytes[0][x] = to_byte((green + r * (1 << LUMA_BITS)) >> SHIFT);
            bytes[1][x] = to_byte(green >> SHIFT);
            bytes[2][x] = to_byte((green + b * (1 << LUMA_BITS)) >> SHIFT);
        }
        interleave(bytes[0], bytes[1], bytes[2], pixels, out + 3 * start);
    }
}

/* colour.join of one row of pixels, `scale` rows of the result. */
static void join(int scale, const iqlut_join *j) {
    static upscale_down_function *const down[IQLUT_SCALE_MAX + 1][IQLUT_SCALE_MAX] = {
        [2] = {upscale_down_2_0, upscale_down_2_1},
        [3] = {upscale_down_3_0, upscale_down_3_1, upscale_down_3_2},
        [4] = {upscale_down_4_0, upscale_down_4_1, upscale_down_4_2, upscale_down_4_3}};
    static upscale_along_function *const along[IQLUT_SCALE_MAX + 1] = {
        [2] = upscale_along_2, [3] = upscale_along_3, [4] = upscale_along_4};
    for (int phase = 0; phase < scale; phase++) {
        down[scale][phase](j->red, j->count, j->tall);
        along[scale](j->tall, j->count, j->wide_red);
        down[scale][phase](j->blue, j->count, j->tall);
        along[scale](j->tall, j->count, j->wide_blue);
        join_row(j->luma + phase * j->luma_stride, j->wide_red, j->wide_blue, scale * j->count,
                 j->out + phase * j->out_stride);
    }
}
