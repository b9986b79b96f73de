/* Sums of look-ups with two 16-bit lanes in each 32-bit register; compiled with -DIQLUT_DSP.
 *
 * Each signal is looked up once and contributes to the outputs of all tap columns above it, whose
 * sums are kept until they are complete. Entries are stored with a bias of 128, so that no lane is
 * negative and eight look-ups fit: 8 * 32 * 255 < 65536. Of a word of four entries
 * w = e0 + 2^8 o0 + 2^16 e1 + 2^24 o1 the lanes (o0, o1) are taken out by one UXTB16 and summed by
 * one MLA. Another MLA sums the whole words modulo 2^32, and what these exceed 2^8 times the first
 * sum by is the lanes (e0, e1).
 *
 * This file is plain C and gives the same pixels everywhere; iqlut_dsp_arm.c has the sum of eight
 * look-ups for cores with the DSP extension (Cortex-M4, M7, M33 and later). Layers that do not fit
 * are left to iqlut_layer.c. */
#include "iqlut_internal.h"

#ifdef IQLUT_DSP

#include <string.h>

#define ODD(word) (((word) >> 8) & 0x00FF00FFu)

#if defined(__GNUC__)
#define ASSUME_ALIGNED(pointer) __builtin_assume_aligned(pointer, 4)
#else
#define ASSUME_ALIGNED(pointer) (pointer)
#endif

/* What the addresses of look-ups count from; 0 where 32 bits hold a whole address. */
static inline uintptr_t origin(const iqlut_layer *layer)
{
    return sizeof(uintptr_t) == sizeof(uint32_t) ? (uintptr_t)0 : (uintptr_t)layer->lut;
}

/* Look up one row of signals whose entries begin at `entries`. */
static iqlut_lookup *fill_row(const iqlut_window *window, const uint8_t *signals, uint32_t entries,
                              iqlut_lookup *to)
{
    const iqlut_layer *const layer = window->layer;
    const iqlut_curve *const curve = &window->curve;
    const uint8_t *const end = signals + layer->channels_in;
    for (; signals != end; signals++) {
        const uint32_t found = curve->curve != 0 ? curve->curve[*signals] : layer->curve16[*signals];
        to->below = entries + (found >> 5) * curve->level_bytes;
        to->fraction = found & 31u;
        to->rest = (uint32_t)IQLUT_ONE - to->fraction;
        to++;
        entries += curve->channel_bytes;
    }
    return to;
}

/* Look up all signals under the taps in column x. */
static inline void fill_column(iqlut_window *window, uint32_t x)
{
    const uint32_t channels = window->layer->channels_in;
    iqlut_lookup *to = (iqlut_lookup *)(void *)window->positions;
    uint32_t entries = window->curve.entries;
#ifdef IQLUT_DSP_ARM
    if (window->fill_arm != 0u) {
        iqlut_fill_arm(&window->curve, window->rows, x, to);
        return;
    }
#endif
    for (uint32_t i = 0; i < window->curve.kernel; i++) {
        to = fill_row(window, iqlut_pixel(&window->rows[i], x, channels), entries, to);
        entries += window->curve.row_bytes;
    }
}

/* The sums of four outputs: of the odd ones, and of whole words modulo 2^32. */
typedef struct {
    uint32_t odd;
    uint32_t whole;
} lanes;

static inline void add(lanes *sum, const uint8_t *entries, uint32_t weight)
{
    uint32_t word;
    memcpy(&word, ASSUME_ALIGNED(entries), sizeof word);
    sum->whole += word * weight;
    sum->odd += ODD(word) * weight;
}

/* Add the lanes to four sums, in the order of the bytes of a little-endian word. */
static inline void widen(const lanes *sum, const int32_t *from, int32_t *to)
{
    const uint32_t even = sum->whole - (sum->odd << 8);
    to[0] = from[0] + (int32_t)(even & 0xFFFFu);
    to[1] = from[1] + (int32_t)(sum->odd & 0xFFFFu);
    to[2] = from[2] + (int32_t)(even >> 16);
    to[3] = from[3] + (int32_t)(sum->odd >> 16);
}

