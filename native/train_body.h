/* The training kernel of one look-up layer in float32: forward and backward of the expanded
 * convolution (IQ-LUT eq. 2, 5), touching only the two levels that a signal lies between.
 *
 * Included once for each instruction set by train_portable.c, train_avx2.c and train_avx512.c, which
 * define NAME(x) and CHUNK, the vectors of a row kept in registers at a time. The compiler maps the
 * 16-lane vector type below to whatever the instruction set has.
 *
 * A row is the k*k*d entries of one input channel at one level, padded to whole vectors. A pixel's
 * row sum is written to a strip, and the strip is overlap-added; backward gathers by the same map.
 */
#include <stdlib.h>
#include <string.h>

#include "train.h"

#define LANES 16
#define CENTRE 128.0f
#define CHANNELS_MAX 64
#define TILE 128 /* pixels whose gathered gradients stay in the first cache */

typedef float vec __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

static inline int clamp_index(int index, int size) { return index < 0 ? 0 : index >= size ? size - 1 : index; }

static inline __attribute__((always_inline)) float sum_lanes(vec v) {
    typedef float half __attribute__((vector_size(32)));
    typedef float quarter __attribute__((vector_size(16)));
    const half a = __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                   __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
    const quarter b = __builtin_shufflevector(a, a, 0, 1, 2, 3) + __builtin_shufflevector(a, a, 4, 5, 6, 7);
    const quarter c = b + __builtin_shufflevector(b, b, 2, 3, 0, 1);
    return c[0] + c[1];
}

/* The sum over input channels of the blended rows of one pixel, `vectors` of them from `first` on. */
static inline __attribute__((always_inline)) void row_sum(const iqlut_train_layer *l, const uint8_t *signal,
                                                          const float *rows, int stride, int vectors, float *out) {
    vec sum[CHUNK];
    for (int v = 0; v < vectors; v++) sum[v] = (vec){0};
    for (int c = 0; c < l->channels_in; c++) {
        const int s = signal[c];
        const float *below = rows + (size_t)(c * l->levels + l->code[s]) * stride, *above = below + stride;
        const float t = l->fraction[s], rest = 1.0f - t;
        for (int v = 0; v < vectors; v++)
            sum[v] += rest * *(const vec *)(below + v * LANES) + t * *(const vec *)(above + v * LANES);
    }
    for (int v = 0; v < vectors; v++) *(vec *)(out + v * LANES) = sum[v];
}

static void row_sums(const iqlut_train_layer *l, const uint8_t *signal, const float *rows, int stride, float *out) {
    for (int first = 0; first < stride; first += CHUNK * LANES) {
        switch ((stride - first) / LANES) { /* constant trip counts keep the sums in registers */
        case 1: row_sum(l, signal, rows + first, stride, 1, out + first); break;
#if CHUNK > 2
        case 2: row_sum(l, signal, rows + first, stride, 2, out + first); break;
        case 3: row_sum(l, signal, rows + first, stride, 3, out + first); break;
        case 4: row_sum(l, signal, rows + first, stride, 4, out + first); break;
#endif
        default: row_sum(l, signal, rows + first, stride, CHUNK, out + first);
        }
    }
}

/* acc (h, w, d) += the row sums of one padded row of pixels, seen from the k output rows it reaches. */
static inline __attribute__((always_inline)) void overlap_add(const iqlut_train_layer *l, const float *strip, int stride,
                                                              int padded_row, float *acc, int k, int d) {
    for (int i = 0; i < k; i++) {
        const int row = padded_row - i;
        if (row < 0 || row >= l->h) continue;
        float *out = acc + (size_t)row * l->w * d;
        for (int x = 0; x < l->w; x++)
            for (int j = 0; j < k; j++) {
                const float *from = strip + (size_t)(x + j) * stride + (i * k + j) * d;
                for (int o = 0; o < d; o++) out[x * d + o] += from[o];
            }
    }
}

void NAME(forward)(const iqlut_train_layer *l, const uint8_t *signal, const float *rows, float *work, float *acc) {
    const int k = l->kernel, d = l->channels_out, before = (k - 1) / 2;
    const int stride = iqlut_train_stride(l);
    memset(acc, 0, sizeof(float) * (size_t)l->h * l->w * d);
    for (int py = 0; py < l->h + k - 1; py++) {
        const uint8_t *row = signal + (size_t)clamp_index(py - before, l->h) * l->w * l->channels_in;
        for (int px = 0; px < l->w + k - 1; px++)
            row_sums(l, row + (size_t)clamp_index(px - before, l->w) * l->channels_in, rows, stride,
                     work + (size_t)px * stride);
        if (k == 3 && d == 8) overlap_add(l, work, stride, py, acc, 3, 8);
        else if (k == 3 && d == 16) overlap_add(l, work, stride, py, acc, 3, 16);
        else if (k == 2 && d == 16) overlap_add(l, work, stride, py, acc, 2, 16);
        else overlap_add(l, work, stride, py, acc, k, d);
    }
}

