/* NEON with dot products: layers with few input channels look up two of them at once.
 *
 * The rows of such a paired layer are those of avx512vnni.c: four bytes for each output, below and
 * above of an even channel, below and above of the odd one after it. The instruction SDOT adds
 * their products with the four blend weights to an int32. Other layers run as in neon.c.
 */
#include <arm_neon.h>

#include "isa.h"

#define PAIRED_BYTES 65536 /* the L1 cache of most cores that have SDOT */

typedef int32x4_t vec;
typedef int32_t partial_sum;

#define EXPAND_LANES 4
#define EXPAND_ENTRY_BYTES 4
#define EXPAND_CHAINED 1
#define EXPAND_SHARED 0
#define EXPAND_APART 0
#define EXPAND_ADDS 1
#define EXPAND_LINES 0
#define EXPAND_STEPS(X) X(4) X(8)
#define EXPAND_FOR_STEPS IQLUT_FOR_UNROLLED

IQLUT_INLINE vec v_zero(void) { return vdupq_n_s32(0); }
IQLUT_INLINE vec v_add(vec a, vec b) { return vaddq_s32(a, b); }

/* `block` lanes of `vectors` from `lane` on. */
IQLUT_INLINE void v_store_block(int32_t *to, const vec *vectors, const int lane, const int block) {
    IQLUT_FOR_UNROLLED(int n = 0; n < block; n += EXPAND_LANES)
        vst1q_s32(to + n, vectors[(lane + n) / EXPAND_LANES]);
}

/* The same, added to what is at `addend`. */
IQLUT_INLINE void v_add_block(int32_t *to, const int32_t *addend, const vec *vectors,
                              const int lane, const int block) {
    IQLUT_FOR_UNROLLED(int n = 0; n < block; n += EXPAND_LANES)
        vst1q_s32(to + n, v_add(vectors[(lane + n) / EXPAND_LANES], vld1q_s32(addend + n)));
}

/* arithmetic.blend of two channels, added to `sum`. A weight is at most ONE, so it is no negative
 * int8. */
IQLUT_INLINE vec v_blend_add(vec sum, int8x16_t weights, const uint8_t *row) {
    return vdotq_s32(sum, weights, vld1q_s8((const int8_t *)row));
}

static inline int steps_of(const iqlut_packed *layer) { return layer->channels_in / 2; }

#include "signal_lookups_tmpl.c"

typedef struct {
    const uint8_t *row;
    int8x16_t weights;
} lookup;

/* The row of a pair of codes has the number codes * even + odd. */
IQLUT_INLINE lookup look_up(const lookups *found, const int s, const int steps,
                            const int row_bytes) {
    (void)steps;
    const iqlut_key even = found->key_of_signal[found->signal[2 * s]];
    const iqlut_key odd = found->key_of_signal[found->signal[2 * s + 1]];
    const uint8_t *row = found->rows + even.offset * found->codes + odd.offset;
    const uint32_t weights = (even.weights & 0xFFFF) | odd.weights << 16;
    return (lookup){row + (size_t)s * row_bytes, vreinterpretq_s8_u32(vdupq_n_u32(weights))};
}

#include "requantise_loops_tmpl.c"
#include "table_lookup_tmpl.c"

static void expand_any(const iqlut_pass *pass, const iqlut_tap_rows *rows) {
    if (pass->layer->paired) expand(pass, rows);
    else iqlut_isa_neon.expand(pass, rows);
}

static void requantise_any(const iqlut_requantise *row) {
    if (row->layer->paired) requantise(row);
    else iqlut_isa_neon.requantise(row);
}

const iqlut_isa iqlut_isa_neondot = {.name = "neondot",
                                     .needs = IQLUT_CPU_NEON | IQLUT_CPU_NEON_DOT,
                                     .vector_lanes = 8,
                                     .row_form = IQLUT_ROW_SPLIT,
                                     .paired_lanes = EXPAND_LANES,
                                     .paired_bytes = PAIRED_BYTES,
                                     .has_lines = 1,
                                     .otherwise = &iqlut_isa_neon,
                                     .expand = expand_any,
                                     .requantise = requantise_any};
