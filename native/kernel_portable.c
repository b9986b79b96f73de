/* The kernel in plain C with eight-lane vectors, which compilers map to SSE2 or WebAssembly's simd128.
 * There is no multiply-add of bytes here, so a row holds int16: ONE * below and above - below. */
#include "kernel_colour.h"
#include "kernel_upsample.h"

#define LANES 8
#define ENTRY_BYTES 4

typedef int16_t vec __attribute__((vector_size(2 * LANES), may_alias));
typedef vec blend_weights;

INLINE vec load_weights(const iqlut_entry *entry) { return (vec){0} + (int16_t)entry->weights; }

/* arithmetic.blend: ONE * below + fraction * (above - below) */
INLINE vec blend_add(vec sum, vec fraction, const uint8_t *row) {
    const vec *const entries = (const vec *)row;
    return sum + (entries[0] + fraction * entries[1]);
}

#include "kernel_eight.h"

const iqlut_isa iqlut_isa_portable = {.name = "portable",
                                      .vector_lanes = LANES,
                                      .row_form = ROW_WIDE,
                                      .expand = expand,
                                      .requantise = requantise,
                                      .bilinear = bilinear,
                                      .shuffle = shuffle,
                                      .split = split,
                                      .join = join};
