/* What the instruction sets with vectors of eight int16 share: portable.c and neon.c, which define
 * before it `vec`, `blend_weights`, load_weights (of an iqlut_key), v_blend_add and
 * EXPAND_ENTRY_BYTES. */
#include <string.h>

#include "isa.h"

typedef int16_t partial_sum;

#define EXPAND_LANES 8
#define EXPAND_CHAINED 1
#define EXPAND_SHARED 0
#define EXPAND_APART 0
#define EXPAND_ADDS 0
#define EXPAND_LINES 1
#define EXPAND_STEPS(X)
#define EXPAND_FOR_STEPS(...) for (__VA_ARGS__)

static inline vec v_zero(void) { return (vec){0}; }
static inline vec v_add(vec a, vec b) { return a + b; }
static inline vec v_and(vec a, vec b) { return a & b; }
static inline vec v_and_not(vec a, vec b) { return ~a & b; }

/* `block` lanes of `vectors` from `lane` on. */
IQLUT_INLINE void v_store_block(int16_t *to, const vec *vectors, const int lane, const int block) {
    IQLUT_FOR_UNROLLED(int n = 0; n < block; n += EXPAND_LANES)
        memcpy(to + n, &vectors[(lane + n) / EXPAND_LANES], sizeof(vec));
}

static inline int steps_of(const iqlut_packed *layer) { return layer->group_channels; }

#include "signal_lookups_tmpl.c"

typedef struct {
    const uint8_t *row;
    blend_weights weights;
} lookup;

IQLUT_INLINE lookup look_up(const lookups *found, const int s, const int steps,
                            const int row_bytes) {
    (void)steps;
    const iqlut_key *key = &found->key_of_signal[found->signal[s]];
    return (lookup){found->rows + key->offset + (size_t)s * row_bytes, load_weights(key)};
}

#include "table_lookup_tmpl.c"

#include "../shared/bilinear_tmpl.c"
#include "colour_tmpl.c"
#include "cubic_tmpl.c"
#include "pixel_shuffle_tmpl.c"
#include "requantise_loops_tmpl.c"
