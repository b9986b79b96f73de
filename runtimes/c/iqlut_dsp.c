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

/* Look up one row of signals under tap row i. */
static iqlut_lookup *fill_row(const iqlut_window *window, const uint8_t *signals, uint32_t i,
                              iqlut_lookup *to)
{
    const iqlut_layer *const layer = window->layer;
    const iqlut_curve *const curve = &window->curve;
    const uint8_t *const end = signals + layer->channels_in;
    uint32_t entries = (uint32_t)((uintptr_t)layer->lut - origin(layer)) +
                       i * (uint32_t)layer->kernel * layer->channels_out;
#ifdef IQLUT_DSP_ARM
    if (layer->channels_in == IQLUT_LANES && curve->curve != 0) {
        return iqlut_fill_arm(curve, signals, entries, to);
    }
#endif
    for (; signals != end; signals++) {
        const uint32_t found = curve->curve != 0 ? curve->curve[*signals] : layer->curve16[*signals];
        const uint32_t code = (found - (found == curve->top ? 1u : 0u)) >> 5;
        to->below = entries + code * curve->level_bytes;
        to->fraction = found - (code << 5);
        to->rest = (uint32_t)IQLUT_ONE - to->fraction;
        to++;
        entries += curve->channel_bytes;
    }
    return to;
}

/* Look up all signals under the taps in column x. */
static void fill_column(iqlut_window *window, uint32_t x)
{
    const iqlut_layer *const layer = window->layer;
    iqlut_lookup *to = (iqlut_lookup *)(void *)window->positions;
    for (uint32_t i = 0; i < layer->kernel; i++) {
        to = fill_row(window, iqlut_pixel(&window->rows[i], x, layer->channels_in), i, to);
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

/* Add the column that is looked up to `passes` output pixels, of which the first is the n-th from
 * the one that is computed. Their sums lie one after the other; each starts from the next one's
 * place, so that they move up, and the last from the start value behind them. */
static void add_column(iqlut_window *window, uint32_t passes)
{
    const uint32_t kernel = window->layer->kernel;
    const uint32_t d = window->layer->channels_out;
#ifdef IQLUT_DSP_ARM
    const iqlut_lookup *const at = (const iqlut_lookup *)(const void *)window->positions;
    const uint32_t groups = kernel * window->layer->channels_in / IQLUT_LANES;
    if (window->layer->channels_in % IQLUT_LANES == 0u && kernel == 3u && d == 8u) {
        iqlut_add_3x3_arm(at, groups, window->acc, passes);
        return;
    }
    if (window->layer->channels_in % IQLUT_LANES == 0u && kernel == 2u && d == 16u) {
        iqlut_add_2x2_arm(at, groups, window->acc, passes);
        return;
    }
#endif
    for (uint32_t n = 0; n < passes; n++) {
        add_taps(window, kernel - 1u - n, window->acc + (n + 1u) * d, window->acc + n * d);
    }
}

/* Set what does not change from pixel to pixel. */
static void prepare(iqlut_window *window)
{
    const iqlut_layer *const layer = window->layer;
    const int32_t start = iqlut_start_value(layer);
    int32_t *const starts = window->acc + (uint32_t)layer->kernel * layer->channels_out;
    window->curve.curve = layer->curve8;
    window->curve.level_bytes = (uint32_t)layer->kernel * layer->kernel * layer->channels_out;
    window->curve.channel_bytes = layer->levels * window->curve.level_bytes;
    window->curve.top = (uint32_t)IQLUT_ONE * (layer->levels - 1u);
    window->constants.gain = layer->gain;
    window->constants.skip = layer->skip;
    window->constants.bias = layer->bias;
    window->constants.acc_shift = layer->acc_shift;
    window->constants.shift = layer->shift;
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

uint32_t iqlut_enter_dsp(iqlut_window *window, uint32_t x)
{
    const iqlut_layer *const layer = window->layer;
    const uint32_t kernel = layer->kernel;
    const uint32_t before = (kernel - 1u) / 2u;
    const uint32_t d = layer->channels_out;
    if (fits(window) == 0u) {
        return 0;
    }
    prepare(window);
    for (uint32_t n = 0; n + 1u < kernel; n++) { /* the columns before the one that completes x */
        const uint32_t column = x + n < before ? 0u : x + n - before;
        fill_column(window, column < window->width ? column : window->width - 1u);
        for (uint32_t j = n + 1u; j-- > 0u;) {
            int32_t *const sums = window->acc + (n - j + 1u) * d;
            add_taps(window, j, j == 0u ? window->acc + kernel * d : sums, sums);
        }
    }
    return 1;
}

void iqlut_accumulate_dsp(iqlut_window *window, uint32_t x)
{
    const uint32_t kernel = window->layer->kernel;
    const uint32_t column = x + kernel / 2u;
    const uint32_t left = window->end - x;
    if (column < window->width) { /* else the last column is repeated */
        fill_column(window, column);
    }
    add_column(window, left < kernel ? left : kernel);
}

void iqlut_requantise_dsp(const iqlut_window *window, const uint8_t *own, uint8_t *out)
{
    for (uint32_t o = 0; o < window->layer->channels_out; o += IQLUT_LANES) {
#ifdef IQLUT_DSP_ARM
        iqlut_constants constants = window->constants;
        constants.gain += o;
        constants.skip += o;
        constants.bias += o;
        iqlut_requantise_arm(window->acc + o, own + o, out + o, &constants);
#else
        for (uint32_t n = o; n < o + IQLUT_LANES; n++) {
            out[n] = iqlut_requantise(window->layer, n, window->acc[n], own[n]);
        }
#endif
    }
}

#endif
