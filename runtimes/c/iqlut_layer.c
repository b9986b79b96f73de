/* One layer: from the signals under its taps to accumulators, and from these to the next signal. */
#include <string.h>

#include "iqlut_internal.h"

/* arithmetic.round_shift relies on a right shift of negative numbers that rounds down. */
IQLUT_CHECK(arithmetic_shift, ((-3) >> 1) == -2);

#define SPATIAL_MAX 8u /* flips and rotations; the members behind them are those of the negative */

/* symmetry.channels_seen: row g, column h, of the flips and rotations. */
static const uint8_t SEEN[8][8] = {{0, 1, 2, 3, 4, 5, 6, 7}, {1, 0, 3, 2, 5, 4, 7, 6},
                                   {3, 2, 0, 1, 7, 6, 4, 5}, {2, 3, 1, 0, 6, 7, 5, 4},
                                   {4, 5, 7, 6, 0, 1, 3, 2}, {5, 4, 6, 7, 1, 0, 2, 3},
                                   {6, 7, 4, 5, 2, 3, 0, 1}, {7, 6, 5, 4, 3, 2, 1, 0}};

/* The transforms of the members: bit 0 reverses the columns, bit 1 the rows, then bit 2 transposes.
 */
static const uint8_t TRANSFORM[8] = {0, 3, 5, 6, 1, 2, 4, 7};

/* Where entry (row, column) of a transformed (side, side) array stands in the array before the
 * transform of member g. */
