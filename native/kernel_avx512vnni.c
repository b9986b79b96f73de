/* The kernel for AVX-512 with VNNI and VBMI: layers with few levels look up two input channels at once.
 *
 * A row holds, for a code of an even channel and a code of the odd one after it, four bytes for each output: below and
 * above of the one, below and above of the other. One instruction multiplies them by the four blend weights and adds
 * the products to an int32: half the look-ups, no separate additions, and nothing that could overflow.
 * Other layers run as in kernel_avx512.c.
 */
#include <immintrin.h>
#include <string.h>

#include "kernel.h"

#define LANES 16

typedef __m512i vec;
typedef __m256i half;

#define zero() _mm512_setzero_si512()
#define load(p) _mm512_load_si512(p)
#define loadu(p) _mm512_loadu_si512(p)
#define add _mm512_add_epi32
#define half_zero() _mm256_setzero_si256()
#define half_add _mm256_add_epi32
#define lower(v) _mm512_castsi512_si256(v)
#define upper(v) _mm512_extracti64x4_epi64(v, 1)
#define lower_to_upper(v) _mm512_maskz_shuffle_i64x2(0xF0, v, v, 0x44)
#define store_half(p, v) _mm256_storeu_si256((half *)(p), v)

/* `part` counts pieces of 8 or 16 lanes. */
#define store8(p, v, part) store_half(p, (part) ? upper(v) : lower(v))
#define store16(p, v, part) _mm512_storeu_si512(p, v)

/* arithmetic.blend of two channels, added to `sum`. */
#define blend_add(sum, weights, row) _mm512_dpbusd_epi32(sum, weights, load(row))
#define half_blend_add(sum, weights, row) _mm256_dpbusd_epi32(sum, weights, _mm256_load_si256((const half *)(row)))

/* As in kernel_avx512.c the keys of a pixel are read at once: four offsets, the weights of four pairs. That is before
 * its turn, so that its rows need not wait; after the last pixel it reads what follows the keys, to no effect. */
#define partial int32_t
#define ENTRY_BYTES 4
#define STEPS(layer) ((layer)->channels_in / 2)
#define APART(layer) 0
#define SOURCE                                                                                       \
    const uint16_t *weight = pass->keys.weights - stride, *offset = pass->keys.offsets - stride / 2; \
    four_keys now = {0}, next = now;                                                                 \
    if (steps == 4) next = four_keys_at(pass->keys.weights, pass->keys.offsets)
#define PIXEL                               \
    weight += stride, offset += stride / 2; \
    if (steps == 4) now = next, next = four_keys_at(weight + stride, offset + stride / 2)
#define LOOKUP(s, row_bytes)                                                                 \
    const uint16_t units = steps == 4 ? (uint16_t)(now.offsets >> (s) % 4 * 16) : offset[s]; \
    const uint8_t *const row = rows + (size_t)units * ALIGNMENT + (s) * (row_bytes);         \
    const vec weights = spread(steps == 4 ? now.weights : weights_at(weight + (s) / 4 * 8), (s) % 4)

typedef struct {
    uint64_t offsets;
    __m128i weights;
} four_keys;

INLINE __m128i weights_at(const uint16_t *weight) { return _mm_loadu_si128((const __m128i *)weight); }

INLINE four_keys four_keys_at(const uint16_t *weight, const uint16_t *offset) {
    four_keys keys = {.weights = weights_at(weight)};
    memcpy(&keys.offsets, offset, 8);
    __asm__ volatile("" : "+r"(keys.offsets), "+v"(keys.weights)); /* now, not where they are used */
    return keys;
}

INLINE vec spread(__m128i eight, int which) {
    const vec all = _mm512_broadcast_i32x4(eight);
    switch (which) {
        case 0: return _mm512_shuffle_epi32(all, 0x00);
        case 1: return _mm512_shuffle_epi32(all, 0x55);
        case 2: return _mm512_shuffle_epi32(all, 0xAA);
        default: return _mm512_shuffle_epi32(all, 0xFF);
    }
}

#include "kernel_x86_expand.h"

/* The entries of a table of 256 for 64 indices. */
static inline vec look_up(const vec table[4], vec index) {
    const vec lower_half = _mm512_permutex2var_epi8(table[0], index, table[1]);
    const vec upper_half = _mm512_permutex2var_epi8(table[2], index, table[3]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), lower_half, upper_half);
}

static void prepare(const iqlut_packed *l, const uint8_t *signal, int count, iqlut_keys keys) {
    if (!l->paired) {
        iqlut_isa_avx512.prepare(l, signal, count, keys);
        return;
    }
    vec codes[4], fractions[4];
    int8_t order[64];
    for (int n = 0; n < 4; n++) codes[n] = load(l->curve[0] + 64 * n), fractions[n] = load(l->curve[1] + 64 * n);
    for (int n = 0; n < 64; n++) order[n] = (int8_t)(n / 2 + n % 2 * 64);
    const vec first = loadu(order), second = add(first, _mm512_set1_epi8(32));
    const vec joint = _mm512_set1_epi16((short)(l->codes | 1 << 8));
    const vec step = _mm512_set1_epi16((short)(STEPS(l) * l->row_bytes / ALIGNMENT));
    for (int n = 0; n < count; n += 64) {
        const vec s = loadu(signal + n), code = look_up(codes, s), above = look_up(fractions, s);
        const vec below = _mm512_sub_epi8(_mm512_set1_epi8(ONE), above);
        _mm512_storeu_si512(keys.weights + n, _mm512_permutex2var_epi8(below, first, above));
        _mm512_storeu_si512(keys.weights + n + 32, _mm512_permutex2var_epi8(below, second, above));
        _mm512_storeu_si512(keys.offsets + n / 2, _mm512_mullo_epi16(_mm512_maddubs_epi16(code, joint), step));
    }
}

