/* A row of samples upscaled by the cubic kernel, included once by each instruction set so that each
 * compiles it for its own vectors. It translates cubic.upscale. */
#include "cubic.h"
#include "isa.h"

#define CUBIC_INT32_SAMPLE_MAX 1310 /* cubic._INT32_SAMPLE_MAX */
#define CUBIC_CHUNK 256             /* samples of a row at a time */

/* Down the columns, from five rows of samples; and phases of a row in turn, as samples. */
#define DEFINE_FOR_SAMPLES(type)                                                                   \
    IQLUT_INLINE void down_from_##type(const iqlut_cubic_row *r, int32_t *restrict tall) {         \
        const type *const a = r->rows[0], *const b = r->rows[1], *const c = r->rows[2];            \
        const type *const d = r->rows[3], *const e = r->rows[4];                                   \
        const int32_t *const w = r->down;                                                          \
        for (int x = 0; x < r->count; x++)                                                         \
            tall[x] = w[0] * a[x] + w[1] * b[x] + w[2] * c[x] + w[3] * d[x] + w[4] * e[x];         \
    }                                                                                              \
    IQLUT_INLINE void interleave_##type(const uint16_t phases[][CUBIC_CHUNK], const int scale,     \
                                        int count, type *restrict out) {                           \
        for (int x = 0; x < count; x++)                                                            \
            IQLUT_FOR_UNROLLED(int q = 0; q < scale; q++) out[x * scale + q] = (type)phases[q][x]; \
    }
DEFINE_FOR_SAMPLES(uint8_t)
DEFINE_FOR_SAMPLES(uint16_t)

/* Along the row, for one phase of columns: `count` samples of that phase. */
#define DEFINE_SAMPLES_ALONG(name, type)                                                      \
    IQLUT_INLINE void name(const int32_t *from, const int32_t *w, int count, int most,        \
                           uint16_t *restrict out) {                                          \
        enum { SHIFT = 2 * IQLUT_CUBIC_BITS - IQLUT_CUBIC_FRACTION_BITS };                    \
        for (int x = 0; x < count; x++) {                                                     \
            const type total = (type)w[0] * from[x] + (type)w[1] * from[x + 1] +              \
                               (type)w[2] * from[x + 2] + (type)w[3] * from[x + 3] +          \
                               (type)w[4] * from[x + 4] + (1 << (SHIFT - 1));                 \
            const int32_t fine = (int32_t)(total >> SHIFT);                                   \
            const int32_t value =                                                             \
                (fine + (1 << (IQLUT_CUBIC_FRACTION_BITS - 1))) >> IQLUT_CUBIC_FRACTION_BITS; \
            const int32_t low = value < 0 ? 0 : value;                                        \
            out[x] = (uint16_t)(low > most ? most : low);                                     \
        }                                                                                     \
    }
DEFINE_SAMPLES_ALONG(samples_along, int32_t)
DEFINE_SAMPLES_ALONG(deep_samples_along, int64_t)

IQLUT_INLINE void upscale_row(const iqlut_cubic_row *r, const int bytes, const int scale) {
    uint16_t phases[IQLUT_SCALE_MAX][CUBIC_CHUNK];
    int32_t *const tall = r->tall + IQLUT_CUBIC_BEFORE;
    if (bytes == 1) down_from_uint8_t(r, tall);
    else down_from_uint16_t(r, tall);
    for (int x = 1; x <= IQLUT_CUBIC_BEFORE; x++) tall[-x] = tall[0];
    for (int x = 0; x < IQLUT_CUBIC_AFTER; x++) tall[r->count + x] = tall[r->count - 1];
    for (int start = 0; start < r->count; start += CUBIC_CHUNK) {
        const int count = r->count - start < CUBIC_CHUNK ? r->count - start : CUBIC_CHUNK;
        for (int q = 0; q < scale; q++) {
            const int32_t *const from = tall + start + r->along->first[q];
            const int32_t *const weights = r->along->weights[q];
            if (r->sample_max > CUBIC_INT32_SAMPLE_MAX)
                deep_samples_along(from, weights, count, r->sample_max, phases[q]);
            else samples_along(from, weights, count, r->sample_max, phases[q]);
        }
        const ptrdiff_t at = (ptrdiff_t)start * scale;
        if (bytes == 1) interleave_uint8_t(phases, scale, count, (uint8_t *)r->out + at);
        else interleave_uint16_t(phases, scale, count, (uint16_t *)r->out + at);
    }
}

#define DEFINE_UPSCALE_ROW(SCALE)                                                \
    static IQLUT_NOINLINE void upscale_row_##SCALE(const iqlut_cubic_row *row) { \
        if (row->bytes == 1) upscale_row(row, 1, SCALE);                         \
        else upscale_row(row, 2, SCALE);                                         \
    }
DEFINE_UPSCALE_ROW(2)
DEFINE_UPSCALE_ROW(3)
DEFINE_UPSCALE_ROW(4)

/* One row of the result. */
static void upscale_samples(const iqlut_cubic_row *row) {
    if (row->scale == 2) upscale_row_2(row);
    else if (row->scale == 3) upscale_row_3(row);
    else upscale_row_4(row);
}
