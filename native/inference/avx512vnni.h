/* Small operations that avx512vnni.c and avx512vnni_compact.c share. */
#ifndef IQLUT_AVX512VNNI_H
#define IQLUT_AVX512VNNI_H

#include <immintrin.h>

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

#endif