/* Add at most eight look-ups of eight outputs, whose entries lie `offset` bytes from their
 * addresses, to the sums `from`. */
static void add_group(const iqlut_window *window, const iqlut_lookup *at, uint32_t count,
                      uint32_t offset, const int32_t *from, int32_t *to)
{
    const uint8_t *const entries = (const uint8_t *)(origin(window->layer) + offset);
    lanes sums[2] = {{0, 0}, {0, 0}};
    for (uint32_t n = 0; n < count; n++) {
        const uint8_t *const below = entries + at[n].below;
        const uint8_t *const above = below + window->curve.level_bytes;
        add(&sums[0], below, at[n].rest);
        add(&sums[1], below + 4, at[n].rest);
        add(&sums[0], above, at[n].fraction);
        add(&sums[1], above + 4, at[n].fraction);
    }
    widen(&sums[0], from, to);
    widen(&sums[1], from + 4, to + 4);
}

/* Add tap column j of the column that is looked up to one output pixel. */
static void add_taps(const iqlut_window *window, uint32_t j, const int32_t *from, int32_t *to)
{
    const uint32_t d = window->layer->channels_out;
    const uint32_t count = (uint32_t)window->layer->kernel * window->layer->channels_in;
    const iqlut_lookup *const at = (const iqlut_lookup *)(const void *)window->positions;
    for (uint32_t o = 0; o < d; o += IQLUT_LANES) {
        for (uint32_t n = 0; n < count; n += IQLUT_LANES) {
            const uint32_t left = count - n;
            add_group(window, at + n, left < IQLUT_LANES ? left : IQLUT_LANES, j * d + o,
                      n == 0u ? from + o : to + o, to + o);
        }
    }
}

/* Add the column that is looked up to output pixels. Their sums lie one after the other, that of
 * the pixel which the column completes first. Each sum starts from what stands behind it, so that
 * they move up by one pixel, and the last from the start value. */
static inline void add_column(iqlut_window *window, iqlut_passes passes)
{
    const uint32_t kernel = window->layer->kernel;
    const uint32_t d = window->layer->channels_out;
#ifdef IQLUT_DSP_ARM
    if (window->adder != 0) {
        window->adder((const iqlut_lookup *)(const void *)window->positions,
                      window->groups, window->acc, passes);
        return;
    }
#endif
    for (uint32_t n = passes.first; n < passes.first + passes.count; n++) {
        int32_t *const to = window->acc + n * d;
        add_taps(window, kernel - 1u - n, to + d, to);
    }
}

#ifdef IQLUT_DSP_ARM
static iqlut_adder adder_of(const iqlut_layer *layer)
{
    const uint32_t eights = layer->channels_in % IQLUT_LANES == 0u ? 1u : 0u;
    if (layer->kernel == 3u && layer->channels_out == 8u) {
        return eights != 0u ? iqlut_add_3x3_arm
                            : (layer->channels_in == 1u ? iqlut_add_3x3_luma_arm : 0);
    }
    return layer->kernel == 2u && layer->channels_out == 16u && eights != 0u ? iqlut_add_2x2_arm
                                                                             : 0;
}
#endif

/* Set what does not change from pixel to pixel. */
static void prepare(iqlut_window *window)
{
    const iqlut_layer *const layer = window->layer;
    const int32_t start = iqlut_start_value(layer);
    int32_t *const starts = window->acc + (uint32_t)layer->kernel * layer->channels_out;
    window->curve.curve = layer->curve8;
    window->curve.level_bytes = (uint32_t)layer->kernel * layer->kernel * layer->channels_out;
    window->curve.channel_bytes = layer->levels * window->curve.level_bytes;
    window->curve.entries = (uint32_t)((uintptr_t)layer->lut - origin(layer));
    window->curve.row_bytes = (uint32_t)layer->kernel * layer->channels_out;
    window->curve.kernel = layer->kernel;
    window->constants.gain = layer->gain;
    window->constants.skip = layer->skip;
    window->constants.bias = layer->bias;
    window->constants.acc_shift = layer->acc_shift;
    window->constants.shift = layer->shift;
    window->constants.outputs = layer->channels_out;
#ifdef IQLUT_DSP_ARM
    window->adder = adder_of(layer);
    window->groups = ((uint32_t)layer->kernel * layer->channels_in + IQLUT_LANES - 1u) / IQLUT_LANES;
    window->fill_arm = layer->channels_in == IQLUT_LANES && layer->curve8 != 0 ? 1u : 0u;
#endif
    for (uint32_t o = 0; o < layer->channels_out; o++) {
        starts[o] = start;
    }
}

