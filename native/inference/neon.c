/* NEON on AArch64. A row holds, for every eight lanes, eight bytes below and eight above: one load
 * and two widening multiply-adds. */
#include <arm_neon.h>

#include "isa.h"

#define EXPAND_ENTRY_BYTES 2

typedef int16x8_t vec;
typedef struct {
    int8x16_t rest, fraction;
} blend_weights;

IQLUT_INLINE blend_weights load_weights(const iqlut_key *key) {
    const int8_t *const bytes = (const int8_t *)&key->weights;
    return (blend_weights){vld1q_dup_s8(bytes), vld1q_dup_s8(bytes + 1)};
}

/* arithmetic.blend: (ONE - fraction) * below + fraction * above */
IQLUT_INLINE vec v_blend_add(vec sum, blend_weights weights, const uint8_t *row) {
    const int8x16_t entries = vld1q_s8((const int8_t *)row);
    sum = vmlal_s8(sum, vget_low_s8(entries), vget_low_s8(weights.rest));
    return vmlal_high_s8(sum, entries, weights.fraction);
}

#include "eight_lanes_tmpl.c"

const iqlut_isa iqlut_isa_neon = {.name = "neon",
                                  .needs = IQLUT_CPU_NEON,
                                  .vector_lanes = EXPAND_LANES,
                                  .row_form = IQLUT_ROW_SPLIT,
                                  .has_lines = 1,
                                  .expand = expand,
                                  .requantise = requantise,
                                  .bilinear = bilinear,
                                  .shuffle = shuffle,
                                  .split = split,
                                  .join = join,
                                  .upscale_samples = upscale_samples};
