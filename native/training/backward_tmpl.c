/* Backward: the gradients of entries, signals and places of levels of one layer, part of
 * layer_tmpl.c.
 *
 * A tile of pixels at a time. First each pixel gathers the gradients of all that its rows are added
 * to. Then, an input channel at a time, the pixels that share a level are found by a bit mask, and
 * the gradients of their two rows stay in registers over all. Last, products with the rise of each
 * channel's row are the gradients of the signals. */

/* Pixels whose gathered gradients stay in the L1 cache; as many as a mask has bits. */
#define TILE IQLUT_TRAIN_TILE
#define TOGETHER 4 /* input channels whose products are summed across lanes at once */

typedef struct {
    float *gathered; /* (TILE, stride) */
    uint8_t codes[IQLUT_CHANNELS_MAX][TILE];
    float fraction[IQLUT_CHANNELS_MAX][TILE];
    float slope[TILE * IQLUT_CHANNELS_MAX]; /* (pixels, channels_in) */
    int place[TILE];                        /* where in the patch a pixel's signal lies */
} tile_state;

/* Bit n: whether codes[n] is `code`. */
static inline uint64_t equal_mask(const uint8_t *codes, int code) {
#if defined(__AVX512BW__)
    return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(codes), _mm512_set1_epi8((char)code));
#elif defined(__AVX2__)
    const __m256i wanted = _mm256_set1_epi8((char)code);
    const __m256i low = _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)codes), wanted);
    const __m256i high =
        _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(codes + 32)), wanted);
    const uint64_t upper = (uint32_t)_mm256_movemask_epi8(high);
    return (uint32_t)_mm256_movemask_epi8(low) | upper << 32;
#else
    uint64_t mask = 0;
    for (int n = 0; n < 64; n++) mask |= (uint64_t)(codes[n] == code) << n;
    return mask;
#endif
}

typedef float four __attribute__((vector_size(16)));

/* The sums over the lanes of four vectors. */
#if TRAIN_LANES == 4
IQLUT_INLINE void sum_lanes(const vec *v, float *out) {
    const four ab = __builtin_shufflevector(v[0], v[1], 0, 1, 4, 5) +
                    __builtin_shufflevector(v[0], v[1], 2, 3, 6, 7);
    const four cd = __builtin_shufflevector(v[2], v[3], 0, 1, 4, 5) +
                    __builtin_shufflevector(v[2], v[3], 2, 3, 6, 7);
    const four sums =
        __builtin_shufflevector(ab, cd, 0, 2, 4, 6) + __builtin_shufflevector(ab, cd, 1, 3, 5, 7);
    memcpy(out, &sums, sizeof sums);
}
#else
IQLUT_INLINE eight folded(vec v) {
#if TRAIN_LANES == 16
    return __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
           __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
#else
    return v;
#endif
}

IQLUT_INLINE void sum_lanes(const vec *v, float *out) {
    const eight a = folded(v[0]), b = folded(v[1]), c = folded(v[2]), d = folded(v[3]);
    const eight ab = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11) +
                     __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15);
    const eight cd = __builtin_shufflevector(c, d, 0, 1, 2, 3, 8, 9, 10, 11) +
                     __builtin_shufflevector(c, d, 4, 5, 6, 7, 12, 13, 14, 15);
    const eight twos =
        __builtin_shufflevector(ab, cd, 0, 1, 8, 9, 4, 5, 12, 13) + /* of a, c, b and d */
        __builtin_shufflevector(ab, cd, 2, 3, 10, 11, 6, 7, 14, 15);
    const four sums = __builtin_shufflevector(twos, twos, 0, 4, 2, 6) +
                      __builtin_shufflevector(twos, twos, 1, 5, 3, 7);
    memcpy(out, &sums, sizeof sums);
}
#endif

/* The rises of the row that signal `c` of pixel `n` selects. */
IQLUT_INLINE const float *rise_of(const iqlut_train_view *l, const tile_state *tile, int n, int c,
                                  int row_floats) {
    const int row = c * (l->levels - 1) + tile->codes[c][n];
    return l->rises + (size_t)row * row_floats;
}

/* The floats of a row that the channels from `c` on have. */
IQLUT_INLINE int floats_of(const shape s, int c) {
    const int has_all = !s.few_in || c < s.few_in;
    return (has_all ? iqlut_train_row_wholes(s) : iqlut_train_common_wholes(s)) * WHOLE;
}

