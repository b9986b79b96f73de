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

#if defined(__AVX512BW__)
#include <immintrin.h>
#endif

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
            sum[v] = rest * *(const vec *)(below + v * LANES) + sum[v];
        for (int v = 0; v < vectors; v++) sum[v] = t * *(const vec *)(above + v * LANES) + sum[v];
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

/* Bit n: whether codes[n] is `code`. */
static inline uint64_t equal_mask(const uint8_t *codes, int code) {
#if defined(__AVX512BW__)
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(codes), _mm512_set1_epi8((char)code));
#else
    uint64_t mask = 0;
    for (int n = 0; n < 64; n++) mask |= (uint64_t)(codes[n] == code) << n;
    return mask;
#endif
}

/* One tile as one input channel sees it. slope (TILE, channels_in): the gradients of the signals. */
typedef struct {
    const float *gathered, *fraction;
    uint64_t mask[TILE / 64]; /* the pixels whose code is the one in hand */
    float *slope, steepness, below, above; /* the last two: sums of slopes, by nearness to either level */
    int channels;
} tile_view;

/* The pixels in hand: their part of the gradients of the two rows and of their signals. The two gradient rows stay in
 * registers over all of them. A longer row comes in parts, from `part` on. */
static inline __attribute__((always_inline)) void bucket(tile_view *tile, int part, int stride, int vectors,
                                                         const float *below, float *grad_below) {
    vec all[CHUNK], upper[CHUNK], rise[CHUNK];
    for (int v = 0; v < vectors; v++) {
        all[v] = upper[v] = (vec){0};
        rise[v] = *(const vec *)(below + stride + v * LANES) - *(const vec *)(below + v * LANES);
    }
    float total = 0, upper_total = 0;
    for (int half = 0; half < TILE / 64; half++)
        for (uint64_t mask = tile->mask[half]; mask; mask &= mask - 1) {
            const size_t pixel = (size_t)half * 64 + (size_t)__builtin_ctzll(mask);
            const float *from = tile->gathered + pixel * stride + part;
            const float t = tile->fraction[pixel];
            vec dot = {0};
            for (int v = 0; v < vectors; v++) {
                const vec g = *(const vec *)(from + v * LANES);
                all[v] += g;
                upper[v] = t * g + upper[v];
                dot = rise[v] * g + dot;
            }
            const float here = sum_lanes(dot) * tile->steepness;
            float *slope = tile->slope + pixel * tile->channels;
            *slope = part ? *slope + here : here;
            total += here;
            upper_total += t * here;
        }
    tile->below += total - upper_total;
    tile->above += upper_total;
    for (int v = 0; v < vectors; v++) {
        *(vec *)(grad_below + v * LANES) += all[v] - upper[v];
        *(vec *)(grad_below + stride + v * LANES) += upper[v];
    }
}

