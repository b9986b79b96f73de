/* What avx512vnni.c, avx512vnni_compact.c and avx512vnni_lines.c share. */
#ifndef IQLUT_AVX512VNNI_H
#define IQLUT_AVX512VNNI_H

#include <immintrin.h>
#include <string.h>

#include "isa.h"

typedef __m512i vec;
typedef __m256i half;

#define LANES 16 /* int32 of a vector */

IQLUT_INLINE half half_loadu(const void *p) { return _mm256_loadu_si256((const half *)p); }
IQLUT_INLINE void half_store(void *p, half v) { _mm256_storeu_si256(p, v); }
IQLUT_INLINE half half_add(half a, half b) { return _mm256_add_epi32(a, b); }
IQLUT_INLINE half v_lower(vec v) { return _mm512_castsi512_si256(v); }
IQLUT_INLINE half v_upper(vec v) { return _mm512_extracti64x4_epi64(v, 1); }

/* The half of a vector that begins with `lane`, which is counted over several vectors. */
IQLUT_INLINE half half_of(vec v, const int lane) { return lane % LANES ? v_upper(v) : v_lower(v); }

/* The blend weights of four pairs of channels. */
IQLUT_INLINE __m128i four_weights_at(const uint16_t *weights) {
    return _mm_loadu_si128((const __m128i *)weights);
}

/* Those of one of the four, in all lanes. */
IQLUT_INLINE vec weights_of_pair(__m128i four, const int which) {
    const vec all = _mm512_broadcast_i32x4(four);
    switch (which) {
        case 0: return _mm512_shuffle_epi32(all, 0x00);
        case 1: return _mm512_shuffle_epi32(all, 0x55);
        case 2: return _mm512_shuffle_epi32(all, 0xAA);
        default: return _mm512_shuffle_epi32(all, 0xFF);
    }
}

enum { FOURS_MAX = 6, PIXELS_BEFORE = 2 };

/* The keys of a pixel: where they are, and of few pairs the offsets, four in each number. */
typedef struct {
    const uint8_t *rows;
    const uint16_t *weights, *offsets;
    uint64_t fours[FOURS_MAX];
    int four_count; /* 0: the offsets are read one by one */
} pixel_keys;

/* The `fours` that are read of so many pairs of a pixel. */
IQLUT_INLINE int fours_of(const int pairs) {
    const int fours = (pairs + 3) / 4;
    return __builtin_constant_p(fours) && fours <= FOURS_MAX ? fours : 0;
}

IQLUT_INLINE pixel_keys keys_at(const iqlut_pass *pass, int x, const int fours) {
    const ptrdiff_t first = (ptrdiff_t)x * pass->stride;
    pixel_keys keys = {.rows = pass->rows,
                       .weights = pass->keys.weights + first,
                       .offsets = pass->keys.offsets + first / 2,
                       .four_count = fours};
    IQLUT_FOR_UNROLLED(int n = 0; n < fours; n++) {
        memcpy(&keys.fours[n], keys.offsets + 4 * n, 8);
        __asm__ volatile("" : "+r"(keys.fours[n])); /* now, not where it is used */
    }
    return keys;
}

/* The first row of the codes of a pair. */
IQLUT_INLINE const uint8_t *row_of_pair(const pixel_keys *keys, const int pair) {
    const uint16_t units =
        keys->four_count ? (uint16_t)(keys->fours[pair / 4] >> pair % 4 * 16) : keys->offsets[pair];
    return keys->rows + (size_t)units * IQLUT_LINE;
}

/* The weights of a pair. Those of four are one load, which the compiler shares between the pairs: a
 * shuffle costs less than a load of its own. */
IQLUT_INLINE vec weights_from(const pixel_keys *keys, const int pair) {
    return weights_of_pair(four_weights_at(keys->weights + pair / 4 * 8), pair % 4);
}

#endif
