/* The kernel for AVX2. */
#include <immintrin.h>
#include <string.h>

#include "kernel.h"

#define ISA avx2
#define LANES 16

typedef __m256i vec;
typedef __m128i half;

#define zero() _mm256_setzero_si256()
#define all32(x) _mm256_set1_epi32(x)
#define all16(x) _mm256_set1_epi16(x)
#define load(p) _mm256_load_si256((const vec *)(p))
#define loadu(p) _mm256_loadu_si256((const vec *)(p))
#define storeu(p, v) _mm256_storeu_si256((vec *)(p), v)
#define load_bytes(p) _mm256_cvtepu8_epi16(_mm_loadu_si128((const half *)(p)))
#define maddubs _mm256_maddubs_epi16
#define madd _mm256_madd_epi16
#define add16 _mm256_add_epi16
#define add32 _mm256_add_epi32
#define shift32 _mm256_srav_epi32
#define unpack_low _mm256_unpacklo_epi16
#define unpack_high _mm256_unpackhi_epi16
#define pack32 _mm256_packs_epi32
#define pack_bytes(a, b) _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), 0xD8)

#define half_zero() _mm_setzero_si128()
#define half_load(p) _mm_load_si128((const half *)(p))
#define half_maddubs _mm_maddubs_epi16
#define half_add16 _mm_add_epi16
#define lower(v) _mm256_castsi256_si128(v)
#define upper(v) _mm256_extracti128_si256(v, 1)
#define lower_to_upper(v) _mm256_permute2x128_si256(v, v, 0x08)
#define store_half(p, v) _mm_storeu_si128((half *)(p), v)

/* `part` counts pieces of 8 or 16 lanes. */
#define store8(p, v, part) _mm_storeu_si128((half *)(p), (part) ? upper(v) : lower(v))
#define store16(p, v, part) storeu(p, v)

/* Where a row is and how to blend it is known two look-ups before they are needed: the processor's queue of loads holds
 * hardly more than the rows of one pixel, and rows that wait in it for their address keep those behind them from
 * starting. The signals of a pixel are read at once, before its turn; after the last pixel of a row that reads as many
 * bytes of what follows it, to no effect. */
#define AHEAD 2
#define PREPARE NULL

typedef struct {
    uint32_t offset;
    vec weights;
} key;

INLINE key key_of(const iqlut_entry *entries, uint8_t signal) {
    key k = {entries[signal].offset, _mm256_broadcastd_epi32(_mm_loadu_si32(&entries[signal].weights))};
    __asm__ volatile("" : "+r"(k.offset), "+v"(k.weights)); /* now, not where it is used */
    return k;
}

/* Signal `s` of this pixel, or s - steps of the next. */
#define SIGNAL(s) \
    ((uint8_t)((s) < steps ? eight[(s) / 8 % 2] >> (s) % 8 * 8 : next[((s) - steps) / 8 % 2] >> ((s) - steps) % 8 * 8))
#define SOURCE                                                                         \
    const iqlut_entry *const entries = pass->layer->entries;                           \
    const uint8_t *signal = pass->signal;                                              \
    const int at_once = steps == 4 || steps == 8 || steps == 16;                       \
    uint64_t eight[2] = {0}, next[2] = {0};                                            \
    key ahead[AHEAD];                                                                  \
    if (at_once) {                                                                     \
        memcpy(next, signal, (size_t)steps);                                           \
        for (int s = 0; s < AHEAD; s++) ahead[s] = key_of(entries, SIGNAL(steps + s)); \
    }                                                                                  \
    signal -= stride
#define PIXEL         \
    signal += stride; \
    if (at_once) eight[0] = next[0], eight[1] = next[1], memcpy(next, signal + stride, (size_t)steps)
#define LOOKUP(s, row_bytes)                                                 \
    const key k = at_once ? ahead[(s) % AHEAD] : key_of(entries, signal[s]); \
    if (at_once) ahead[(s) % AHEAD] = key_of(entries, SIGNAL((s) + AHEAD));  \
    const uint8_t *const row = rows + k.offset + (s) * (row_bytes);          \
    const vec weights = k.weights

#include "kernel_x86.h"
