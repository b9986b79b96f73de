/* AVX-512 with VNNI: layers with few levels look up two input channels at once.
 *
 * A row holds, for a code of an even channel and a code of the odd one after it, four bytes for
 * each output: below and above of the one, below and above of the other. One instruction multiplies
 * them by the four blend weights and adds the products to an int32: half the look-ups, no separate
 * additions, and nothing that could overflow. Other layers run as in avx512.c.
 */
#include <string.h>

#include "avx512vnni.h"

typedef int32_t partial_sum;

#define PAIRED_BYTES 196608 /* the most used of which stay in the L2 cache */

#define EXPAND_LANES LANES
#define EXPAND_ENTRY_BYTES 4
#define EXPAND_CHAINED 0
#define EXPAND_SHARED 1
#define EXPAND_APART 0
#define EXPAND_ADDS 1
#define EXPAND_LINES 0                        /* those of pairs are in avx512vnni_lines.c */
#define EXPAND_STEPS(X) X(4) X(8) X(12) X(16) /* paired layers have whole eights of channels */
#define EXPAND_FOR_STEPS IQLUT_FOR_UNROLLED

IQLUT_INLINE vec v_zero(void) { return _mm512_setzero_si512(); }
IQLUT_INLINE vec v_load(const void *p) { return _mm512_load_si512(p); }
IQLUT_INLINE vec v_loadu(const void *p) { return _mm512_loadu_si512(p); }
IQLUT_INLINE vec v_add(vec a, vec b) { return _mm512_add_epi32(a, b); }
IQLUT_INLINE half half_zero(void) { return _mm256_setzero_si256(); }
IQLUT_INLINE vec v_lower_to_upper(vec v) { return _mm512_maskz_shuffle_i64x2(0xF0, v, v, 0x44); }

/* `block` lanes, 8 or 16, of `vectors` from `lane` on. */
IQLUT_INLINE void v_store_block(int32_t *to, const vec *vectors, const int lane, const int block) {
    const vec v = vectors[lane / LANES];
    if (block == LANES) _mm512_storeu_si512(to, v);
    else half_store(to, half_of(v, lane));
}

/* The same, added to what is at `addend`. */
IQLUT_INLINE void v_add_block(int32_t *to, const int32_t *addend, const vec *vectors,
                              const int lane, const int block) {
    const vec v = vectors[lane / LANES];
    if (block == LANES) _mm512_storeu_si512(to, v_add(v, v_loadu(addend)));
    else half_store(to, half_add(half_of(v, lane), half_loadu(addend)));
}

/* arithmetic.blend of two channels, added to `sum`. */
IQLUT_INLINE vec v_blend_add(vec sum, vec weights, const uint8_t *row) {
    return _mm512_dpbusd_epi32(sum, weights, v_load(row));
}

IQLUT_INLINE half half_blend_add(half sum, half weights, const uint8_t *row) {
    return _mm256_dpbusd_epi32(sum, weights, _mm256_load_si256((const half *)row));
}

static inline int steps_of(const iqlut_packed *layer) { return layer->channels_in / 2; }

/* As in avx512.c the keys of a pixel are read at once: four offsets, the weights of four pairs.
 * That is before its turn, so that its rows need not wait; after the last pixel it reads what
 * follows the keys, to no effect. */
typedef struct {
    uint64_t offsets;
    __m128i weights;
} four_keys;

typedef struct {
    const uint8_t *rows;
    const uint16_t *weight, *offset;
    int stride;
    four_keys now, next;
} lookups;

typedef struct {
    const uint8_t *row;
    vec weights;
} lookup;

IQLUT_INLINE four_keys four_keys_at(const uint16_t *weight, const uint16_t *offset) {
    four_keys keys = {.weights = four_weights_at(weight)};
    memcpy(&keys.offsets, offset, 8);
    __asm__ volatile("" : "+r"(keys.offsets), "+v"(keys.weights)); /* now, not where used */
    return keys;
}

IQLUT_INLINE lookups lookups_begin(const iqlut_pass *pass, const int steps) {
    lookups found = {.rows = pass->rows,
                     .weight = pass->keys.weights - pass->stride,
                     .offset = pass->keys.offsets - pass->stride / 2,
                     .stride = pass->stride};
    if (steps == 4) found.next = four_keys_at(pass->keys.weights, pass->keys.offsets);
    return found;
}

