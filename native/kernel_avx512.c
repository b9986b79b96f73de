/* The kernel for AVX-512 (F, BW, VL). */
#include <immintrin.h>
#include <stdint.h>

#define ISA avx512
#define LANES 32

typedef __m512i vec;
typedef __m256i half;

#define zero() _mm512_setzero_si512()
#define all32(x) _mm512_set1_epi32(x)
#define all16(x) _mm512_set1_epi16(x)
#define load(p) _mm512_load_si512(p)
#define loadu(p) _mm512_loadu_si512(p)
#define storeu(p, v) _mm512_storeu_si512(p, v)
#define load_bytes(p) _mm512_cvtepu8_epi16(_mm256_loadu_si256((const half *)(p)))
#define broadcast(p) _mm512_broadcastd_epi32(_mm_loadu_si32(p))
#define maddubs _mm512_maddubs_epi16
#define madd _mm512_madd_epi16
#define add16 _mm512_add_epi16
#define add32 _mm512_add_epi32
#define shift32 _mm512_srav_epi32
#define unpack_low _mm512_unpacklo_epi16
#define unpack_high _mm512_unpackhi_epi16
#define pack32 _mm512_packs_epi32
#define pack_bytes(a, b) \
    _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), _mm512_packus_epi16(a, b))

#define half_zero() _mm256_setzero_si256()
#define half_load(p) _mm256_load_si256((const half *)(p))
#define half_maddubs _mm256_maddubs_epi16
#define half_add16 _mm256_add_epi16
#define lower(v) _mm512_castsi512_si256(v)
#define upper(v) _mm512_extracti64x4_epi64(v, 1)
#define lower_to_upper(v) _mm512_maskz_shuffle_i64x2(0xF0, v, v, 0x44)
#define store_half(p, v) _mm256_storeu_si256((half *)(p), v)

/* `part` counts pieces of 8 or 16 lanes. */
#define store16(p, v, part) store_half(p, (part) ? upper(v) : lower(v))
static inline void store8(int16_t *to, vec v, int part) {
    __m128i piece = _mm512_castsi512_si128(v);
    if (part == 1) piece = _mm512_extracti32x4_epi32(v, 1);
    if (part == 2) piece = _mm512_extracti32x4_epi32(v, 2);
    if (part == 3) piece = _mm512_extracti32x4_epi32(v, 3);
    _mm_storeu_si128((__m128i *)to, piece);
}

#include "kernel_x86.h"
