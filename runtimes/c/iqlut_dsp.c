/* Sums of look-ups with two 16-bit lanes in each 32-bit register; compiled with -DIQLUT_DSP.
 *
 * A signal is looked up once for the outputs of all tap columns that read it. Their sums are kept
 * until they are complete. Entries are stored with a bias of 128, so that no lane is negative and
 * eight look-ups fit: 8 * 32 * 255 < 65536. Of a word of four entries
 * w = e0 + 2^8 o0 + 2^16 e1 + 2^24 o1 the lanes (o0, o1) are taken out by one UXTB16 and summed by
 * one MLA. Another MLA sums the whole words modulo 2^32. What these exceed 2^8 times the first sum
 * by is the lanes (e0, e1).
 *
 * At the last level the row above is multiplied by 0, but read: see iqlut_layer.lut.
 *
 * This file gives the same pixels on every processor. Cores with the DSP extension (Cortex-M4, M7,
 * M33 and later) run the loops of iqlut_dsp_arm.c for the commonest layers. Layers that do not fit
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

/* iqlut_fill of any layer. */
static void fill_column(const iqlut_shape *shape, const iqlut_row *rows, uint32_t x,
                        iqlut_lookup *to)
{
    for (uint32_t i = 0; i < shape->kernel; i++) {
        const uint8_t *const signals = iqlut_pixel(&rows[i], x, shape->channels_in);
        uint32_t entries = shape->entries + i * shape->row_bytes;
        for (uint32_t c = 0; c < shape->channels_in; c++) {
            const uint32_t found = iqlut_on_curve(shape->curve, shape->levels, signals[c]);
            to->below = entries + (found >> 5) * shape->level_bytes;
            to->fraction = found & 31u;
            to->rest = (uint32_t)IQLUT_ONE - to->fraction;
            to++;
            entries += shape->channel_bytes;
        }
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

/* Add the look-ups of a column at a byte offset from their addresses, for eight outputs. */
static void add_eight(const iqlut_shape *shape, const iqlut_lookup *at, uint32_t offset,
                      const int32_t *from, int32_t *to)
{
    const uint8_t *const entries = (const uint8_t *)(shape->origin + offset);
    uint32_t left = shape->kernel * shape->channels_in;
    while (left > 0u) {
        lanes sums[2] = {{0, 0}, {0, 0}};
        const iqlut_lookup *const end = at + (left < IQLUT_LANES ? left : IQLUT_LANES);
        left -= (uint32_t)(end - at);
        for (; at != end; at++) {
            const uint8_t *const below = entries + at->below;
            const uint8_t *const above = below + shape->level_bytes;
            add(&sums[0], below, at->rest);
            add(&sums[1], below + 4, at->rest);
            add(&sums[0], above, at->fraction);
            add(&sums[1], above + 4, at->fraction);
        }
        widen(&sums[0], from, to);
        widen(&sums[1], from + 4, to + 4);
        from = to;
    }
}

/* iqlut_add of any layer. */
static void add_column(const iqlut_shape *shape, const iqlut_lookup *at, int32_t *sums,
                       iqlut_passes passes)
{
    const uint32_t d = shape->channels_out;
    for (uint32_t n = passes.first; n < passes.first + passes.count; n++) {
        const uint32_t tap = (shape->kernel - 1u - n) * d;
        for (uint32_t o = 0; o < d; o += IQLUT_LANES) {
            int32_t *const to = sums + n * d + o;
            add_eight(shape, at, tap + o, to + d, to);
        }
    }
}

/* Choose the loops for a layer. */
static void choose_loops(iqlut_window *window)
{
    window->fill = fill_column;
    window->add = add_column;
#ifdef IQLUT_DSP_ARM
    const iqlut_layer *const layer = window->layer;
    const uint32_t in_eights = layer->channels_in % IQLUT_LANES == 0u ? 1u : 0u;
    if (layer->channels_in == IQLUT_LANES && layer->levels <= IQLUT_BYTE_LEVELS) {
        window->fill = iqlut_fill_arm;
    }
    if (layer->kernel == 3u && layer->channels_out == 8u && in_eights != 0u) {
        window->add = iqlut_add_3x3_arm;
    } else if (layer->kernel == 3u && layer->channels_out == 8u && layer->channels_in == 1u) {
        window->add = iqlut_add_luma_arm;
    } else if (layer->kernel == 2u && layer->channels_out == 16u && in_eights != 0u) {
        window->add = iqlut_add_2x2_arm;
    }
#endif
}

/* Set what does not change from pixel to pixel. */
static void prepare(iqlut_window *window)
{
    const iqlut_layer *const layer = window->layer;
    iqlut_shape *const shape = &window->shape;
    const int32_t lookups = (int32_t)layer->kernel * layer->kernel * layer->channels_in;
    const int32_t start = iqlut_half(layer) - IQLUT_BIAS * IQLUT_ONE * lookups;
    const uintptr_t lut = (uintptr_t)layer->lut;
    const uint32_t is_whole = sizeof lut == sizeof shape->entries ? 1u : 0u;
    shape->kernel = layer->kernel;
    shape->channels_in = layer->channels_in;
    shape->channels_out = layer->channels_out;
    shape->row_bytes = shape->kernel * shape->channels_out;
    shape->level_bytes = shape->kernel * shape->row_bytes;
    shape->channel_bytes = layer->levels * shape->level_bytes;
    shape->entries = is_whole != 0u ? (uint32_t)lut : 0u;
    shape->origin = is_whole != 0u ? 0u : lut;
    shape->groups = (shape->kernel * shape->channels_in + IQLUT_LANES - 1u) / IQLUT_LANES;
    shape->curve = layer->curve;
    shape->levels = layer->levels;
    window->constants.gain = layer->gain;
    window->constants.skip = layer->skip;
    window->constants.bias = layer->bias;
    window->constants.acc_shift = layer->acc_shift;
    window->constants.shift = layer->shift;
    window->constants.outputs = layer->channels_out;
    for (uint32_t o = 0; o < layer->channels_out; o++) {
        window->acc[shape->row_bytes + o] = start;
    }
    choose_loops(window);
}

/* 1 if this file computes the layer. */
static uint32_t fits(const iqlut_window *window)
{
    const iqlut_layer *const layer = window->layer;
    const uintptr_t addresses =
        (uintptr_t)layer->lut | (uintptr_t)layer->gain | (uintptr_t)layer->skip;
    return window->orbit == 1u && layer->around == 0 &&
                   layer->channels_out % IQLUT_LANES == 0u &&
                   (layer->kernel + 1u) * layer->channels_out <= IQLUT_CHANNELS_MAX &&
                   (addresses & 3u) == 0u
               ? 1u
               : 0u;
}

/* Look up the column that completes output pixel x, and add it to the outputs from the `first`
 * after x on. Beside the picture its first column stands for it, or the last, which is still looked
 * up. */
static inline void add_next_column(iqlut_window *window, int32_t x, uint32_t first)
{
    const uint32_t kernel = window->shape.kernel;
    iqlut_lookup *const lookups = (iqlut_lookup *)(void *)window->positions;
    const int32_t column = x + (int32_t)(kernel / 2u);
    const uint32_t left = (uint32_t)((int32_t)window->end - x);
    const iqlut_passes passes = {first, (left < kernel ? left : kernel) - first};
    if (column < (int32_t)window->width) {
        window->fill(&window->shape, window->rows, column < 0 ? 0u : (uint32_t)column, lookups);
    }
    window->add(&window->shape, lookups, window->acc, passes);
}

uint32_t iqlut_enter_dsp(iqlut_window *window, uint32_t x)
{
    if (fits(window) == 0u) {
        return 0;
    }
    prepare(window);
    for (uint32_t first = window->shape.kernel - 1u; first > 0u; first--) {
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
    for (uint32_t o = 0; o < window->shape.channels_out; o++) {
        out[o] = iqlut_requantise_output(window->layer, o, window->acc[o], own[o]);
    }
#endif
}

void iqlut_run_block_dsp(iqlut_window *window, uint32_t begin, uint8_t *out)
{
    const uint32_t c = window->shape.channels_in;
    const uint32_t d = window->shape.channels_out;
    const uint8_t *own = iqlut_pixel(&window->rows[(window->shape.kernel - 1u) / 2u], begin, c);
    uint8_t all[IQLUT_CHANNELS_MAX / 2u] = {0}; /* arithmetic.skip_signal where c is not d */
    for (uint32_t x = begin; x < window->end; x++) {
        add_next_column(window, (int32_t)x, 0);
        for (uint32_t o = 0; o < d && c == 1u; o++) {
            all[o] = own[0];
        }
        requantise(window, c == d ? own : all, out);
        own += c;
        out += d;
    }
}

void iqlut_requantise_dsp(const iqlut_window *window, const uint16_t *own, uint8_t *out)
{
#ifdef IQLUT_DSP_ARM
    iqlut_requantise16_arm(window->acc, own, out, &window->constants);
#else
    for (uint32_t o = 0; o < window->layer->channels_out; o++) {
        out[o] = iqlut_requantise_output(window->layer, o, window->acc[o], own[o]);
    }
#endif
}

#endif
