/* The look-ups of an instruction set without `prepare`, for table_lookup_tmpl.c: each reads its
 * signals when its turn comes, and the curve at them. Who includes it defines `lookup` and
 * look_up. */
#include "isa.h"

typedef struct {
    const iqlut_key *key_of_signal;
    const uint8_t *rows, *signal;
    int stride;
    uint32_t codes; /* of a channel */
} lookups;

IQLUT_INLINE lookups lookups_begin(const iqlut_pass *pass, const int steps) {
    (void)steps;
    return (lookups){pass->layer->key_of_signal, pass->rows, pass->signal - pass->stride,
                     pass->stride, (uint32_t)pass->layer->codes};
}

IQLUT_INLINE void lookups_of_pixel(lookups *found, const int steps) {
    (void)steps;
    found->signal += found->stride;
}
