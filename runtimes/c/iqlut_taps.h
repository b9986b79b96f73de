/* Where the entries of a tap are stored, with symmetry and with missing taps. */
#ifndef IQLUT_TAPS_H
#define IQLUT_TAPS_H

#include "iqlut_internal.h"

#define IQLUT_CENTRE 4u /* of the 9 taps */
#define IQLUT_AROUND 8u /* the others */

/* The flips and rotations: bit 0 reverses the columns, bit 1 the rows, then bit 2 transposes. */
static const uint8_t IQLUT_TRANSFORM[IQLUT_SYMMETRY_MAX] = {0, 3, 5, 6, 1, 2, 4, 7};

/* Where entry (row, column) of a transformed (side, side) array stands in the array before flip or
 * rotation g. */
static inline uint32_t iqlut_place(uint32_t g, uint32_t row, uint32_t column, uint32_t side)
{
    const uint32_t transform = IQLUT_TRANSFORM[g];
    if ((transform & 4u) != 0u) {
        const uint32_t swapped = row;
        row = column;
        column = swapped;
    }
    if ((transform & 1u) != 0u) {
        column = side - 1u - column;
    }
    if ((transform & 2u) != 0u) {
        row = side - 1u - row;
    }
    return row * side + column;
}

/* What is stored of a tap: its entries of the first level, the bytes from a level to the next and
 * those of a unit of a position, and the numbers of stored inputs and outputs that have it. */
typedef struct {
    const uint8_t *entries;
    uint32_t level_bytes;
    uint32_t unit_bytes;
    uint32_t inputs;
    uint32_t outputs;
} iqlut_tap;

/* The tap that flip or rotation g has in place of tap (i, j). */
static inline iqlut_tap iqlut_find_tap(const iqlut_window *window, uint32_t g, uint32_t i,
                                       uint32_t j)
{
    const iqlut_layer *const layer = window->layer;
    const uint32_t place = iqlut_place(g, i, j, layer->kernel);
    iqlut_tap tap = {layer->lut, 0, 0, window->inputs, window->stored};
    if (layer->around == 0) {
        tap.entries += place * window->stored;
        tap.level_bytes = window->level_units;
        tap.unit_bytes = 1;
        return tap;
    }
    tap.level_bytes = window->stored;
    if (place != IQLUT_CENTRE) {
        tap.outputs = layer->around_out;
        tap.inputs = layer->around_in;
        tap.level_bytes = IQLUT_AROUND * tap.outputs;
        tap.entries = layer->around + (place - (place > IQLUT_CENTRE ? 1u : 0u)) * tap.outputs;
    }
    tap.unit_bytes = tap.level_bytes;
    return tap;
}

#endif
