/* One layer: from the signals under its taps to accumulators, and from these to the next signal. */
#include "iqlut_internal.h"
#include "iqlut_taps.h"

/* arithmetic.round_shift relies on a right shift of negative numbers that rounds down. */
IQLUT_CHECK(arithmetic_shift, ((-3) >> 1) == -2);

/* symmetry.channels_seen: row g, column h, of the flips and rotations. */
static const uint8_t SEEN[8][8] = {{0, 1, 2, 3, 4, 5, 6, 7}, {1, 0, 3, 2, 5, 4, 7, 6},
                                   {3, 2, 0, 1, 7, 6, 4, 5}, {2, 3, 1, 0, 6, 7, 5, 4},
                                   {4, 5, 7, 6, 0, 1, 3, 2}, {5, 4, 6, 7, 1, 0, 2, 3},
                                   {6, 7, 4, 5, 2, 3, 0, 1}, {7, 6, 5, 4, 3, 2, 1, 0}};

/* The place of column x, clamped to the picture, among the three whose positions are kept. */
static uint32_t *column_positions(const iqlut_window *window, int32_t x)
{
    const int32_t end = (int32_t)window->width - 1;
    const uint32_t clamped = (uint32_t)(x < 0 ? 0 : (x > end ? end : x));
    return window->positions + (clamped % 3u) * window->layer->kernel * window->layer->channels_in;
}

/* arithmetic.expand_knots of a signal whose place on the curve is `found`, with the offset of its
 * channel. The last level is reached from the one before it. */
static inline uint32_t position_of(uint32_t found, uint32_t top, uint32_t level_units,
                                   uint32_t offset)
{
    const uint32_t code = (found - (found == top ? 1u : 0u)) >> 5;
    return IQLUT_POSITION(offset + code * level_units, found - (code << 5));
}

/* Look the curve up for all signals of column x. Of a symmetric model the channels of an orbit have
 * one offset: a block stores them one after the other, the upsampler stores one of them. */