/* The gradients of one pixel's signals: its gathered gradients times the rises of its rows. */
IQLUT_INLINE void slopes(const iqlut_train_view *l, const tile_state *tile, int n, const shape s,
                         float *out) {
    const int row_floats = iqlut_train_row_wholes(s) * WHOLE, channels = s.c;
    const float *from = tile->gathered + (size_t)n * row_floats;
    for (int c = 0; c < channels; c += TOGETHER) {
        const int until = floats_of(s, c);
        /* What is left over is summed and not kept. */
        const int c1 = c + 1 < channels ? c + 1 : c, c2 = c + 2 < channels ? c + 2 : c;
        const int c3 = c + 3 < channels ? c + 3 : c;
        const float *rise0 = rise_of(l, tile, n, c, row_floats);
        const float *rise1 = rise_of(l, tile, n, c1, row_floats);
        const float *rise2 = rise_of(l, tile, n, c2, row_floats);
        const float *rise3 = rise_of(l, tile, n, c3, row_floats);
        vec dot0 = {0}, dot1 = {0}, dot2 = {0}, dot3 = {0};
        for (int v = 0; v < until; v += TRAIN_LANES) {
            const vec g = *(const vec *)(from + v);
            dot0 = *(const vec *)(rise0 + v) * g + dot0;
            dot1 = *(const vec *)(rise1 + v) * g + dot1;
            dot2 = *(const vec *)(rise2 + v) * g + dot2;
            dot3 = *(const vec *)(rise3 + v) * g + dot3;
        }
        const vec dots[TOGETHER] = {dot0, dot1, dot2, dot3};
        float sums[TOGETHER];
        sum_lanes(dots, sums);
        for (int i = 0; i < TOGETHER && c + i < channels; i++) out[c + i] = sums[i];
    }
}

/* The pixels of `mask`: their part of the gradients of two rows, `vectors` of each. */
IQLUT_INLINE void bucket(const float *gathered, const float *fraction, uint64_t mask, int stride,
                         int vectors, float *grad_below) {
    vec all[TRAIN_CHUNK], upper[TRAIN_CHUNK];
    for (int v = 0; v < vectors; v++) all[v] = upper[v] = (vec){0};
    for (; mask; mask &= mask - 1) {
        const size_t pixel = (size_t)__builtin_ctzll(mask);
        const float *from = gathered + pixel * stride;
        const float t = fraction[pixel];
        for (int v = 0; v < vectors; v++) {
            const vec g = *(const vec *)(from + v * TRAIN_LANES);
            all[v] += g;
            upper[v] = t * g + upper[v];
        }
    }
    for (int v = 0; v < vectors; v++) {
        *(vec *)(grad_below + v * TRAIN_LANES) += all[v] - upper[v];
        *(vec *)(grad_below + stride + v * TRAIN_LANES) += upper[v];
    }
}

/* The tile's part of the gradients of the entries, rows (channels_in, levels). */
IQLUT_INLINE void buckets(const iqlut_train_view *l, const tile_state *tile, const shape s,
                          float *grad_rows) {
    const int stride = iqlut_train_row_wholes(s) * WHOLE;
    for (int c = 0; c < s.c; c++, grad_rows += stride) {
        const int vectors = floats_of(s, c) / TRAIN_LANES;
        for (int code = 0; code < l->levels - 1; code++, grad_rows += stride) {
            const uint64_t mask = equal_mask(tile->codes[c], code);
            if (!mask) continue;
            /* A long row comes in chunks. */
            const int last = (vectors - 1) / TRAIN_CHUNK * TRAIN_CHUNK;
            for (int v = 0; v < last; v += TRAIN_CHUNK)
                bucket(tile->gathered + v * TRAIN_LANES, tile->fraction[c], mask, stride,
                       TRAIN_CHUNK, grad_rows + v * TRAIN_LANES);
            bucket(tile->gathered + last * TRAIN_LANES, tile->fraction[c], mask, stride,
                   vectors - last, grad_rows + last * TRAIN_LANES);
        }
    }
}

/* Moving the level below (above) by dx is moving the signal by -(1 - fraction) dx (by
 * -fraction dx). */
static void places(const iqlut_train_view *l, const tile_state *tile, int count,
                   float *grad_knots) {
    for (int c = 0; c < l->channels_in; c++)
        for (int n = 0; n < count; n++) {
            const float slope = tile->slope[n * l->channels_in + c];
            const float above = tile->fraction[c][n] * slope;
            grad_knots[tile->codes[c][n]] -= slope - above;
            grad_knots[tile->codes[c][n] + 1] -= above;
        }
}

