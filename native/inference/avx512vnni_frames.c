/* AVX-512 with VNNI: the lookups of a layer of a symmetric model.
 *
 * Only the rows of frame 0 are stored. For each frame of a pixel, the rows that the codes of its
 * pairs address are blended and summed over all orbits. Then the sums are put into the order of the
 * frame and added to those of the frames before. All this happens in registers.
 */
#include <immintrin.h>
#include <string.h>

#include "isa.h"

typedef __m512i vec;
typedef __m256i half;

enum { VECTORS_MAX = 14, PIXELS_BEFORE = 2 };

/* The tap of the stored rows that is `tap` in a frame, and the inverse; pack_symmetric.c computes
 * the same. */
IQLUT_INLINE int tap_in_frame(const int frame, const int tap) {
    const int row = tap / 3, column = tap % 3;
    switch (frame) {
        case 0: return tap;
        case 1: return column * 3 + 2 - row;
        case 2: return row * 3 + 2 - column;
        default: return column * 3 + row;
    }
}

IQLUT_INLINE int tap_out_of_frame(const int frame, const int tap) {
    const int row = tap / 3, column = tap % 3;
    return frame == 1 ? (2 - column) * 3 + row : tap_in_frame(frame, tap);
}

/* Vectors of a row: nine for 16 outputs, five for the last 8, of which the fifth is half empty. */
IQLUT_INLINE int vectors_of(const int block) { return block / 16 * 9 + block % 16 / 8 * 5; }

/* Adds the blends of a frame, of all orbits. */
IQLUT_INLINE void add_frame(const iqlut_pass *pass, ptrdiff_t at, const int block, const int orbits,
                            vec *sum) {
    const int vectors = vectors_of(block), row_bytes = vectors * IQLUT_LINE;
    IQLUT_FOR_UNROLLED(int o = 0; o < orbits; o++) {
        const ptrdiff_t pair = at + o * IQLUT_FRAMES;
        uint32_t four;
        memcpy(&four, pass->keys.weights + 2 * pair, 4);
        const uint8_t *row =
            pass->rows + (size_t)pass->keys.offsets[pair] * IQLUT_LINE + o * row_bytes;
        const vec weights = _mm512_set1_epi32((int)four);
        IQLUT_FOR_UNROLLED(int v = 0; v < vectors; v++)
            sum[v] = _mm512_dpbusd_epi32(sum[v], weights, _mm512_load_si512(row + v * IQLUT_LINE));
    }
}

/* The vector of `old`, in the order of a frame, with the lanes that `lane` and those after it have
 * in the frame before. */
IQLUT_INLINE vec reordered(const vec *old, const int lane, const vec lanes[2]) {
    return _mm512_permutexvar_epi32(lanes[lane % 16 == 8], old[lane / 16]);
}

/* Puts sums in the order of a frame into the order of the frame before. */
IQLUT_INLINE void to_frame_before(vec *sum, const int frame, const int block, const vec lanes[2]) {
    const int wide = block / 16 * 9;
    vec old[VECTORS_MAX];
    IQLUT_FOR_UNROLLED(int v = 0; v < vectors_of(block); v++) old[v] = sum[v];
    IQLUT_FOR_UNROLLED(int tap = 0; tap < 9; tap++) {
        const int from = tap_in_frame(frame, tap_out_of_frame(frame - 1, tap));
        if (wide) sum[tap] = reordered(old, iqlut_frame_lane(block, from, 0), lanes);
        if (block % 16 && tap < 5)
            sum[wide + tap] = reordered(old, iqlut_frame_lane(block, from, block - 8), lanes);
    }
}

/* All blends of a pixel. */
IQLUT_INLINE void sum_pixel(const iqlut_pass *pass, ptrdiff_t at, const int block, const int orbits,
                            const vec lanes[IQLUT_FRAMES][2], vec *sum) {
    IQLUT_FOR_UNROLLED(int v = 0; v < vectors_of(block); v++) sum[v] = _mm512_setzero_si512();
    IQLUT_FOR_UNROLLED(int frame = IQLUT_FRAMES - 1; frame > 0; frame--) {
        add_frame(pass, at + frame, block, orbits, sum);
        to_frame_before(sum, frame, block, lanes[frame]);
    }
    add_frame(pass, at, block, orbits, sum);
}

/* The last 8 outputs of a tap. */
IQLUT_INLINE half last_of(const vec *sum, const int block, const int tap) {
    const int lane = iqlut_frame_lane(block, tap, block - 8);
    const vec v = sum[lane / 16];
    return lane % 16 ? _mm512_extracti64x4_epi64(v, 1) : _mm512_castsi512_si256(v);
}

/* As expand_columns in table_lookup_tmpl.c: what columns 0 and 1 of the taps gave waits for the
 * pixels to the right. */
IQLUT_INLINE void expand_block(const iqlut_pass *pass, void *const *out, const int block,
                               const int orbits) {
    const int stride = pass->layer->lanes, wide = block / 16;
    vec lanes[IQLUT_FRAMES][2], sum[VECTORS_MAX], first[3], second[3];
    half first_half[3], second_half[3];
    for (int f = 1; f < IQLUT_FRAMES; f++)
        for (int n = 0; n < 2; n++) lanes[f][n] = _mm512_load_si512(pass->layer->frame_lanes[f][n]);
    for (int i = 0; i < 3; i++) {
        first[i] = second[i] = _mm512_setzero_si512();
        first_half[i] = second_half[i] = _mm256_setzero_si256();
    }
    for (int x = 0; x < pass->count + PIXELS_BEFORE; x++) {
        sum_pixel(pass, (ptrdiff_t)x * pass->stride / 2, block, orbits, lanes, sum);
        IQLUT_FOR_UNROLLED(int i = 0; i < 3; i++) {
            int32_t *const to = (int32_t *)out[i] + (ptrdiff_t)(x - PIXELS_BEFORE) * stride;
            if (wide) {
                _mm512_storeu_si512(to, _mm512_add_epi32(second[i], sum[3 * i + 2]));
                second[i] = _mm512_add_epi32(first[i], sum[3 * i + 1]);
                first[i] = sum[3 * i];
            }
            if (block % 16) {
                const half done = _mm256_add_epi32(second_half[i], last_of(sum, block, 3 * i + 2));
                _mm256_storeu_si256((half *)(to + block - 8), done);
                second_half[i] = _mm256_add_epi32(first_half[i], last_of(sum, block, 3 * i + 1));
                first_half[i] = last_of(sum, block, 3 * i);
            }
        }
    }
}

IQLUT_INLINE void expand_orbits(const iqlut_pass *pass, void *const *out, const int orbits) {
    if (pass->layer->block == 8) expand_block(pass, out, 8, orbits);
    else if (pass->layer->block == 16) expand_block(pass, out, 16, orbits);
    else expand_block(pass, out, 24, orbits);
}

/* The orbits of the published models are constants. */
void iqlut_expand_frames(const iqlut_pass *pass, void *const *out) {
    const int orbits = pass->layer->rows_per_code;
    if (orbits == 2) expand_orbits(pass, out, 2);
    else if (orbits == 3) expand_orbits(pass, out, 3);
    else if (orbits == 6) expand_orbits(pass, out, 6);
    else expand_orbits(pass, out, orbits);
}
