/* Backward: the gradients of entries, signals and places of levels of one layer; part of train_body.h.
 *
 * A tile of pixels at a time. First each pixel gathers the gradients of all that its rows are added to. Then, an input
 * channel at a time, the pixels that share a level are found by a bit mask, and the gradients of their two rows stay in
 * registers over all. Last, products with the rise of each channel's row are the gradients of the signals. */

#define TILE IQLUT_TRAIN_TILE /* whose gathered gradients stay in the first cache; as many as a mask has bits */
#define TOGETHER 4 /* input channels whose products are summed across lanes at once */

typedef struct {
    float *gathered;                          /* (TILE, stride) */
    uint8_t codes[IQLUT_TRAIN_CHANNELS_MAX][TILE];
    float fraction[IQLUT_TRAIN_CHANNELS_MAX][TILE], slope[TILE * IQLUT_TRAIN_CHANNELS_MAX]; /* slope (pixels, channels_in) */
    int place[TILE];                          /* where in the patch a pixel's signal lies */
} tile_state;

/* Bit n: whether codes[n] is `code`. */
static inline uint64_t equal_mask(const uint8_t *codes, int code) {
#if defined(__AVX512BW__)
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(codes), _mm512_set1_epi8((char)code));
#elif defined(__AVX2__)
    const __m256i wanted = _mm256_set1_epi8((char)code);
    const __m256i low = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)codes), wanted);
    const __m256i high = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(codes + 32)), wanted);
    return (uint32_t)_mm256_movemask_epi8(low) | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
#else
    uint64_t mask = 0;
    for (int n = 0; n < 64; n++) mask |= (uint64_t)(codes[n] == code) << n;
    return mask;
#endif
}

typedef float four __attribute__((vector_size(16)));

/* The sums over the lanes of four vectors. */
#if LANES == 4
static inline __attribute__((always_inline)) void sum_lanes(const vec *v, float *out) {
    const four ab = __builtin_shufflevector(v[0], v[1], 0, 1, 4, 5) + __builtin_shufflevector(v[0], v[1], 2, 3, 6, 7);
    const four cd = __builtin_shufflevector(v[2], v[3], 0, 1, 4, 5) + __builtin_shufflevector(v[2], v[3], 2, 3, 6, 7);
    const four sums = __builtin_shufflevector(ab, cd, 0, 2, 4, 6) + __builtin_shufflevector(ab, cd, 1, 3, 5, 7);
    memcpy(out, &sums, sizeof sums);
}
#else
static inline __attribute__((always_inline)) eight folded(vec v) {
#if LANES == 16
    return __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) + __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
#else
    return v;
#endif
}

static inline __attribute__((always_inline)) void sum_lanes(const vec *v, float *out) {
    const eight a = folded(v[0]), b = folded(v[1]), c = folded(v[2]), d = folded(v[3]);
    const eight ab = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11) +
                     __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
    const eight cd = __builtin_shufflevector(c, d, 0, 1, 2, 3, 8, 9, 10, 11) +
                     __builtin_shufflevector(c, d, 4, 5, 6, 7, 12, 13, 14, 15);
    const eight twos = __builtin_shufflevector(ab, cd, 0, 1, 8, 9, 4, 5, 12, 13) + /* of a, c, b and d */
                       __builtin_shufflevector(ab, cd, 2, 3, 10, 11, 6, 7, 14, 15);
    const four sums = __builtin_shufflevector(twos, twos, 0, 4, 2, 6) + __builtin_shufflevector(twos, twos, 1, 5, 3, 7);
    memcpy(out, &sums, sizeof sums);
}
#endif

/* The gradients of one pixel's signals: its gathered gradients times the rises of its rows. */
static inline __attribute__((always_inline)) void slopes(const iqlut_train_view *l, const tile_state *tile, int n,
                                                         int channels, int vectors, float *out) {
    const float *from = tile->gathered + (size_t)n * vectors * LANES;
    for (int c = 0; c < channels; c += TOGETHER) {
        const float *rise[TOGETHER];
        vec dot[TOGETHER];
        for (int i = 0; i < TOGETHER; i++) {
            const int channel = c + i < channels ? c + i : c; /* what is left over is summed and not kept */
            rise[i] = l->rises + (size_t)(channel * (l->levels - 1) + tile->codes[channel][n]) * vectors * LANES;
            dot[i] = (vec){0};
        }
        for (int v = 0; v < vectors; v++) {
            const vec g = *(const vec *)(from + v * LANES);
            for (int i = 0; i < TOGETHER; i++) dot[i] = *(const vec *)(rise[i] + v * LANES) * g + dot[i];
        }
        float sums[TOGETHER];
        sum_lanes(dot, sums);
        for (int i = 0; i < TOGETHER && c + i < channels; i++) out[c + i] = sums[i];
    }
}

/* The pixels of `mask`: their part of the gradients of two rows, `vectors` of each. */
static inline __attribute__((always_inline)) void bucket(const float *gathered, const float *fraction, uint64_t mask,
                                                         int stride, int vectors, float *grad_below) {
    vec all[CHUNK], upper[CHUNK];
    for (int v = 0; v < vectors; v++) all[v] = upper[v] = (vec){0};
    for (; mask; mask &= mask - 1) {
        const size_t pixel = (size_t)__builtin_ctzll(mask);
        const float *from = gathered + pixel * stride;
        const float t = fraction[pixel];
        for (int v = 0; v < vectors; v++) {
            const vec g = *(const vec *)(from + v * LANES);
            all[v] += g;
            upper[v] = t * g + upper[v];
        }
    }
    for (int v = 0; v < vectors; v++) {
        *(vec *)(grad_below + v * LANES) += all[v] - upper[v];
        *(vec *)(grad_below + stride + v * LANES) += upper[v];
    }
}

