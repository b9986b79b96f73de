/* AVX-512 with VNNI: the lookups of layers in which every output has a line of taps (isa.h).
 *
 * Of 16 outputs, one vector holds the taps before the centre, of the pixels to the left or above,
 * one those at the centre, and one those after it. A mask says which outputs have columns. */
#include "avx512vnni.h"

enum { VECTORS_MAX = IQLUT_CHANNELS_MAX / LANES };

/* The sums of 16 outputs at the taps of their line. */
typedef struct {
    vec before, centre, after;
} line_sums;

/* Sums of rows of taps that wait for the pixels to the right, of 16 outputs. */
typedef struct {
    vec one_column, two_columns;
} waiting_sums;

/* All blends of a pixel. */
IQLUT_INLINE void sum_pixel(const pixel_keys *keys, const int pairs, const int vectors,
                            line_sums *sums) {
    IQLUT_FOR_UNROLLED(int v = 0; v < vectors; v++) {
        const vec zero = _mm512_setzero_si512();
        sums[v] = (line_sums){zero, zero, zero};
    }
#define ADD_PAIRS(FOR)                                                                            \
    FOR(int pair = 0; pair < pairs; pair++) {                                                     \
        const uint8_t *at = row_of_pair(keys, pair) + (size_t)(pair * vectors) * 3 * IQLUT_LINE;  \
        const vec weights = weights_from(keys, pair);                                             \
        IQLUT_FOR_UNROLLED(int v = 0; v < vectors; v++, at += 3 * IQLUT_LINE) {                   \
            sums[v].before = _mm512_dpbusd_epi32(sums[v].before, weights, _mm512_load_si512(at)); \
            sums[v].centre =                                                                      \
                _mm512_dpbusd_epi32(sums[v].centre, weights, _mm512_load_si512(at + IQLUT_LINE)); \
            sums[v].after = _mm512_dpbusd_epi32(sums[v].after, weights,                           \
                                                _mm512_load_si512(at + 2 * IQLUT_LINE));          \
        }                                                                                         \
    }
    if (__builtin_constant_p(pairs)) {
        ADD_PAIRS(IQLUT_FOR_UNROLLED)
    } else {
        ADD_PAIRS(for)
    }
}

/* Adds the sums of a pixel to 16 outputs of the pixels around it. The tap after the centre
 * completes the sums of the pixel `at`, to the left; the pixel itself is the one after that. */
IQLUT_INLINE void add_lines(waiting_sums *waiting, const line_sums sums, const __mmask16 columns,
                            const iqlut_tap_rows *rows, const ptrdiff_t at, const int stride) {
    const __mmask16 in_rows = (__mmask16)~columns;
    int32_t *const above = (int32_t *)rows->to[0] + at + stride;
    int32_t *const below = (int32_t *)rows->to[2] + at + stride;
    _mm512_storeu_si512(above, _mm512_maskz_mov_epi32(columns, sums.before));
    const vec left = waiting->two_columns,
              left_and_after = _mm512_mask_add_epi32(left, in_rows, left, sums.after);
    const vec so_far = _mm512_loadu_si512((const int32_t *)rows->addend + at);
    _mm512_storeu_si512((int32_t *)rows->to[1] + at, _mm512_add_epi32(left_and_after, so_far));
    waiting->two_columns = _mm512_add_epi32(waiting->one_column, sums.centre);
    waiting->one_column = _mm512_maskz_mov_epi32(in_rows, sums.before);
    const vec under = _mm512_loadu_si512(below);
    _mm512_storeu_si512(below, _mm512_mask_add_epi32(under, columns, under, sums.after));
}

/* The pass and the rows are copied: the compiler would read them again after each store. */
IQLUT_INLINE void expand(const iqlut_pass pass, const iqlut_tap_rows rows, const int pairs,
                         const int vectors) {
    const int stride = pass.layer->lanes;
    const int fours = fours_of(pairs);
    waiting_sums waiting[VECTORS_MAX];
    memset(waiting, 0, sizeof waiting);
    line_sums sums[VECTORS_MAX];
    __mmask16 columns[VECTORS_MAX];
    IQLUT_FOR_UNROLLED(int v = 0; v < vectors; v++)
        columns[v] = _mm256_movepi16_mask(_mm256_load_si256(
            (const half *)&pass.layer->in_columns[pass.first_output + v * LANES]));
    pixel_keys next = keys_at(&pass, 0, fours);
    ptrdiff_t at = -PIXELS_BEFORE * (ptrdiff_t)stride;
    for (int x = 0; x < pass.count + PIXELS_BEFORE; x++, at += stride) {
        const pixel_keys now = next; /* read early, so that no row waits for its address */
        next = keys_at(&pass, x + 1, fours);
        sum_pixel(&now, pairs, vectors, sums);
        IQLUT_FOR_UNROLLED(int v = 0; v < vectors; v++)
            add_lines(&waiting[v], sums[v], columns[v], &rows, at + v * LANES, stride);
    }
}

/* 16 channels, whose loops unroll, and any number of pairs. */
static void expand_16(const iqlut_pass *pass, const iqlut_tap_rows *rows) {
    expand(*pass, *rows, 8, 1);
}

#define DEFINE_EXPAND_ANY(V)                                                         \
    static void expand_any_##V(const iqlut_pass *pass, const iqlut_tap_rows *rows) { \
        expand(*pass, *rows, pass->layer->channels_in / 2, V);                       \
    }
DEFINE_EXPAND_ANY(1)
DEFINE_EXPAND_ANY(2)
DEFINE_EXPAND_ANY(3)
DEFINE_EXPAND_ANY(4)

void iqlut_expand_lines(const iqlut_pass *pass, const iqlut_tap_rows *rows) {
    static void (*const any[])(const iqlut_pass *, const iqlut_tap_rows *) = {
        expand_any_1, expand_any_2, expand_any_3, expand_any_4};
    const int vectors = pass->layer->block / LANES;
    if (vectors == 1 && pass->layer->channels_in == 16) expand_16(pass, rows);
    else any[vectors - 1](pass, rows);
}
