/* The whole model in plain loops, from a plane of luma to a plane of luma: for reading and for
 * checking, slow on purpose. Each function says which one of arithmetic.py it translates.
 *
 * Axes, in the order of an index:
 *     y x    rows and columns of the low-resolution plane, h and w of them
 *     c      input channels of a layer
 *     level  levels of a table
 *     i j    rows and columns of taps, `kernel` of each
 *     d      output channels of a layer; in the last layer the phases, scale * scale
 *
 * A signal is uint8 [y][x][c]; the signal of the first layer is the luma, with one channel.
 */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* A signal between two layers. */
typedef struct {
    int64_t h, w;
    int channels;
    const uint8_t *values;
} layer_signal;

/* The value at (y, x), with edge replication. */
static int signal_at(const layer_signal *s, int64_t y, int64_t x, int c) {
    y = iqlut_clamp_index(y, s->h), x = iqlut_clamp_index(x, s->w);
    return s->values[(y * s->w + x) * s->channels + c];
}

/* arithmetic.blend of the two entries that `value` lies between, of one channel, tap and output. */
static int32_t blend_at(const iqlut_layer *l, int value, int c, int tap, int d) {
    const iqlut_shape *s = &l->shape;
    const int taps = s->kernel * s->kernel;
    const int code = l->curve[value], fraction = l->curve[IQLUT_SIGNALS + value];
    const int8_t *below = l->lut + ((c * s->levels + code) * taps + tap) * s->channels_out + d;
    const int8_t *above = below + taps * s->channels_out;
    return (IQLUT_ONE - fraction) * *below + fraction * *above;
}

/* The accumulator of one output: the exact sum of blends over channels and taps (IQ-LUT eq. 2). */
static int32_t accumulate(const iqlut_layer *l, const layer_signal *in, int64_t y, int64_t x,
                          int d) {
    const int kernel = l->shape.kernel, before = iqlut_before(kernel);
    int32_t acc = 0;
    for (int c = 0; c < l->shape.channels_in; c++)
        for (int i = 0; i < kernel; i++)
            for (int j = 0; j < kernel; j++) {
                const int value = signal_at(in, y + i - before, x + j - before, c);
                acc += blend_at(l, value, c, i * kernel + j, d);
            }
    return acc;
}

/* arithmetic.bilinear at (y, x) for one phase. */
static int32_t bilinear_at(const layer_signal *luma, int scale, int64_t y, int64_t x, int phase) {
    int16_t rows[3], columns[3];
    iqlut_bilinear_weights(scale, phase / scale, rows);
    iqlut_bilinear_weights(scale, phase % scale, columns);
    int32_t sum = 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            sum += rows[i] * columns[j] * signal_at(luma, y + i - 1, x + j - 1, 0);
    return sum;
}

/* arithmetic.skip_signal: what the skip of a block multiplies. */
static int32_t skip_at(const iqlut_layer *l, const layer_signal *in, int64_t y, int64_t x, int d) {
    if (in->channels == 1) return signal_at(in, y, x, 0);
    return in->channels == l->shape.channels_out ? signal_at(in, y, x, d) : 0;
}

/* arithmetic.round_shift */
static int32_t round_shift(int32_t value, int shift) {
    return (value + ((1 << shift) >> 1)) >> shift;
}

/* arithmetic.requantise of one output. */
static uint8_t requantise(const iqlut_layer *l, int32_t acc, int32_t skip_signal, int d) {
    const int32_t gated = round_shift(acc, l->acc_shift) * l->gain[d];
    const int32_t value = (gated + skip_signal * l->skip[d] + l->bias[d]) >> l->shift;
    return (uint8_t)(value < 0 ? 0 : value > IQLUT_SIGNAL_MAX ? IQLUT_SIGNAL_MAX : value);
}

/* A block: the next signal, as large as this one; NULL without memory. */
static uint8_t *block(const iqlut_job *job, const iqlut_layer *l, const layer_signal *in) {
    const int outputs = l->shape.channels_out;
    uint8_t *out = malloc((size_t)(in->h * in->w * outputs)), *to = out;
    for (int64_t y = 0; out && y < in->h && !iqlut_stopped(job); y++)
        for (int64_t x = 0; x < in->w; x++)
            for (int d = 0; d < outputs; d++)
                *to++ = requantise(l, accumulate(l, in, y, x, d), skip_at(l, in, y, x, d), d);
    return out;
}

/* The upsampler: its outputs at (y, x) are the phases of that pixel, added to the bilinear base and
 * placed beside each other (the pixel shuffle). */
static void upsample(const iqlut_job *job, const layer_signal *luma, const layer_signal *in) {
    const int scale = job->plan->scale;
    const iqlut_layer *l = &job->plan->tables->layers[job->plan->layer_count - 1];
    for (int64_t y = 0; y < in->h && !iqlut_stopped(job); y++)
        for (int64_t x = 0; x < in->w; x++)
            for (int phase = 0; phase < scale * scale; phase++) {
                const int32_t acc = accumulate(l, in, y, x, phase);
                const int32_t base = bilinear_at(luma, scale, y, x, phase);
                uint8_t *row =
                    job->result.pixels + (y * scale + phase / scale) * job->result.stride;
                row[x * scale + phase % scale] = requantise(l, acc, base, phase);
            }
}

/* The luma without what lies between its rows; NULL without memory. */
static uint8_t *copy_luma(const iqlut_picture *p) {
    uint8_t *copy = malloc((size_t)(p->h * p->w));
    for (int64_t y = 0; copy && y < p->h; y++)
        memcpy(copy + y * p->w, p->pixels + y * p->stride, (size_t)p->w);
    return copy;
}

int iqlut_reference(const iqlut_job *job) {
    const iqlut_picture *p = &job->picture;
    if (p->channels != 1) return IQLUT_BAD_PICTURE_CHANNELS;
    const layer_signal luma = {p->h, p->w, 1, copy_luma(p)};
    layer_signal now = luma;
    for (int n = 0; n < job->plan->layer_count - 1 && now.values; n++) {
        const iqlut_layer *l = &job->plan->tables->layers[n];
        const layer_signal next = {now.h, now.w, l->shape.channels_out, block(job, l, &now)};
        if (now.values != luma.values) free((void *)now.values);
        now = next;
    }
    const int failed = !now.values;
    if (!failed) upsample(job, &luma, &now);
    if (now.values != luma.values) free((void *)now.values);
    free((void *)luma.values);
    return failed ? IQLUT_NO_MEMORY : iqlut_stopped(job) ? IQLUT_STOPPED : IQLUT_OK;
}