static void fill_column(const iqlut_window *window, uint32_t x)
{
    const iqlut_layer *const layer = window->layer;
    const uint32_t channels = layer->channels_in;
    const uint32_t orbit = window->orbit;
    const uint32_t orbit_units =
        layer->levels * window->level_units * (window->last != 0u ? 1u : orbit);
    const uint32_t top = (uint32_t)IQLUT_ONE * (layer->levels - 1u);
    uint32_t *positions = column_positions(window, (int32_t)x);
    for (uint32_t i = 0; i < layer->kernel; i++) {
        const uint8_t *const signal = iqlut_pixel(&window->rows[i], x, channels);
        uint32_t offset = 0;
        for (uint32_t c = 0; c < channels; c++) {
            const uint32_t found = iqlut_on_curve(layer->curve, layer->levels, signal[c]);
            *positions++ = position_of(found, top, window->level_units, offset);
            offset += ((c + 1u) & (orbit - 1u)) == 0u ? orbit_units : 0u;
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
    const uint32_t n = window->orbit;
    for (uint32_t i = 0; i < window->layer->kernel; i++) {
        for (uint32_t j = 0; j < window->layer->kernel; j++) {
            const uint32_t *const positions = tap_positions(window, i, j);
            const iqlut_tap tap = iqlut_find_tap(window, g & (window->symmetry - 1u), i, j);
            for (uint32_t c = g; c < tap.inputs * n; c += n) {
                add_blend(sums, tap.entries + IQLUT_OFFSET(positions[c]) * tap.unit_bytes,
                          tap.level_bytes, (int32_t)IQLUT_FRACTION(positions[c]), tap.outputs);
            }
        }
    }
}

/* The position of 255 - luma, where `position` is that of luma: from the last level down. */
static uint32_t negative_position(const iqlut_window *window, uint32_t position)
{
    const uint32_t last_code = (window->layer->levels - 2u) * window->level_units;
    return IQLUT_POSITION(last_code - IQLUT_OFFSET(position),
                          (uint32_t)IQLUT_ONE - IQLUT_FRACTION(position));
}

/* The sum over the inputs of a tap of the blends of one entry. The members of an orbit have their
 * levels at `offsets`. */
static int32_t sum_tap(const iqlut_window *window, const uint32_t *positions,
                       const uint8_t *entries, const uint32_t *offsets)
{
    const uint32_t channels = window->layer->channels_in;
    const uint32_t level_bytes = window->level_units;
    const uint32_t *const end = positions + channels;
    const uint32_t members = channels < window->orbit ? channels : window->orbit;
    int32_t below = 0;
    int32_t steps = 0;
    while (positions != end) {
        for (uint32_t h = 0; h < members; h++) {
            const uint32_t position = *positions++;
            const uint8_t *const entry = entries + offsets[h] + IQLUT_OFFSET(position);
            below += entry[0];
            steps += (int32_t)IQLUT_FRACTION(position) * (entry[level_bytes] - entry[0]);
        }
    }
    return IQLUT_ONE * below + steps;
}

/* sum_output where taps are missing: of stored output s for member g. */
static IQLUT_NOINLINE int32_t sum_partial_output(const iqlut_window *window, uint32_t s,
                                                 uint32_t g, const uint32_t *offsets)
{
    const uint32_t channels = window->layer->channels_in;
    const uint32_t members = channels < window->orbit ? channels : window->orbit;
    int32_t below = 0;
    int32_t steps = 0;
    for (uint32_t tap_index = 0; tap_index < 9u; tap_index++) {
        const uint32_t i = tap_index / 3u;
        const uint32_t j = tap_index % 3u;
        const iqlut_tap tap = iqlut_find_tap(window, g & (window->symmetry - 1u), i, j);
        const uint32_t *positions = tap_positions(window, i, j);
        uint32_t of_negative;
        if (channels == 1u && g >= window->symmetry) {
            of_negative = negative_position(window, positions[0]);
            positions = &of_negative;
        }
        for (uint32_t c = 0; s < tap.outputs && c < tap.inputs; c += members) {
            for (uint32_t h = 0; h < members; h++) {
                const uint32_t position = *positions++;
                const uint8_t *const entry =
                    tap.entries + s + (offsets[h] + IQLUT_OFFSET(position)) * tap.level_bytes;
                below += entry[0];
                steps += (int32_t)IQLUT_FRACTION(position) * (entry[tap.level_bytes] - entry[0]);
            }
        }
    }
    return IQLUT_ONE * below + steps;
}

/* The sum of output o of a symmetric block: of member g of an orbit, whose inputs are the stored
 * ones in the order that this member sees. */
static IQLUT_NOINLINE int32_t sum_output(const iqlut_window *window, uint32_t o)
{
    const iqlut_layer *const layer = window->layer;
    const uint32_t n = window->orbit;
    const uint32_t g = o & (n - 1u);
    const uint32_t spatial = window->symmetry - 1u; /* the bits of g that are a flip or rotation */
    const uint32_t has_orbits = layer->channels_in > 1u ? 1u : 0u; /* luma is one channel */
    const uint32_t kernel = layer->kernel;
    const uint32_t count = window->stored;
    const uint32_t units = has_orbits != 0u ? layer->levels * window->level_units : 0u;
    uint32_t offsets[2u * IQLUT_SYMMETRY_MAX];
    int32_t sum = 0;
    for (uint32_t h = 0; h < n; h++) {
        offsets[h] = units * (SEEN[g & spatial][h & spatial] | ((g ^ h) & window->symmetry));
    }
    if (layer->around != 0) {
        return sum_partial_output(window, o / n, g, offsets);
    }
    for (uint32_t i = 0; i < kernel; i++) {
        for (uint32_t j = 0; j < kernel; j++) {
            const uint8_t *const entries =
                layer->lut + iqlut_place(g & spatial, i, j, kernel) * count + o / n;
            const uint32_t *positions = tap_positions(window, i, j);
            uint32_t of_negative;
            if (has_orbits == 0u && g >= window->symmetry) {
                of_negative = negative_position(window, positions[0]);
                positions = &of_negative;
            }
            sum += sum_tap(window, positions, entries, offsets);
        }
    }
    return sum;
}

/* Start sums with `value` less the bias of the entries that are added for the stored inputs. Of so
 * many outputs one is stored. */
static void start_sums(const iqlut_window *window, int32_t *sums, uint32_t count, uint32_t members,
                       int32_t value)
{
    const iqlut_layer *const layer = window->layer;
    const uint32_t with_around = layer->around != 0 ? layer->around_out * members : 0u;
    const uint32_t taps = layer->around != 0 ? 1u : (uint32_t)layer->kernel * layer->kernel;
    const int32_t bias = IQLUT_BIAS * IQLUT_ONE * (int32_t)(taps * window->inputs);
    const int32_t around = IQLUT_BIAS * IQLUT_ONE * (int32_t)IQLUT_AROUND * layer->around_in;
    for (uint32_t o = 0; o < count; o++) {
        sums[o] = value - bias - (o < with_around ? around : 0);
    }
}

/* Add what each member gives to the phases, which its transform permutes. What the members of the
 * negative give is subtracted. */
static void accumulate_phases(iqlut_window *window)
{
    const uint32_t count = window->layer->channels_out;
    const uint32_t scale = count == 4u ? 2u : (count == 9u ? 3u : 4u);
    int32_t sums[16];
    for (uint32_t g = 0; g < window->orbit; g++) {
        int32_t *acc = window->acc;
        start_sums(window, sums, count, 1, 0);
        add_member(window, g, sums);
        for (uint32_t p = 0; p < scale; p++) {
            for (uint32_t q = 0; q < scale; q++) {
                const int32_t sum = sums[iqlut_place(g & (window->symmetry - 1u), p, q, scale)];
                *acc++ += g < window->symmetry ? sum : -sum;
            }
        }
    }
}

void iqlut_requantise(const iqlut_window *window, const uint16_t *own, uint8_t *out)
{
    const iqlut_layer *const layer = window->layer;
    const uint32_t repeats = window->last != 0u ? 0u : window->orbit - 1u;
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
    const uint32_t n = window->orbit;
    const uint32_t are_phases = window->last != 0u && n > 1u ? 1u : 0u;
    if (are_phases == 0u) {
        start_sums(window, window->acc, layer->channels_out, n, iqlut_half(layer));
    } else {
        for (uint32_t o = 0; o < layer->channels_out; o++) {
            window->acc[o] = iqlut_half(layer);
        }
    }
    if (n == 1u) {
        add_member(window, 0, window->acc);
    } else if (are_phases != 0u) {
        accumulate_phases(window);
    } else {
        for (uint32_t o = 0; o < layer->channels_out; o++) {
            window->acc[o] += sum_output(window, o);
        }
    }
}
