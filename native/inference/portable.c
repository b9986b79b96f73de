/* Plain C with vectors of eight lanes, which compilers map to SSE2 or WebAssembly's simd128. There
 * is no multiply-add of bytes here, so a row holds int16: ONE * below and above - below. */
#include "isa.h"

#define EXPAND_ENTRY_BYTES 4

typedef int16_t vec __attribute__((vector_size(16), may_alias));
typedef vec blend_weights;

IQLUT_INLINE vec load_weights(const iqlut_key *key) { return (vec){0} + (int16_t)key->weights; }

/* arithmetic.blend: ONE * below + fraction * (above - below) */
IQLUT_INLINE vec v_blend_add(vec sum, vec fraction, const uint8_t *row) {
    const vec *const entries = (const vec *)row;
    return sum + (entries[0] + fraction * entries[1]);
}

#include "eight_lanes_tmpl.c"

const iqlut_isa iqlut_isa_portable = {.name = "portable",
                                      .vector_lanes = EXPAND_LANES,
                                      .row_form = IQLUT_ROW_WIDE,
                                      .has_lines = 1,
                                      .expand = expand,
                                      .requantise = requantise,
                                      .bilinear = bilinear,
                                      .shuffle = shuffle,
                                      .split = split,
                                      .join = join,
                                      .upscale_samples = upscale_samples};