/* One tile, one input channel: all its codes. */
static void buckets(const iqlut_train_layer *l, tile_view *tile, const uint8_t *codes, const float *rows,
                    float *grad_rows, float *grad_knots) {
    const int stride = iqlut_train_stride(l);
    for (int code = 0; code < l->levels - 1; code++, rows += stride, grad_rows += stride) {
        uint64_t any = 0;
        for (int half = 0; half < TILE / 64; half++) any |= tile->mask[half] = equal_mask(codes + 64 * half, code);
        if (!any) continue;
        tile->steepness = l->steepness[code];
        tile->below = tile->above = 0;
        for (int part = 0; part < stride; part += CHUNK * LANES) {
            switch ((stride - part) / LANES) {
            case 1: bucket(tile, part, stride, 1, rows + part, grad_rows + part); break;
#if CHUNK > 2
            case 2: bucket(tile, part, stride, 2, rows + part, grad_rows + part); break;
            case 3: bucket(tile, part, stride, 3, rows + part, grad_rows + part); break;
            case 4: bucket(tile, part, stride, 4, rows + part, grad_rows + part); break;
#endif
            default: bucket(tile, part, stride, CHUNK, rows + part, grad_rows + part);
            }
        }
        grad_knots[code] -= tile->below;
        grad_knots[code + 1] -= tile->above;
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
    float fraction[TILE], slope[TILE * CHANNELS_MAX];
    uint8_t codes[TILE];
    int place[TILE];

    memset(padded, 0, sizeof(float) * (size_t)padded_w * (l->h + 2 * (k - 1)) * d);
    for (int y = 0; y < l->h; y++)
        memcpy(padded + ((size_t)(y + k - 1) * padded_w + k - 1) * d, grad_acc + (size_t)y * l->w * d,
               sizeof(float) * (size_t)l->w * d);
    memset(gathered, 0, sizeof(float) * (size_t)TILE * stride);
    memset(codes, 255, sizeof codes); /* no code: what lies behind the last pixel */

    for (int start = 0; start < pixels; start += TILE) {
        const int here = pixels - start < TILE ? pixels - start : TILE;
        int py = start / wide, px = start % wide;
        for (int n = 0; n < here; n++, px++) {
            if (px == wide) px = 0, py++;
            place[n] = clamp_index(py - before, l->h) * l->w + clamp_index(px - before, l->w);
            float *to = gathered + (size_t)n * stride;
            if (k == 3 && d == 8) gather(padded, padded_w, py, px, 3, 8, to);
            else if (k == 3 && d == 16) gather(padded, padded_w, py, px, 3, 16, to);
            else if (k == 2 && d == 16) gather(padded, padded_w, py, px, 2, 16, to);
            else gather(padded, padded_w, py, px, k, d, to);
        }
        if (here < TILE) memset(codes, 255, sizeof codes);
        for (int c = 0; c < channels; c++) {
            for (int n = 0; n < here; n++) {
                const int s = signal[(size_t)place[n] * channels + c];
                codes[n] = l->code[s];
                fraction[n] = l->fraction[s];
            }
            tile_view tile = {.gathered = gathered, .fraction = fraction, .slope = slope + c, .channels = channels};
            const size_t table = (size_t)c * l->levels * stride;
            buckets(l, &tile, codes, rows + table, grad_rows + table, grad_knots);
        }
        for (int n = 0; grad_signal && n < here; n++)
            for (int c = 0; c < channels; c++) grad_signal[(size_t)place[n] * channels + c] += slope[n * channels + c];
    }
}

/* The gate of train.h for one patch. Where whole pixels fill a vector it goes by vectors, with gain and skip repeated;
 * what is left over, and all else, by single values. */
typedef uint8_t bytes __attribute__((vector_size(LANES), aligned(1), may_alias));
typedef int32_t ints __attribute__((vector_size(LANES * 4)));

static inline __attribute__((always_inline)) vec where(ints mask, vec yes, vec no) {
    return (vec)(((ints)yes & mask) | ((ints)no & ~mask));
}

static size_t by_vectors(const iqlut_train_layer *l) {
    const int d = l->channels_out;
    return l->channels_in == d && LANES % d == 0 ? (size_t)l->h * l->w * d / LANES * LANES : 0;
}

static vec repeated(const float *values, int d) {
    vec out;
    for (int i = 0; i < LANES; i++) out[i] = values[i % d];
    return out;
}

void NAME(gate_forward)(const iqlut_train_layer *l, const iqlut_train_gate *g, const uint8_t *signal, const float *acc,
                        uint8_t *out) {
    const int d = l->channels_out, broadcast = l->channels_in != d;
    const size_t values = (size_t)l->h * l->w * d, vectors = by_vectors(l);
    if (vectors) {
        const vec gain = repeated(g->gain, d) * CENTRE, skip = repeated(g->skip, d), zero = {0}, top = zero + 255.0f;
        for (size_t at = 0; at < vectors; at += LANES) {
            const vec s = __builtin_convertvector(*(const bytes *)(signal + at), vec) - CENTRE;
            const vec y = gain * *(const vec *)(acc + at) + (skip * s + CENTRE);
            const vec low = where(y > zero, y, zero), clamped = where(low < top, low, top);
            *(bytes *)(out + at) = __builtin_convertvector(__builtin_convertvector(clamped + 0.5f, ints), bytes);
        }
    }
    for (size_t at = vectors; at < values; at++) {
        const size_t o = at % d, from = broadcast ? at / d * l->channels_in : at;
        const float y = CENTRE * g->gain[o] * acc[at] + (g->skip[o] * ((float)signal[from] - CENTRE) + CENTRE);
        const float low = y < 0.0f ? 0.0f : y, clamped = low > 255.0f ? 255.0f : low;
        out[at] = (uint8_t)(int)(clamped + 0.5f);
    }
}

void NAME(gate_backward)(const iqlut_train_layer *l, const iqlut_train_gate *g, const uint8_t *signal,
                         const uint8_t *out, const float *acc, const float *grad_out, float *grad_acc,
                         float *grad_signal) {
    const int d = l->channels_out, broadcast = l->channels_in != d;
    const size_t values = (size_t)l->h * l->w * d, vectors = grad_signal ? by_vectors(l) : 0;
    if (vectors) {
        const vec gain = repeated(g->gain, d), skip = repeated(g->skip, d), zero = {0}, top = zero + 255.0f;
        vec grad_gain = zero, grad_skip = zero;
        for (size_t at = 0; at < vectors; at += LANES) {
            const vec s = __builtin_convertvector(*(const bytes *)(signal + at), vec) - CENTRE;
            const vec after = __builtin_convertvector(*(const bytes *)(out + at), vec);
            const vec passed = where((after > zero) & (after < top), *(const vec *)(grad_out + at), zero);
            *(vec *)(grad_acc + at) = passed * gain;
            *(vec *)(grad_signal + at) += passed * skip;
            grad_gain += passed * *(const vec *)(acc + at);
            grad_skip += passed * s;
        }
        for (int i = 0; i < LANES; i++) {
            g->grad_gain[i % d] += grad_gain[i];
            g->grad_skip[i % d] += grad_skip[i] / CENTRE;
        }
    }
    for (size_t at = vectors; at < values; at++) {
        const size_t o = at % d, from = broadcast ? at / d * l->channels_in : at;
        const float passed = out[at] == 0 || out[at] == 255 ? 0.0f : grad_out[at];
        grad_acc[at] = passed * g->gain[o];
        g->grad_gain[o] += passed * acc[at];
        g->grad_skip[o] += passed * ((float)signal[from] - CENTRE) / CENTRE;
        if (grad_signal) grad_signal[from] += passed * g->skip[o];
    }
}
