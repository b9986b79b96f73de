/* The kernel for AVX-512 (F, BW, VL). */
#include <immintrin.h>
#include <string.h>

#include "kernel.h"

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
#define maddubs _mm512_maddubs_epi16
#define madd _mm512_madd_epi16
#define add16 _mm512_add_epi16
#define add32 _mm512_add_epi32
#define shift32 _mm512_srav_epi32
#define unpack_low _mm512_unpacklo_epi16
#define unpack_high _mm512_unpackhi_epi16
#define pack32 _mm512_packs_epi32
#define pack_bytes(a, b) _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7), _mm512_packus_epi16(a, b))

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

/* A load of 64 bytes takes the place of more than one small load, so the keys of a pixel are read at once: four
 * offsets, eight weights, which a shuffle then spreads. */
#define PREPARE prepare
#define SOURCE                                                                                   \
    const uint16_t *weight = pass->keys.weights - stride, *offset = pass->keys.offsets - stride; \
    const int at_once = steps == 4 || steps == 8 || steps == 16
#define PIXEL                           \
    uint64_t four[4];                   \
    weight += stride, offset += stride; \
    if (at_once) memcpy(four, offset, 2 * steps)
#define LOOKUP(s, row_bytes)                                                                    \
    const uint16_t units = at_once ? (uint16_t)(four[(s) / 4 % 4] >> (s) % 4 * 16) : offset[s]; \
    const uint8_t *const row = rows + (size_t)units * ALIGNMENT + (s) * (row_bytes);            \
    const vec weights = steps % 8 ? _mm512_set1_epi16((short)weight[s]) : spread(weight + (s) / 8 * 8, (s) % 8)

INLINE vec spread(const uint16_t *eight, int which) {
    const vec all = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)eight));
    return _mm512_shuffle_epi8(all, _mm512_set1_epi16((short)((2 * which + 1) << 8 | 2 * which)));
}

/* The entries of a table of 256 for 32 indices. */
static inline vec look_up(const vec table[8], vec index) {
    const __mmask32 bit6 = _mm512_test_epi16_mask(index, all16(64)), bit7 = _mm512_test_epi16_mask(index, all16(128));
    vec quarter[4];
    for (int n = 0; n < 4; n++) quarter[n] = _mm512_permutex2var_epi16(table[2 * n], index, table[2 * n + 1]);
    return _mm512_mask_blend_epi16(bit7, _mm512_mask_blend_epi16(bit6, quarter[0], quarter[1]),
                                   _mm512_mask_blend_epi16(bit6, quarter[2], quarter[3]));
}

static void prepare(const iqlut_packed *l, const uint8_t *signal, int count, iqlut_keys keys) {
    const vec step = all16((short)((size_t)l->group_channels * l->row_bytes / ALIGNMENT));
    vec curve[8];
    for (int n = 0; n < 8; n++)
        curve[n] =
            _mm512_or_si512(load_bytes(l->curve[0] + 32 * n), _mm512_slli_epi16(load_bytes(l->curve[1] + 32 * n), 8));
    for (int n = 0; n < count; n += LANES) {
        const vec found = look_up(curve, load_bytes(signal + n)), fraction = _mm512_srli_epi16(found, 8);
        const vec code = _mm512_and_si512(found, all16(255)), above = _mm512_sub_epi16(found, code);
        storeu(keys.weights + n, add16(above, _mm512_sub_epi16(all16(ONE), fraction)));
        storeu(keys.offsets + n, _mm512_mullo_epi16(code, step));
    }
}

#include "kernel_x86.h"
