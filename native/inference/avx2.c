/* AVX2. */
#include <immintrin.h>
#include <string.h>

#include "isa.h"

#define X86_ISA avx2
#define X86_NEEDS IQLUT_CPU_AVX2
#define X86_LANES 16
#define X86_PREPARE NULL

typedef __m256i vec;
typedef __m128i half;

IQLUT_INLINE vec v_zero(void) { return _mm256_setzero_si256(); }
IQLUT_INLINE vec v_set16(short x) { return _mm256_set1_epi16(x); }
IQLUT_INLINE vec v_set32(int x) { return _mm256_set1_epi32(x); }
IQLUT_INLINE vec v_load(const void *p) { return _mm256_load_si256(p); }
IQLUT_INLINE vec v_loadu(const void *p) { return _mm256_loadu_si256(p); }
IQLUT_INLINE void v_storeu(void *p, vec v) { _mm256_storeu_si256(p, v); }
IQLUT_INLINE vec v_load_bytes(const void *p) { return _mm256_cvtepu8_epi16(_mm_loadu_si128(p)); }
IQLUT_INLINE vec v_maddubs(vec a, vec b) { return _mm256_maddubs_epi16(a, b); }
IQLUT_INLINE vec v_madd(vec a, vec b) { return _mm256_madd_epi16(a, b); }
IQLUT_INLINE vec v_add(vec a, vec b) { return _mm256_add_epi16(a, b); }
IQLUT_INLINE vec v_and(vec a, vec b) { return _mm256_and_si256(a, b); }
IQLUT_INLINE vec v_and_not(vec a, vec b) { return _mm256_andnot_si256(a, b); }
IQLUT_INLINE vec v_add32(vec a, vec b) { return _mm256_add_epi32(a, b); }
IQLUT_INLINE vec v_shift32(vec a, vec bits) { return _mm256_srav_epi32(a, bits); }
IQLUT_INLINE vec v_unpack_low(vec a, vec b) { return _mm256_unpacklo_epi16(a, b); }
IQLUT_INLINE vec v_unpack_high(vec a, vec b) { return _mm256_unpackhi_epi16(a, b); }
IQLUT_INLINE vec v_pack32(vec a, vec b) { return _mm256_packs_epi32(a, b); }
IQLUT_INLINE vec v_pack_bytes(vec a, vec b) {
    return _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), 0xD8);
}

IQLUT_INLINE half half_zero(void) { return _mm_setzero_si128(); }
IQLUT_INLINE half half_load(const void *p) { return _mm_load_si128(p); }
IQLUT_INLINE void half_store(void *p, half v) { _mm_storeu_si128(p, v); }
IQLUT_INLINE half half_maddubs(half a, half b) { return _mm_maddubs_epi16(a, b); }
IQLUT_INLINE half half_add(half a, half b) { return _mm_add_epi16(a, b); }
IQLUT_INLINE half v_lower(vec v) { return _mm256_castsi256_si128(v); }
IQLUT_INLINE half v_upper(vec v) { return _mm256_extracti128_si256(v, 1); }
IQLUT_INLINE vec v_lower_to_upper(vec v) { return _mm256_permute2x128_si256(v, v, 0x08); }

/* `block` lanes, 8 or 16, of `vectors` from `lane` on. */
IQLUT_INLINE void v_store_block(int16_t *to, const vec *vectors, const int lane, const int block) {
    const vec v = vectors[lane / X86_LANES];
    if (block == 16) v_storeu(to, v);
    else half_store(to, lane % X86_LANES ? v_upper(v) : v_lower(v));
}

/* Where a row is and how to blend it is known two look-ups before they are needed: the processor's
 * queue of loads holds hardly more than the rows of one pixel, and rows that wait in it for their
 * address keep those behind them from starting. The signals of a pixel are read at once, before its
 * turn; after the last pixel of a row that reads as many bytes of what follows it, to no effect. */
#define AHEAD 2

typedef struct {
    uint32_t offset;
    vec weights;
} key;

typedef struct {
    const iqlut_key *key_of_signal;
    const uint8_t *rows, *signal;
    int stride;
    uint64_t now[2], next[2]; /* the signals of this pixel and of the next */
    key ahead[AHEAD];
} lookups;

typedef struct {
    const uint8_t *row;
    vec weights;
} lookup;

IQLUT_INLINE key load_key(const iqlut_key *key_of_signal, uint8_t signal) {
    const __m128i weights = _mm_loadu_si32(&key_of_signal[signal].weights);
    key k = {key_of_signal[signal].offset, _mm256_broadcastd_epi32(weights)};
    __asm__ volatile("" : "+r"(k.offset), "+v"(k.weights)); /* now, not where it is used */
    return k;
}

IQLUT_INLINE int read_at_once(const int steps) { return steps == 4 || steps == 8 || steps == 16; }

/* Signal `s` of this pixel, or s - steps of the next. */
IQLUT_INLINE uint8_t signal_of(const lookups *found, const int s, const int steps) {
    const int after = s - steps;
    if (s < steps) return (uint8_t)(found->now[s / 8 % 2] >> s % 8 * 8);
    return (uint8_t)(found->next[after / 8 % 2] >> after % 8 * 8);
}

IQLUT_INLINE lookups lookups_begin(const iqlut_pass *pass, const int steps) {
    lookups found = {.key_of_signal = pass->layer->key_of_signal,
                     .rows = pass->rows,
                     .signal = pass->signal - pass->stride,
                     .stride = pass->stride};
    if (!read_at_once(steps)) return found;
    memcpy(found.next, pass->signal, (size_t)steps);
    for (int s = 0; s < AHEAD; s++)
        found.ahead[s] = load_key(found.key_of_signal, signal_of(&found, steps + s, steps));
    return found;
}

IQLUT_INLINE void lookups_of_pixel(lookups *found, const int steps) {
    found->signal += found->stride;
    if (!read_at_once(steps)) return;
    found->now[0] = found->next[0], found->now[1] = found->next[1];
    memcpy(found->next, found->signal + found->stride, (size_t)steps);
}

IQLUT_INLINE lookup look_up(lookups *found, const int s, const int steps, const int row_bytes) {
    key k;
    if (read_at_once(steps)) {
        k = found->ahead[s % AHEAD];
        found->ahead[s % AHEAD] =
            load_key(found->key_of_signal, signal_of(found, s + AHEAD, steps));
    } else {
        k = load_key(found->key_of_signal, found->signal[s]);
    }
    return (lookup){found->rows + k.offset + s * row_bytes, k.weights};
}

#include "x86_tmpl.c"
