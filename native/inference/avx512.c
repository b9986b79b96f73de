/* AVX-512 (F, BW, VL). */
#include <immintrin.h>
#include <string.h>

#include "isa.h"

#define X86_ISA avx512
#define X86_NEEDS IQLUT_CPU_AVX512
#define X86_LANES 32
#define X86_PREPARE prepare

typedef __m512i vec;
typedef __m256i half;

IQLUT_INLINE vec v_zero(void) { return _mm512_setzero_si512(); }
IQLUT_INLINE vec v_set16(short x) { return _mm512_set1_epi16(x); }
IQLUT_INLINE vec v_set32(int x) { return _mm512_set1_epi32(x); }
IQLUT_INLINE vec v_load(const void *p) { return _mm512_load_si512(p); }
IQLUT_INLINE vec v_loadu(const void *p) { return _mm512_loadu_si512(p); }
IQLUT_INLINE void v_storeu(void *p, vec v) { _mm512_storeu_si512(p, v); }
IQLUT_INLINE vec v_load_bytes(const void *p) { return _mm512_cvtepu8_epi16(_mm256_loadu_si256(p)); }
IQLUT_INLINE vec v_maddubs(vec a, vec b) { return _mm512_maddubs_epi16(a, b); }
IQLUT_INLINE vec v_madd(vec a, vec b) { return _mm512_madd_epi16(a, b); }
IQLUT_INLINE vec v_add(vec a, vec b) { return _mm512_add_epi16(a, b); }
IQLUT_INLINE vec v_and(vec a, vec b) { return _mm512_and_si512(a, b); }
IQLUT_INLINE vec v_and_not(vec a, vec b) { return _mm512_andnot_si512(a, b); }
IQLUT_INLINE vec v_add32(vec a, vec b) { return _mm512_add_epi32(a, b); }
IQLUT_INLINE vec v_shift32(vec a, vec bits) { return _mm512_srav_epi32(a, bits); }
IQLUT_INLINE vec v_unpack_low(vec a, vec b) { return _mm512_unpacklo_epi16(a, b); }
IQLUT_INLINE vec v_unpack_high(vec a, vec b) { return _mm512_unpackhi_epi16(a, b); }
IQLUT_INLINE vec v_pack32(vec a, vec b) { return _mm512_packs_epi32(a, b); }
IQLUT_INLINE vec v_pack_bytes(vec a, vec b) {
    const vec order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    return _mm512_permutexvar_epi64(order, _mm512_packus_epi16(a, b));
}

IQLUT_INLINE half half_zero(void) { return _mm256_setzero_si256(); }
IQLUT_INLINE half half_load(const void *p) { return _mm256_load_si256(p); }
IQLUT_INLINE void half_store(void *p, half v) { _mm256_storeu_si256(p, v); }
IQLUT_INLINE half half_maddubs(half a, half b) { return _mm256_maddubs_epi16(a, b); }
IQLUT_INLINE half half_add(half a, half b) { return _mm256_add_epi16(a, b); }
IQLUT_INLINE half v_lower(vec v) { return _mm512_castsi512_si256(v); }
IQLUT_INLINE half v_upper(vec v) { return _mm512_extracti64x4_epi64(v, 1); }
IQLUT_INLINE vec v_lower_to_upper(vec v) { return _mm512_maskz_shuffle_i64x2(0xF0, v, v, 0x44); }

/* `block` lanes, 8 or 16, of `vectors` from `lane` on. */
IQLUT_INLINE void v_store_block(int16_t *to, const vec *vectors, const int lane, const int block) {
    const vec v = vectors[lane / X86_LANES];
    const int eighth = lane % X86_LANES / 8;
    __m128i piece = _mm512_castsi512_si128(v);
    if (block == 16) {
        half_store(to, eighth ? v_upper(v) : v_lower(v));
        return;
    }
    if (eighth == 1) piece = _mm512_extracti32x4_epi32(v, 1);
    if (eighth == 2) piece = _mm512_extracti32x4_epi32(v, 2);
    if (eighth == 3) piece = _mm512_extracti32x4_epi32(v, 3);
    _mm_storeu_si128((__m128i *)to, piece);
}

