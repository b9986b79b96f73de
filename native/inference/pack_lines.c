/* Finds layers of lines (isa.h): of 3x3 taps, every output has the middle row only, or the middle
 * column. */
#include "plan.h"

#define TAPS 9
#define OUTPUTS_MIN 9 /* sums are stored in blocks of 16 lanes */

static const int off_row[TAPS] = {1, 1, 1, 0, 0, 0, 1, 1, 1};
static const int off_column[TAPS] = {1, 0, 1, 1, 0, 1, 1, 0, 1};

/* Whether all entries of an output are 0 at these taps. */
static int lacks(const iqlut_layer *l, int output, const int taps[TAPS]) {
    for (int c = 0; c < l->shape.channels_in; c++)
        for (int level = 0; level < l->shape.levels; level++)
            for (int tap = 0; tap < TAPS; tap++)
                if (taps[tap] && iqlut_entry_at(l, c, level, tap, output)) return 0;
    return 1;
}

int iqlut_find_lines(iqlut_packed *packed, const iqlut_layer *l) {
    if (l->shape.kernel != 3 || l->shape.channels_out < OUTPUTS_MIN) return 0;
    for (int d = 0; d < l->shape.channels_out; d++) {
        packed->in_columns[d] = lacks(l, d, off_row) ? 0 : -1;
        if (packed->in_columns[d] && !lacks(l, d, off_column)) return 0;
    }
    packed->lines = 1;
    return 1;
}

int iqlut_line_lane(const iqlut_packed *p, int tap, int block, int output) {
    const int before = p->in_columns[block * p->block + output] ? 1 : 3, lanes = p->vector_lanes;
    if (tap != 4 && tap != before && tap != 8 - before) return -1;
    return output / lanes * 3 * lanes + (tap > 4 ? 2 : tap / 4) * lanes + output % lanes;
}