static uint32_t place(uint32_t g, uint32_t row, uint32_t column, uint32_t side)
{
    const uint32_t transform = TRANSFORM[g % SPATIAL_MAX];
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

/* The place of column x, clamped to the picture, among the three whose positions are kept. */
static uint32_t *column_positions(const iqlut_window *window, int32_t x)
{
    const int32_t end = (int32_t)window->width - 1;
    const uint32_t clamped = (uint32_t)(x < 0 ? 0 : (x > end ? end : x));
    return window->positions + (clamped % 3u) * window->layer->kernel * window->layer->channels_in;
}

/* arithmetic.expand_knots of a signal whose place on the curve is `found`, with the offset of its
 * channel. The last level is reached from the one before it. */
static inline uint32_t position_of(uint32_t found, uint32_t top, uint32_t level_bytes,
                                   uint32_t offset)
{
    const uint32_t code = (found - (found == top ? 1u : 0u)) >> 5;
    return IQLUT_POSITION(offset + code * level_bytes, found - (code << 5));
}

/* Look the curve up for all signals of column x. Of a symmetric model the channels of an orbit have
 * one offset: a block stores them one after the other, the upsampler stores one of them. */
static void fill_column(const iqlut_window *window, uint32_t x)
{
    const iqlut_layer *const layer = window->layer;
    const uint32_t channels = layer->channels_in;
    const uint32_t orbit = window->symmetry;
    const uint32_t orbit_bytes =
        layer->levels * window->level_bytes * (window->last != 0u ? 1u : orbit);
    const uint32_t top = (uint32_t)IQLUT_ONE * (layer->levels - 1u);
    uint32_t *positions = column_positions(window, (int32_t)x);
    for (uint32_t i = 0; i < layer->kernel; i++) {
        const uint8_t *const signal = iqlut_pixel(&window->rows[i], x, channels);
        uint32_t offset = 0;
        for (uint32_t c = 0; c < channels; c++) {
            const uint32_t found = iqlut_on_curve(layer->curve, layer->levels, signal[c]);
            *positions++ = position_of(found, top, window->level_bytes, offset);
            offset += ((c + 1u) & (orbit - 1u)) == 0u ? orbit_bytes : 0u;
        }
    }
}

void iqlut_enter(iqlut_window *window, uint32_t x)
{
#ifdef IQLUT_DSP
    window->fits = iqlut_enter_dsp(window, x);
    if (window->fits != 0u) {
        return;
    }
#endif
    const uint32_t before = (window->layer->kernel - 1u) / 2u;
    const uint32_t after = window->layer->kernel / 2u;
    for (uint32_t column = x > before ? x - before : 0u;
         column < x + after && column < window->width; column++) {
        fill_column(window, column);
    }
}

/* arithmetic.blend of two rows of entries, added to `count` sums. */
static void add_blend(int32_t *sums, const uint8_t *below, uint32_t level_bytes, int32_t fraction,
                      uint32_t count)
{
    const uint8_t *const above = below + level_bytes;
    const int32_t rest = IQLUT_ONE - fraction;
    for (uint32_t o = 0; o < count; o++) {
        sums[o] += rest * below[o] + fraction * above[o];
    }
}

/* The positions under tap (i, j). */
static const uint32_t *tap_positions(const iqlut_window *window, uint32_t i, uint32_t j)
{
    return window->columns[j] + i * window->layer->channels_in;
}

/* Sums of all stored outputs of what the inputs that are member g of their orbit give. */
static void add_member(const iqlut_window *window, uint32_t g, int32_t *sums)
{
    const iqlut_layer *const layer = window->layer;
    const uint32_t kernel = layer->kernel;
    const uint32_t count = window->stored;
    for (uint32_t i = 0; i < kernel; i++) {
        for (uint32_t j = 0; j < kernel; j++) {
            const uint32_t *const positions = tap_positions(window, i, j);
            const uint8_t *const entries = layer->lut + place(g, i, j, kernel) * count;
            for (uint32_t c = g; c < layer->channels_in; c += window->symmetry) {
                add_blend(sums, entries + IQLUT_OFFSET(positions[c]), window->level_bytes,
                          (int32_t)IQLUT_FRACTION(positions[c]), count);
            }
        }
    }
}

/* The position of 255 - luma, where `position` is that of luma: from the last level down. */
static uint32_t negative_position(const iqlut_window *window, uint32_t position)
{
    const uint32_t last_code = (window->layer->levels - 2u) * window->level_bytes;
    return IQLUT_POSITION(last_code - IQLUT_OFFSET(position),
                          (uint32_t)IQLUT_ONE - IQLUT_FRACTION(position));
}

/* The sum over all inputs of the blend of one entry, which lies `channel_offset` bytes on for each
 * member of an orbit. */
static int32_t sum_tap(const iqlut_window *window, const uint32_t *positions, uint32_t channels,
                       const uint8_t *entries, const uint32_t *channel_offset)
{
    const uint32_t level_bytes = window->level_bytes;
    const uint32_t *const end = positions + channels;
    const uint32_t members = channels < window->symmetry ? channels : window->symmetry;
    int32_t below = 0;
    int32_t steps = 0;
    while (positions != end) {
        for (uint32_t h = 0; h < members; h++) {
            const uint32_t position = *positions++;
            const uint8_t *const entry = entries + channel_offset[h] + IQLUT_OFFSET(position);
            below += entry[0];
            steps += (int32_t)IQLUT_FRACTION(position) * (entry[level_bytes] - entry[0]);
        }
    }
    return IQLUT_ONE * below + steps;
}

/* The sum of output o of a symmetric block: of member g of an orbit, whose inputs are the stored
 * ones in the order that this member sees. */
static int32_t sum_output(const iqlut_window *window, uint32_t o)
{
    const iqlut_layer *const layer = window->layer;
    const uint32_t n = window->symmetry;
    const uint32_t g = o & (n - 1u);
    const uint32_t kernel = layer->kernel;
    const uint32_t count = window->stored;
    const uint32_t channels = layer->channels_in;
    const uint32_t frame = channels == 1u ? 0u : g; /* luma has no other members */
    uint32_t channel_offset[IQLUT_SYMMETRY_MAX];
    int32_t sum = 0;
    for (uint32_t h = 0; h < n; h++) {
        const uint32_t seen = SEEN[frame % SPATIAL_MAX][h % SPATIAL_MAX];
        const uint32_t negative = (frame ^ h) & SPATIAL_MAX;
        channel_offset[h] = (seen | negative) * layer->levels * window->level_bytes;
    }
    for (uint32_t i = 0; i < kernel; i++) {
        for (uint32_t j = 0; j < kernel; j++) {
            const uint8_t *const entries = layer->lut + place(g, i, j, kernel) * count + o / n;
            const uint32_t *positions = tap_positions(window, i, j);
            uint32_t negative;
            if (channels == 1u && g >= SPATIAL_MAX) {
                negative = negative_position(window, positions[0]);
                positions = &negative;
            }
            sum += sum_tap(window, positions, channels, entries, channel_offset);
        }
    }
    return sum;
}

/* Add what each member gives to the phases, which its transform permutes. What the members of the
 * negative give is subtracted. */
static void accumulate_phases(iqlut_window *window)
{
    const uint32_t count = window->layer->channels_out;
    const uint32_t scale = count == 4u ? 2u : (count == 9u ? 3u : 4u);
    int32_t sums[16];
    for (uint32_t g = 0; g < window->symmetry; g++) {
        int32_t *acc = window->acc;
        memset(sums, 0, sizeof sums);
        add_member(window, g, sums);
        for (uint32_t p = 0; p < scale; p++) {
            for (uint32_t q = 0; q < scale; q++) {
                const int32_t sum = sums[place(g, p, q, scale)];
                *acc++ += g < SPATIAL_MAX ? sum : -sum;
            }
        }
    }
}

int32_t iqlut_start_value(const iqlut_layer *layer, uint32_t channels)
{
    const int32_t lookups = (int32_t)layer->kernel * layer->kernel * (int32_t)channels;
    return (int32_t)((UINT32_C(1) << layer->acc_shift) >> 1) - IQLUT_BIAS * IQLUT_ONE * lookups;
}

void iqlut_requantise(const iqlut_window *window, const uint16_t *own, uint8_t *out)
{
    const iqlut_layer *const layer = window->layer;
    const uint32_t repeats = window->last != 0u ? 0u : window->symmetry - 1u;
    uint32_t stored = 0; /* the constants of a block are stored once for an orbit */
#ifdef IQLUT_DSP
    if (window->fits != 0u) {
        iqlut_requantise_dsp(window, own, out);
        return;
    }
#endif
    for (uint32_t o = 0; o < layer->channels_out; o++) {
        out[o] = iqlut_requantise_output(layer, stored, window->acc[o], own[o]);
        stored += ((o + 1u) & repeats) == 0u ? 1u : 0u;
    }
}

void iqlut_accumulate(iqlut_window *window, uint32_t x)
{
#ifdef IQLUT_DSP
    if (window->fits != 0u) {
        iqlut_accumulate_dsp(window, x);
        return;
    }
#endif
    const iqlut_layer *const layer = window->layer;
    const int32_t before = ((int32_t)layer->kernel - 1) / 2;
    if (x + layer->kernel / 2u < window->width) {
        fill_column(window, x + layer->kernel / 2u);
    }
    for (int32_t j = 0; j < (int32_t)layer->kernel; j++) {
        window->columns[j] = column_positions(window, (int32_t)x + j - before);
    }
    /* where half of the look-ups are subtracted, the biases of all entries cancel */
    const uint32_t cancels = window->last != 0u && window->symmetry > SPATIAL_MAX;
    const int32_t start = iqlut_start_value(layer, cancels != 0u ? 0u : layer->channels_in);
    for (uint32_t o = 0; o < layer->channels_out; o++) {
        window->acc[o] = start;
    }
    if (window->symmetry == 1u) {
        add_member(window, 0, window->acc);
    } else if (window->last != 0u) {
        accumulate_phases(window);
    } else {
        for (uint32_t o = 0; o < layer->channels_out; o++) {
            window->acc[o] += sum_output(window, o);
        }
    }
}
