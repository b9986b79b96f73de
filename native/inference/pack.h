/* What pack.c and pack_shape.c share. */
#ifndef IQLUT_PACK_H
#define IQLUT_PACK_H

#include "plan.h"

/* The table of a layer moved so that the least and the largest entry of each (channel, tap, output)
 * lie around 0. Every tap reads some pixel, so `taken` from an entry adds IQLUT_ONE * taken to all
 * accumulators. */
typedef struct {
    const iqlut_layer *layer;
    /* [channel][tap row][tap column][output]; `largest` is the largest |entry - taken|. */
    int8_t *taken, *largest;
} centred;

static inline size_t tap_index(const iqlut_layer *l, int c, int i, int j, int d) {
    return ((size_t)(c * l->shape.kernel + i) * l->shape.kernel + j) * l->shape.channels_out + d;
}

/* pack_shape.c: lays out, groups and bounds the rows of a layer; and the first lane of tap (i, j)
 * in a row that is neither compact nor of lines. */
void iqlut_shape_packed(iqlut_packed *packed, const iqlut_isa *isa, const centred *table);
int iqlut_tap_lane(const iqlut_packed *p, int i, int j);

#endif
