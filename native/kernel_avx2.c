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

/* Loads are what limits the loops: the signals of a pixel are read at once. So are the halves of an entry in groups of
 * four look-ups, which gain 3 in 100; groups of eight lose 1 by it, as what takes the halves apart delays the rows. */
#define PREPARE NULL
#define SOURCE                                               \
    const iqlut_entry *const entries = pass->layer->entries; \
    const uint8_t *signal = pass->signal - stride;           \
    const int at_once = steps == 4 || steps == 8 || steps == 16
#define PIXEL          \
    uint64_t eight[2]; \
    signal += stride;  \
    if (at_once) memcpy(eight, signal, (size_t)steps)
#define LOOKUP(s, row_bytes)                                                                                   \
    const iqlut_entry *const e = &entries[at_once ? (uint8_t)(eight[(s) / 8 % 2] >> (s) % 8 * 8) : signal[s]]; \
    const uint64_t both = steps == 4 ? load_entry(e) : e->offset;                                              \
    const uint8_t *const row = rows + (uint32_t)both + (s) * (row_bytes);                                      \
    const __m128i weight = steps == 4 ? _mm_cvtsi32_si128((int)(both >> 32)) : _mm_loadu_si32(&e->weights);    \
    const vec weights = _mm256_broadcastd_epi32(weight)

static inline uint64_t load_entry(const iqlut_entry *entry) {
    uint64_t both;
    memcpy(&both, entry, 8);
    return both;
}

#include "kernel_x86.h"