/* The pixels of one tile that share a code in one channel: their part of the gradient of the two rows,
 * and of their signals. The two gradient rows stay in registers over the whole list. */
static inline __attribute__((always_inline)) void bucket(const float *gathered, int stride, int vectors,
                                                         const uint8_t *list, int count, const float *fraction,
                                                         const float *below, float *grad_below, float *slope,
                                                         float *slopes) {
    vec all[CHUNK], upper[CHUNK], rise[CHUNK];
    float total = 0, upper_total = 0;
    for (int v = 0; v < vectors; v++) {
        all[v] = upper[v] = (vec){0};
        rise[v] = *(const vec *)(below + stride + v * LANES) - *(const vec *)(below + v * LANES);
    }
    for (int n = 0; n < count; n++) {
        const int pixel = list[n];
        const float *from = gathered + (size_t)pixel * stride;
        const float t = fraction[pixel];
        vec dot = {0};
        for (int v = 0; v < vectors; v++) {
            const vec g = *(const vec *)(from + v * LANES);
            all[v] += g;
            upper[v] += t * g;
            dot += rise[v] * g;
        }
        const float here = sum_lanes(dot);
        slope[pixel] += here;
        total += here;
        upper_total += t * here;
    }
    slopes[0] += total - upper_total;
    slopes[1] += upper_total;
    for (int v = 0; v < vectors; v++) {
        *(vec *)(grad_below + v * LANES) += all[v] - upper[v];
        *(vec *)(grad_below + stride + v * LANES) += upper[v];
    }
}

static void buckets(const iqlut_train_layer *l, int c, const float *rows, const float *gathered, int stride,
                    const uint8_t (*list)[TILE], const int *count, const float *fraction, float *grad_rows,
                    float *slope, float *grad_knots) {
    for (int code = 0; code < l->levels - 1; code++) {
        if (!count[code]) continue;
        const size_t at = (size_t)(c * l->levels + code) * stride;
        float slopes[2] = {0, 0}; /* of the signals, weighted by their nearness to the level below and above */
        for (int first = 0; first < stride; first += CHUNK * LANES) {
            const float *from = gathered + first, *below = rows + at + first;
            float *grad = grad_rows + at + first;
            switch ((stride - first) / LANES) {
            case 1: bucket(from, stride, 1, list[code], count[code], fraction, below, grad, slope, slopes); break;
#if CHUNK > 2
            case 2: bucket(from, stride, 2, list[code], count[code], fraction, below, grad, slope, slopes); break;
            case 3: bucket(from, stride, 3, list[code], count[code], fraction, below, grad, slope, slopes); break;
            case 4: bucket(from, stride, 4, list[code], count[code], fraction, below, grad, slope, slopes); break;
#endif
            default: bucket(from, stride, CHUNK, list[code], count[code], fraction, below, grad, slope, slopes);
            }
        }
        grad_knots[code] -= slopes[0] * l->steepness[code];
        grad_knots[code + 1] -= slopes[1] * l->steepness[code];
    }
}

static inline __attribute__((always_inline)) void gather(const float *padded, int padded_w, int py, int px, int k, int d,
                                                         float *out) {
    for (int i = 0; i < k; i++)
        for (int j = 0; j < k; j++) {
            const float *from = padded + ((size_t)(py - i + k - 1) * padded_w + px - j + k - 1) * d;
            for (int o = 0; o < d; o++) out[(i * k + j) * d + o] = from[o];
        }
}

/* grad_rows, grad_knots and, unless it is NULL, grad_signal (h, w, c) += the gradients of the rows, of the places of
 * the levels and of the signal, the last two in units of x: dF/dx = (above - below) / gap, and moving the level
 * below (above) by dx is moving the signal by -(1 - fraction) dx (by -fraction dx). */