/* The tile's part of the gradients of the entries, rows (channels_in, levels) of `vectors`. */
static inline __attribute__((always_inline)) void buckets(const iqlut_train_view *l, const tile_state *tile, int channels,
                                                          int vectors, float *grad_rows) {
    const int stride = vectors * LANES;
    for (int c = 0; c < channels; c++, grad_rows += stride)
        for (int code = 0; code < l->levels - 1; code++, grad_rows += stride) {
            const uint64_t mask = equal_mask(tile->codes[c], code);
            if (!mask) continue;
            const int last = (vectors - 1) / CHUNK * CHUNK; /* a long row comes in parts */
            for (int part = 0; part < last; part += CHUNK)
                bucket(tile->gathered + part * LANES, tile->fraction[c], mask, stride, CHUNK, grad_rows + part * LANES);
            bucket(tile->gathered + last * LANES, tile->fraction[c], mask, stride, vectors - last, grad_rows + last * LANES);
        }
}

/* Moving the level below (above) by dx is moving the signal by -(1 - fraction) dx (by -fraction dx). */
static void places(const iqlut_train_view *l, const tile_state *tile, int count, float *grad_knots) {
    for (int c = 0; c < l->channels_in; c++)
        for (int n = 0; n < count; n++) {
            const float slope = tile->slope[n * l->channels_in + c], above = tile->fraction[c][n] * slope;
            grad_knots[tile->codes[c][n]] -= slope - above;
            grad_knots[tile->codes[c][n] + 1] -= above;
        }
}

static inline __attribute__((always_inline)) void gather(const float *padded, int padded_w, int py, int px, int k, int d,
                                                         float *out) {
    for (int i = 0; i < k; i++)
        for (int j = 0; j < k; j++) {
            const float *from = padded + ((size_t)(py - i + k - 1) * padded_w + px - j + k - 1) * d;
            memcpy(out + (i * k + j) * d, from, sizeof(float) * (size_t)d);
        }
}

/* The levels of one pixel's signals. */
static inline __attribute__((always_inline)) void look_up(const iqlut_train_view *l, const uint8_t *signal, int channels,
                                                          tile_state *tile, int n) {
    for (int c = 0; c < channels; c++) {
        const int s = signal[c];
        tile->codes[c][n] = l->code[s];
        tile->fraction[c][n] = l->fraction[s];
    }
}

/* One tile: padded pixels `start` to `start + count` - 1. */
static inline __attribute__((always_inline)) void one_tile(const iqlut_train_view *l, const uint8_t *signal,
                                                           const float *padded, int start, int count, tile_state *tile,
                                                           iqlut_train_grads *grads, float *grad_signal, int channels,
                                                           int k, int d) {
    const int wide = l->w + k - 1, before = (k - 1) / 2, vectors = (k * k * d + WHOLE - 1) / WHOLE * WHOLE / LANES;
    int py = start / wide, px = start % wide;
    for (int n = 0; n < count; n++, px++) {
        if (px == wide) px = 0, py++;
        tile->place[n] = clamp_index(py - before, l->h) * l->w + clamp_index(px - before, l->w);
        gather(padded, l->w + 2 * (k - 1), py, px, k, d, tile->gathered + (size_t)n * vectors * LANES);
        look_up(l, signal + (size_t)tile->place[n] * channels, channels, tile, n);
    }
    for (int c = 0; c < channels && count < TILE; c++) memset(tile->codes[c] + count, 255, (size_t)(TILE - count));
    buckets(l, tile, channels, vectors, grads->rows);
    if (!grad_signal && !grads->knots) return;
    for (int n = 0; n < count; n++) slopes(l, tile, n, channels, vectors, tile->slope + n * channels);
    for (int n = 0; grad_signal && n < count; n++)
        for (int c = 0; c < channels; c++) grad_signal[(size_t)tile->place[n] * channels + c] += tile->slope[n * channels + c];
    if (grads->knots) places(l, tile, count, grads->knots);
}

/* grads and, unless it is NULL, grad_signal (h, w, c) += the gradients from grad_acc (h, w, d); those of the signal and of
 * the places of the levels in units of x: dF/dx = (above - below) / gap. */
static inline __attribute__((always_inline)) void backward_of(const iqlut_train_view *l, const uint8_t *signal,
                                                              const float *grad_acc, float *work,
                                                              iqlut_train_grads *grads, float *grad_signal,
                                                              int channels, int k, int d) {
    const int pixels = (l->w + k - 1) * (l->h + k - 1), padded_w = l->w + 2 * (k - 1);
    float *padded = work + (size_t)TILE * l->stride; /* gradients with a border of zeros */
    tile_state tile;

    tile.gathered = work;
    memset(padded, 0, sizeof(float) * (size_t)padded_w * (l->h + 2 * (k - 1)) * d);
    for (int y = 0; y < l->h; y++)
        memcpy(padded + ((size_t)(y + k - 1) * padded_w + k - 1) * d, grad_acc + (size_t)y * l->w * d,
               sizeof(float) * (size_t)l->w * d);
    memset(work, 0, sizeof(float) * (size_t)TILE * l->stride);
    for (int start = 0; start < pixels; start += TILE)
        one_tile(l, signal, padded, start, pixels - start < TILE ? pixels - start : TILE, &tile, grads, grad_signal,
                 channels, k, d);
}

static void backward(const iqlut_train_view *l, const uint8_t *signal, const float *grad_acc, float *work,
                     iqlut_train_grads *grads, float *grad_signal) {
    FOR_SHAPES(l, backward_of, l, signal, grad_acc, work, grads, grad_signal)
}