/* 1 if this file computes the layer. */
static uint32_t fits(const iqlut_window *window)
{
    const iqlut_layer *const layer = window->layer;
    return window->symmetry == 1u && layer->channels_out % IQLUT_LANES == 0u &&
                   (layer->kernel + 1u) * layer->channels_out <= IQLUT_CHANNELS_MAX &&
                   ((uintptr_t)layer->lut & 3u) == 0u
               ? 1u
               : 0u;
}

/* Look up the column that completes output pixel x, and add it to the outputs from the `first`
 * after x on. The column beside the picture is its last, which is still looked up, or its first. */
static inline void add_next_column(iqlut_window *window, int32_t x, uint32_t first)
{
    const uint32_t kernel = window->layer->kernel;
    const int32_t column = x + (int32_t)(kernel / 2u);
    const uint32_t left = (uint32_t)((int32_t)window->end - x);
    const iqlut_passes passes = {first, (left < kernel ? left : kernel) - first};
    if (column < (int32_t)window->width) {
        fill_column(window, column < 0 ? 0u : (uint32_t)column);
    }
    add_column(window, passes);
}

uint32_t iqlut_enter_dsp(iqlut_window *window, uint32_t x)
{
    if (fits(window) == 0u) {
        return 0;
    }
    prepare(window);
    for (uint32_t first = window->layer->kernel - 1u; first > 0u; first--) {
        add_next_column(window, (int32_t)x - (int32_t)first, first);
    }
    return 1;
}

void iqlut_accumulate_dsp(iqlut_window *window, uint32_t x)
{
    add_next_column(window, (int32_t)x, 0);
}

/* Requantise the outputs of a block with the skip signals `own`. */
static inline void requantise(const iqlut_window *window, const uint8_t *own, uint8_t *out)
{
#ifdef IQLUT_DSP_ARM
    iqlut_requantise8_arm(window->acc, own, out, &window->constants);
#else
    for (uint32_t o = 0; o < window->layer->channels_out; o++) {
        out[o] = iqlut_requantise(window->layer, o, window->acc[o], own[o]);
    }
#endif
}

void iqlut_run_block_dsp(iqlut_window *window, uint32_t begin, uint8_t *out)
{
    const uint32_t c = window->layer->channels_in;
    const uint32_t d = window->layer->channels_out;
    const uint8_t *own = iqlut_pixel(&window->rows[(window->layer->kernel - 1u) / 2u], begin, c);
    uint8_t all[IQLUT_CHANNELS_MAX / 2u] = {0}; /* arithmetic.skip_signal of a layer of luma */
    for (uint32_t x = begin; x < window->end; x++) {
        add_next_column(window, (int32_t)x, 0);
        if (c == 1u) {
            memset(all, own[0], d);
        }
        requantise(window, c == d ? own : all, out);
        own += c;
        out += d;
    }
}

void iqlut_requantise_phases_dsp(const iqlut_window *window, const uint16_t *own, uint8_t *out)
{
#ifdef IQLUT_DSP_ARM
    iqlut_requantise16_arm(window->acc, own, out, &window->constants);
#else
    for (uint32_t o = 0; o < window->layer->channels_out; o++) {
        out[o] = iqlut_requantise(window->layer, o, window->acc[o], own[o]);
    }
#endif
}

#endif
