/* The pixel shuffle in plain C, included once by each instruction set. */
#include <string.h>

#include "isa.h"

_Static_assert(IQLUT_SCALE_MAX == 4, "each scale has a case here, in colour_tmpl.c and in cubic.h");

IQLUT_INLINE void shuffle_rows(const iqlut_shuffle *row, const int scale, const int lanes) {
    const uint8_t *const phases = row->phases;
    for (int p = 0; p < scale; p++) {
        uint8_t *const out = row->out + p * row->out_stride;
        const uint8_t *from = phases + p * scale;
        for (int x = 0, count = row->count; x < count; x++)
            memcpy(out + (ptrdiff_t)x * scale, from + (ptrdiff_t)x * lanes, (size_t)scale);
    }
}

static void shuffle(const iqlut_shuffle *row) {
    if (row->scale == 4) shuffle_rows(row, 4, 16);
    else if (row->scale == 3) shuffle_rows(row, 3, 16);
    else shuffle_rows(row, 2, row->lanes);
}