IQLUT_INLINE void lookups_of_pixel(lookups *found, const int steps) {
    const int stride = found->stride;
    found->weight += stride, found->offset += stride / 2;
    if (steps != 4) return;
    found->now = found->next;
    found->next = four_keys_at(found->weight + stride, found->offset + stride / 2);
}

IQLUT_INLINE lookup look_up(const lookups *found, const int s, const int steps,
                            const int row_bytes) {
    const uint16_t units =
        steps == 4 ? (uint16_t)(found->now.offsets >> s % 4 * 16) : found->offset[s];
    const __m128i four =
        steps == 4 ? found->now.weights : four_weights_at(found->weight + s / 4 * 8);
    const uint8_t *row = found->rows + (size_t)units * IQLUT_LINE + s * row_bytes;
    return (lookup){row, weights_of_pair(four, s % 4)};
}

#include "table_lookup_tmpl.c"

static void expand_any(const iqlut_pass *pass, const iqlut_tap_rows *rows) {
    if (!pass->layer->paired) iqlut_isa_avx512.expand(pass, rows);
    else if (pass->layer->lines) iqlut_expand_lines(pass, rows);
    else if (pass->layer->compact.frames) iqlut_expand_compact(pass, rows);
    else expand(pass, rows);
}

#define RQ_LANES LANES
#define RQ_VECTORS 4
#define RQ_ROWS 1
#define RQ_ROW_COUNTS(X) X(1) X(2)

typedef struct {
    vec offset, factors, bias, acc_shift, shift;
} rq_constants;

typedef vec rq_sums, rq_skip, rq_signals;

IQLUT_INLINE void rq_load_constants(const iqlut_packed *l, int lane, rq_constants *k) {
    *k = (rq_constants){v_load(l->sum_offset + lane), v_load(l->gain_skip + lane),
                        v_load(l->bias + lane), _mm512_set1_epi32(l->acc_shift),
                        _mm512_set1_epi32(l->shift)};
}

IQLUT_INLINE void rq_begin(const rq_constants *k, rq_sums *sums) { *sums = k->offset; }

IQLUT_INLINE void rq_add_rows(rq_sums *sums, const int32_t *row, const int32_t *unused) {
    (void)unused;
    *sums = v_add(*sums, v_loadu(row));
}

IQLUT_INLINE void rq_load_skip(rq_skip *skips, const uint8_t *skip) {
    *skips = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)skip));
}

IQLUT_INLINE void rq_load_base(rq_skip *skips, const int16_t *base) {
    *skips = _mm512_cvtepi16_epi32(_mm256_loadu_si256((const half *)base));
}

IQLUT_INLINE void rq_finish(const rq_constants *k, const rq_sums *sums, const rq_skip *skips,
                            rq_signals *signals) {
    const vec acc = _mm512_srav_epi32(*sums, k->acc_shift), skip = _mm512_slli_epi32(*skips, 16);
    /* (acc & 0xFFFF) | skip << 16 */
    const vec both = _mm512_ternarylogic_epi32(acc, skip, _mm512_set1_epi32(0xFFFF), 0xEC);
    *signals = _mm512_srav_epi32(_mm512_dpwssd_epi32(k->bias, both, k->factors), k->shift);
}

IQLUT_INLINE void rq_store(uint8_t *out, const rq_signals *signals) {
    const vec order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const vec low = _mm512_packs_epi32(signals[0], signals[1]);
    const vec bytes = _mm512_packus_epi16(low, _mm512_packs_epi32(signals[2], signals[3]));
    _mm512_storeu_si512(out, _mm512_permutexvar_epi32(order, bytes));
}

#include "requantise_tmpl.c"

static void requantise_any(const iqlut_requantise *row) {
    if (row->layer->paired) requantise(row);
    else iqlut_isa_avx512.requantise(row);
}

const iqlut_isa iqlut_isa_avx512vnni = {.name = "avx512vnni",
                                        .needs = IQLUT_CPU_AVX512 | IQLUT_CPU_AVX512_VNNI,
                                        .vector_lanes = 32,
                                        .paired_lanes = EXPAND_LANES,
                                        .paired_bytes = PAIRED_BYTES,
                                        .compacts = 1,
                                        .has_lines = 1,
                                        .sets_apart = 1,
                                        .otherwise = &iqlut_isa_avx512,
                                        .expand = expand_any,
                                        .requantise = requantise_any};