static void expand(const iqlut_pass *pass, void *const *out) {
    if (pass->layer->paired) expand_any(pass, out);
    else iqlut_isa_avx512.expand(pass, out);
}

typedef struct {
    vec centre, factors, bias;
} constants;

/* arithmetic.requantise for the 16 lanes at `n`, to int32. */
INLINE vec requantise_vector(const constants *k, vec acc_shift, vec shift, const int32_t *const *rows,
                             const int row_count, vec skip, ptrdiff_t n) {
    vec acc = k->centre;
    UNROLL for (int r = 0; r < row_count; r++) acc = add(acc, loadu(rows[r] + n));
    acc = _mm512_srav_epi32(acc, acc_shift);
    /* (acc & 0xFFFF) | skip << 16 */
    const vec both = _mm512_ternarylogic_epi32(acc, _mm512_slli_epi32(skip, 16), _mm512_set1_epi32(0xFFFF), 0xEC);
    return _mm512_srav_epi32(_mm512_dpwssd_epi32(k->bias, both, k->factors), shift);
}

/* `sets` of constants: one, if they repeat from vector to vector. */
INLINE void requantise_rows(const iqlut_packed *l, const int32_t *const *rows, const int row_count, const uint8_t *skip,
                            const int16_t *base, uint8_t *out, int count, const int sets) {
    const vec transpose = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    const vec acc_shift = _mm512_set1_epi32(l->acc_shift), shift = _mm512_set1_epi32(l->shift);
    constants k[PERIOD / LANES];
    for (int part = 0; part < sets; part++)
        k[part] = (constants){load(l->centre + part * LANES), load(l->gain_skip + part * LANES),
                              load(l->bias + part * LANES)};
    for (ptrdiff_t n = 0; n < count; n += PERIOD) {
        vec next[PERIOD / LANES];
        UNROLL for (int part = 0; part < PERIOD / LANES; part++) {
            const ptrdiff_t m = n + part * LANES;
            const vec s = base ? _mm512_cvtepi16_epi32(_mm256_loadu_si256((const half *)(base + m)))
                               : _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(skip + m)));
            next[part] = requantise_vector(&k[part % sets], acc_shift, shift, rows, row_count, s, m);
        }
        const vec low = _mm512_packs_epi32(next[0], next[1]), high = _mm512_packs_epi32(next[2], next[3]);
        _mm512_storeu_si512(out + n, _mm512_permutexvar_epi32(transpose, _mm512_packus_epi16(low, high)));
    }
}

/* The numbers of rows of the published models are constants, as is where the skip comes from. */
#define ROWS(ROW_COUNT, SETS)                                                 \
    (base ? requantise_rows(l, rows, ROW_COUNT, NULL, base, out, count, SETS) \
          : requantise_rows(l, rows, ROW_COUNT, skip, NULL, out, count, SETS))

static void requantise(const iqlut_packed *l, const void *const *partials, int row_count, const uint8_t *skip,
                       const int16_t *base, uint8_t *out, int count) {
    if (!l->paired) {
        iqlut_isa_avx512.requantise(l, partials, row_count, skip, base, out, count);
        return;
    }
    const int32_t *rows[KERNEL_MAX];
    for (int r = 0; r < row_count; r++) rows[r] = partials[r];
    if (l->lanes > LANES) ROWS(row_count, PERIOD / LANES);
    else if (row_count == 2) ROWS(2, 1);
    else if (row_count == 3) ROWS(3, 1);
    else ROWS(row_count, 1);
}

static void bilinear(int scale, const uint8_t *const luma[3], int16_t *base, int lanes, int count) {
    iqlut_isa_avx512.bilinear(scale, luma, base, lanes, count);
}

static void shuffle(int scale, const uint8_t *phases, int lanes, int count, uint8_t *out, int64_t out_stride) {
    iqlut_isa_avx512.shuffle(scale, phases, lanes, count, out, out_stride);
}

static void split(const uint8_t *pixels, int channels, int count, iqlut_colours to) {
    iqlut_isa_avx512.split(pixels, channels, count, to);
}

static void join(int scale, const iqlut_join *j) { iqlut_isa_avx512.join(scale, j); }

const iqlut_isa iqlut_isa_avx512vnni = {.name = "avx512vnni",
                                        .vector_lanes = 32,
                                        .paired_lanes = LANES,
                                        .sets_apart = 1,
                                        .prepare = prepare,
                                        .expand = expand,
                                        .requantise = requantise,
                                        .bilinear = bilinear,
                                        .shuffle = shuffle,
                                        .split = split,
                                        .join = join};
