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

/* What is stored of a tap: its entries of the first level, the bytes from a level to the next, and
 * the numbers of stored inputs and outputs that have it. */
typedef struct {
    const uint8_t *entries;
    uint32_t level_bytes;
    uint32_t inputs;
    uint32_t outputs;
} iqlut_tap;

/* The number of stored inputs. */
static inline uint32_t iqlut_stored_inputs(const iqlut_window *window)
{
    return window->layer->channels_in / (window->last != 0u ? window->orbit : 1u);
}

/* The tap that member g has in place of tap (i, j). */
static inline iqlut_tap iqlut_find_tap(const iqlut_window *window, uint32_t g, uint32_t i,
                                       uint32_t j)
{
    const iqlut_layer *const layer = window->layer;
    const uint32_t kernel = layer->kernel;
    const uint32_t tap = iqlut_place(g % window->symmetry, i, j, kernel);
    iqlut_tap found;
    if (layer->around == 0) {
        found.entries = layer->lut + tap * window->stored;
        found.level_bytes = kernel * kernel * window->stored;
    } else if (tap == IQLUT_CENTRE) {
        found.entries = layer->lut;
        found.level_bytes = window->stored;
    } else {
        found.entries = layer->around + (tap - (tap > IQLUT_CENTRE ? 1u : 0u)) * layer->around_out;
        found.level_bytes = IQLUT_AROUND * layer->around_out;
        found.inputs = layer->around_in;
        found.outputs = layer->around_out;
        return found;
    }
    found.inputs = iqlut_stored_inputs(window);
    found.outputs = window->stored;
    return found;
}

#endif