void NAME(backward)(const iqlut_train_layer *l, const uint8_t *signal, const float *rows, const float *grad_acc,
                    float *work, float *grad_rows, float *grad_knots, float *grad_signal) {
    const int k = l->kernel, d = l->channels_out, channels = l->channels_in, before = (k - 1) / 2;
    const int stride = iqlut_train_stride(l), wide = l->w + k - 1, pixels = wide * (l->h + k - 1);
    const int padded_w = l->w + 2 * (k - 1);
    float *gathered = work, *padded = work + (size_t)TILE * stride; /* gradients with a border of zeros */
    uint8_t list[IQLUT_TRAIN_LEVELS][TILE];
    int count[IQLUT_TRAIN_LEVELS], place[TILE];
    float fraction[TILE], slope[TILE];

    memset(padded, 0, sizeof(float) * (size_t)padded_w * (l->h + 2 * (k - 1)) * d);
    for (int y = 0; y < l->h; y++)
        memcpy(padded + ((size_t)(y + k - 1) * padded_w + k - 1) * d, grad_acc + (size_t)y * l->w * d,
               sizeof(float) * (size_t)l->w * d);
    memset(gathered, 0, sizeof(float) * (size_t)TILE * stride);

    for (int start = 0; start < pixels; start += TILE) {
        const int here = pixels - start < TILE ? pixels - start : TILE;
        for (int n = 0; n < here; n++) {
            const int py = (start + n) / wide, px = (start + n) % wide;
            place[n] = clamp_index(py - before, l->h) * l->w + clamp_index(px - before, l->w);
            float *to = gathered + (size_t)n * stride;
            if (k == 3 && d == 8) gather(padded, padded_w, py, px, 3, 8, to);
            else if (k == 3 && d == 16) gather(padded, padded_w, py, px, 3, 16, to);
            else if (k == 2 && d == 16) gather(padded, padded_w, py, px, 2, 16, to);
            else gather(padded, padded_w, py, px, k, d, to);
        }
        for (int c = 0; c < channels; c++) {
            memset(count, 0, sizeof(int) * (size_t)l->levels);
            for (int n = 0; n < here; n++) {
                const int s = signal[(size_t)place[n] * channels + c], code = l->code[s];
                fraction[n] = l->fraction[s];
                slope[n] = 0;
                list[code][count[code]++] = (uint8_t)n;
            }
            buckets(l, c, rows, gathered, stride, list, count, fraction, grad_rows, slope, grad_knots);
            if (!grad_signal) continue;
            for (int n = 0; n < here; n++) {
                const size_t at = (size_t)place[n] * channels + c;
                grad_signal[at] += slope[n] * l->steepness[l->code[signal[at]]];
            }
        }
    }
}

/* The gate of train.c for one patch; `d` and the step between input pixels are constants where it counts. */
static inline __attribute__((always_inline)) void gate_rows(const iqlut_train_layer *l, const iqlut_train_gate *g,
                                                            const uint8_t *signal, const float *acc, uint8_t *out,
                                                            int d, int broadcast) {
    const size_t pixels = (size_t)l->h * l->w;
    for (size_t p = 0; p < pixels; p++)
        for (int o = 0; o < d; o++) {
            const float s = (float)signal[broadcast ? p * l->channels_in : p * d + o] - CENTRE;
            const float y = CENTRE + g->skip[o] * s + CENTRE * g->gain[o] * acc[p * d + o];
            const float low = y < 0.0f ? 0.0f : y, clamped = low > 255.0f ? 255.0f : low;
            out[p * d + o] = (uint8_t)(int)(clamped + 0.5f);
        }
}

void NAME(gate_forward)(const iqlut_train_layer *l, const iqlut_train_gate *g, const uint8_t *signal, const float *acc,
                        uint8_t *out) {
    const int d = l->channels_out, broadcast = l->channels_in != d;
    if (!broadcast && d == 8) gate_rows(l, g, signal, acc, out, 8, 0);
    else if (!broadcast && d == 16) gate_rows(l, g, signal, acc, out, 16, 0);
    else gate_rows(l, g, signal, acc, out, d, broadcast);
}

static inline __attribute__((always_inline)) void gate_grad_rows(const iqlut_train_layer *l, const iqlut_train_gate *g,
                                                                 const uint8_t *signal, const uint8_t *out,
                                                                 const float *acc, const float *grad_out,
                                                                 float *restrict grad_acc, float *restrict grad_signal,
                                                                 int d, int broadcast) {
    const size_t pixels = (size_t)l->h * l->w;
    float gain[CHANNELS_MAX] = {0}, skip[CHANNELS_MAX] = {0};
    for (size_t p = 0; p < pixels; p++)
        for (int o = 0; o < d; o++) {
            const size_t at = p * d + o, from = broadcast ? p * l->channels_in : at;
            const float passed = out[at] == 0 || out[at] == 255 ? 0.0f : grad_out[at];
            grad_acc[at] = passed * g->gain[o];
            gain[o] += passed * acc[at];
            skip[o] += passed * ((float)signal[from] - CENTRE);
            if (grad_signal) grad_signal[from] += passed * g->skip[o];
        }
    for (int o = 0; o < d; o++) {
        g->grad_gain[o] += gain[o];
        g->grad_skip[o] += skip[o] * (1.0f / CENTRE);
    }
}

void NAME(gate_backward)(const iqlut_train_layer *l, const iqlut_train_gate *g, const uint8_t *signal,
                         const uint8_t *out, const float *acc, const float *grad_out, float *grad_acc,
                         float *grad_signal) {
    const int d = l->channels_out, broadcast = l->channels_in != d;
    if (!broadcast && d == 8 && grad_signal) gate_grad_rows(l, g, signal, out, acc, grad_out, grad_acc, grad_signal, 8, 0);
    else if (!broadcast && d == 16 && grad_signal)
        gate_grad_rows(l, g, signal, out, acc, grad_out, grad_acc, grad_signal, 16, 0);
    else gate_grad_rows(l, g, signal, out, acc, grad_out, grad_acc, grad_signal, d, broadcast);
}