/* The gradients of all that the rows of the pixel at `own` are added to. */
IQLUT_INLINE void gather(const float *own, int padded_w, const shape s, float *out) {
    for (int i = 0; i < s.k; i++)
        for (int j = 0; j < s.k; j++) {
            const float *from = own - ((ptrdiff_t)i * padded_w + j) * s.d;
            const int tap = i * s.k + j, outputs = iqlut_train_tap_outputs(s, tap);
            memcpy(out + iqlut_train_tap_at(s, tap), from, sizeof(float) * (size_t)outputs);
        }
}

/* The levels of the signals of pixel `n` of a tile. */
IQLUT_INLINE void look_up(const iqlut_train_view *l, const uint8_t *signal, int channels,
                          tile_state *tile, int n) {
    for (int c = 0; c < channels; c++) {
        const int s = signal[c];
        tile->codes[c][n] = l->code[s];
        tile->fraction[c][n] = l->fraction[s];
    }
}

/* One tile: padded pixels `start` to `start + count` - 1; `padded` are the gradients of F with a
 * border of zeros. */
IQLUT_INLINE void one_tile(const iqlut_train_pass *pass, const float *padded, int start, int count,
                           tile_state *tile, const shape s) {
    const iqlut_train_view *l = pass->layer;
    const uint8_t *signal = pass->signal;
    float *grad_signal = pass->grad_signal, *grad_knots = pass->grads->knots;
    const int c = s.c, k = s.k, d = s.d, row_floats = iqlut_train_row_wholes(s) * WHOLE;
    const int wide = l->w + k - 1, padded_w = l->w + 2 * (k - 1), before = iqlut_before(k);
    int py = start / wide, px = start % wide;
    for (int n = 0; n < count; n++, px++) {
        if (px == wide) px = 0, py++;
        const float *own = padded + ((size_t)(py + k - 1) * padded_w + px + k - 1) * d;
        tile->place[n] = clamp_index(py - before, l->h) * l->w + clamp_index(px - before, l->w);
        gather(own, padded_w, s, tile->gathered + (size_t)n * row_floats);
        look_up(l, signal + (size_t)tile->place[n] * c, c, tile, n);
    }
    for (int i = 0; i < c && count < TILE; i++)
        memset(tile->codes[i] + count, 255, (size_t)(TILE - count));
    buckets(l, tile, s, pass->grads->rows);
    if (!grad_signal && !grad_knots) return;
    for (int n = 0; n < count; n++) slopes(l, tile, n, s, tile->slope + n * c);
    for (int n = 0; grad_signal && n < count; n++)
        for (int i = 0; i < c; i++)
            grad_signal[(size_t)tile->place[n] * c + i] += tile->slope[n * c + i];
    if (grad_knots) places(l, tile, count, grad_knots);
}

/* grads and, unless it is NULL, grad_signal (h, w, c) += the gradients from grad_acc (h, w, d);
 * those of the signal and of the places of the levels in units of x: dF/dx = (above - below) /
 * gap. */
IQLUT_INLINE void backward_of(const iqlut_train_pass *pass, const shape s) {
    const iqlut_train_view *l = pass->layer;
    const float *grad_acc = pass->grad_acc;
    float *work = pass->work, *padded = work + (size_t)TILE * l->stride;
    const int k = s.k, d = s.d, w = l->w, h = l->h;
    const int pixels = (w + k - 1) * (h + k - 1), padded_w = w + 2 * (k - 1);
    tile_state tile;

    tile.gathered = work;
    memset(padded, 0, sizeof(float) * (size_t)padded_w * (h + 2 * (k - 1)) * d);
    for (int y = 0; y < h; y++)
        memcpy(padded + ((size_t)(y + k - 1) * padded_w + k - 1) * d, grad_acc + (size_t)y * w * d,
               sizeof(float) * (size_t)w * d);
    memset(work, 0, sizeof(float) * (size_t)TILE * l->stride);
    for (int start = 0; start < pixels; start += TILE)
        one_tile(pass, padded, start, pixels - start < TILE ? pixels - start : TILE, &tile, s);
}

DEFINE_FOR_SHAPES(backward, SHAPES, IF_BACKWARD)