/* A load of 64 bytes takes the place of more than one small load, so the keys of a pixel are read
 * at once: four offsets, eight weights, which a shuffle then spreads. */
typedef struct {
    const uint8_t *rows;
    const uint16_t *weight, *offset;
    int stride;
    uint64_t four[4]; /* offsets */
} lookups;

typedef struct {
    const uint8_t *row;
    vec weights;
} lookup;

IQLUT_INLINE int read_at_once(const int steps) { return steps == 4 || steps == 8 || steps == 16; }

IQLUT_INLINE vec spread(const uint16_t *eight, int which) {
    const vec all = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)eight));
    return _mm512_shuffle_epi8(all, v_set16((short)((2 * which + 1) << 8 | 2 * which)));
}

IQLUT_INLINE lookups lookups_begin(const iqlut_pass *pass, const int steps) {
    (void)steps;
    const int stride = pass->stride;
    return (lookups){.rows = pass->rows,
                     .weight = pass->keys.weights - stride,
                     .offset = pass->keys.offsets - stride,
                     .stride = stride};
}

IQLUT_INLINE void lookups_of_pixel(lookups *found, const int steps) {
    found->weight += found->stride, found->offset += found->stride;
    if (read_at_once(steps)) memcpy(found->four, found->offset, 2 * (size_t)steps);
}

IQLUT_INLINE lookup look_up(const lookups *found, const int s, const int steps,
                            const int row_bytes) {
    const uint16_t *const weight = found->weight;
    const uint16_t units =
        read_at_once(steps) ? (uint16_t)(found->four[s / 4 % 4] >> s % 4 * 16) : found->offset[s];
    return (lookup){
        found->rows + (size_t)units * IQLUT_LINE + s * row_bytes,
        steps % 8 ? v_set16((short)weight[s]) : spread(weight + s / 8 * 8, s % 8),
    };
}

/* The entries of a table of 256 for 32 indices. */
IQLUT_INLINE vec look_up_curve(const vec table[8], vec index) {
    const __mmask32 bit6 = _mm512_test_epi16_mask(index, v_set16(64));
    const __mmask32 bit7 = _mm512_test_epi16_mask(index, v_set16(128));
    vec quarter[4];
    for (int n = 0; n < 4; n++)
        quarter[n] = _mm512_permutex2var_epi16(table[2 * n], index, table[2 * n + 1]);
    return _mm512_mask_blend_epi16(bit7, _mm512_mask_blend_epi16(bit6, quarter[0], quarter[1]),
                                   _mm512_mask_blend_epi16(bit6, quarter[2], quarter[3]));
}

/* The offsets of 32 codes, or of 16 pairs of codes. */
IQLUT_INLINE void store_offsets(const iqlut_packed *l, vec code, int n, uint16_t *offsets) {
    const int step = (int)(l->code_bytes / IQLUT_LINE);
    if (l->paired) {
        const vec joint = v_madd(code, v_set32(step << 16 | l->codes * step));
        half_store(offsets + n / 2, _mm512_cvtepi32_epi16(joint));
    } else {
        v_storeu(offsets + n, _mm512_mullo_epi16(code, v_set16((short)step)));
    }
}

static void prepare(const iqlut_packed *l, const uint8_t *signal, int count, iqlut_keys keys) {
    vec curve[8];
    for (int n = 0; n < 8; n++) {
        const vec above = _mm512_slli_epi16(v_load_bytes(l->curve[1] + 32 * n), 8);
        curve[n] = _mm512_or_si512(v_load_bytes(l->curve[0] + 32 * n), above);
    }
    for (int n = 0; n < count; n += X86_LANES) {
        const vec found = look_up_curve(curve, v_load_bytes(signal + n));
        const vec code = _mm512_and_si512(found, v_set16(255));
        const vec above = _mm512_sub_epi16(found, code), fraction = _mm512_srli_epi16(found, 8);
        v_storeu(keys.weights + n, v_add(above, _mm512_sub_epi16(v_set16(IQLUT_ONE), fraction)));
        store_offsets(l, code, n, keys.offsets);
    }
}

#include "x86_tmpl.c"
