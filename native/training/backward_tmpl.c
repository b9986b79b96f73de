/* Backward: the gradients of entries, signals and places of levels of one layer, part of
 * layer_tmpl.c.
 *
 * A tile of pixels at a time. First each pixel gathers the gradients of all that its rows are added
 * to. Then, for a few vectors of the rows and an input channel at a time, the pixels that share a
 * level are found by a bit mask. The gradients of their two rows and the rises between these rows
 * stay in registers, so each gathered vector is read once: it is added to the gradients of the
 * rows, and its product with the rises is a part of the gradient of the pixel's signal. */

/* Pixels of a tile; as many as a mask has bits. */
#define TILE IQLUT_TRAIN_TILE
#define TOGETHER 4 /* pixels whose products are summed across lanes at once */

/* What is left of a vector after its upper half was added to its lower one, if it has more than
 * eight lanes. */
typedef float four __attribute__((vector_size(16)));
#if TRAIN_LANES == 4
typedef four folded;
#else
typedef eight folded;
#endif

typedef struct {
    float *gathered; /* (TILE, stride) */
    uint8_t codes[IQLUT_CHANNELS_MAX][TILE];
    float fraction[IQLUT_CHANNELS_MAX][TILE];
    float slope[IQLUT_CHANNELS_MAX][TILE]; /* the gradients of the signals */
    int place[TILE];                       /* where in the patch a pixel's signal lies */
    folded products[TILE];                 /* of each pixel with the rises of its row, unsummed */
} tile_state;

/* Some vectors of rows that are `stride` floats long: from which float on, and how many. */
typedef struct {
    int from, vectors, stride;
} chunk;

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

/* The sums over the lanes of four vectors, added to `out`. */
#if TRAIN_LANES == 4
IQLUT_INLINE folded fold(vec v) { return v; }

IQLUT_INLINE void add_lanes(const folded *v, float *out) {
    const four ab = __builtin_shufflevector(v[0], v[1], 0, 1, 4, 5) +
                    __builtin_shufflevector(v[0], v[1], 2, 3, 6, 7);
    const four cd = __builtin_shufflevector(v[2], v[3], 0, 1, 4, 5) +
                    __builtin_shufflevector(v[2], v[3], 2, 3, 6, 7);
    const four sums =
        __builtin_shufflevector(ab, cd, 0, 2, 4, 6) + __builtin_shufflevector(ab, cd, 1, 3, 5, 7);
    for (int i = 0; i < TOGETHER; i++) out[i] += sums[i];
}
#else
IQLUT_INLINE folded fold(vec v) {
#if TRAIN_LANES == 16
    return __builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
           __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
#else
    return v;
#endif
}

IQLUT_INLINE void add_lanes(const folded *v, float *out) {
    const eight ab = __builtin_shufflevector(v[0], v[1], 0, 1, 2, 3, 8, 9, 10, 11) +
                     __builtin_shufflevector(v[0], v[1], 4, 5, 6, 7, 12, 13, 14, 15);
    const eight cd = __builtin_shufflevector(v[2], v[3], 0, 1, 2, 3, 8, 9, 10, 11) +
                     __builtin_shufflevector(v[2], v[3], 4, 5, 6, 7, 12, 13, 14, 15);
    const eight twos =
        __builtin_shufflevector(ab, cd, 0, 1, 8, 9, 4, 5, 12, 13) + /* of a, c, b and d */
        __builtin_shufflevector(ab, cd, 2, 3, 10, 11, 6, 7, 14, 15);
    const four sums = __builtin_shufflevector(twos, twos, 0, 4, 2, 6) +
                      __builtin_shufflevector(twos, twos, 1, 5, 3, 7);
    for (int i = 0; i < TOGETHER; i++) out[i] += sums[i];
}
#endif

/* The pixels of `mask`: their part of the gradients of two rows, and their products with the rises
 * between these. Loops are unrolled so that sums stay in registers. */
IQLUT_INLINE void bucket(tile_state *tile, int c, uint64_t mask, const chunk part,
                         const float *rise, float *grad_below) {
    vec all[BACKWARD_CHUNK] = {{0}}, upper[BACKWARD_CHUNK] = {{0}}, rises[BACKWARD_CHUNK] = {{0}};
    if (part.vectors > BACKWARD_CHUNK) __builtin_unreachable();
    UNROLL
    for (int v = 0; v < part.vectors; v++) rises[v] = *(const vec *)(rise + v * TRAIN_LANES);
    for (; mask; mask &= mask - 1) {
        const size_t pixel = (size_t)__builtin_ctzll(mask);
        const float *gathered = tile->gathered + pixel * part.stride + part.from;
        const float t = tile->fraction[c][pixel];
        vec product[2] = {0};
        UNROLL
        for (int v = 0; v < part.vectors; v++) {
            vec g = *(const vec *)(gathered + v * TRAIN_LANES);
            IN_REGISTER(g);
            all[v] += g;
            upper[v] = t * g + upper[v];
            product[v % 2] = rises[v] * g + product[v % 2];
        }
        tile->products[pixel] = fold(product[0] + product[1]);
    }
    UNROLL
    for (int v = 0; v < part.vectors; v++) {
        *(vec *)(grad_below + v * TRAIN_LANES) += all[v] - upper[v];
        *(vec *)(grad_below + part.stride + v * TRAIN_LANES) += upper[v];
    }
}

/* The tile's part of the gradients of the entries, rows (channels_in, levels), and of the signals:
 * a part of each row of the first `channels`. */
IQLUT_INLINE void one_chunk(const iqlut_train_view *l, tile_state *tile, int channels,
                            const chunk part, float *grad_rows) {
    for (int c = 0; c < channels; c++) {
        float *grad = grad_rows + (size_t)c * l->levels * part.stride + part.from;
        const float *rise = l->rises + (size_t)c * (l->levels - 1) * part.stride + part.from;
        for (int code = 0; code < l->levels - 1; code++, grad += part.stride, rise += part.stride) {
            const uint64_t mask = equal_mask(tile->codes[c], code);
            if (mask) bucket(tile, c, mask, part, rise, grad);
        }
        for (int n = 0; n < TILE; n += TOGETHER) add_lanes(tile->products + n, tile->slope[c] + n);
    }
}

/* That of a longer part of the rows, in chunks of about the same length. */
IQLUT_INLINE void chunks(const iqlut_train_view *l, tile_state *tile, int channels,
                         const chunk part, float *grad_rows) {
    const int count = (part.vectors + BACKWARD_CHUNK - 1) / BACKWARD_CHUNK;
    if (!count) return;
    const int each = (part.vectors + count - 1) / count;
    chunk one = {part.from, each, part.stride};
    for (int n = 0; n < count - 1; n++, one.from += each * TRAIN_LANES)
        one_chunk(l, tile, channels, one, grad_rows);
    one_chunk(l, tile, channels, (chunk){one.from, part.vectors - (count - 1) * each, part.stride},
              grad_rows);
}

/* That of whole rows; those of the channels from few_in on end before the others. */
IQLUT_INLINE void rows(const iqlut_train_view *l, tile_state *tile, const shape s,
                       float *grad_rows) {
    const int each = WHOLE / TRAIN_LANES, all = iqlut_train_row_wholes(s);
    const int common = iqlut_train_common_wholes(s), stride = all * WHOLE;
    memset(tile->slope, 0, sizeof tile->slope[0] * (size_t)s.c);
    chunks(l, tile, s.c, (chunk){0, common * each, stride}, grad_rows);
    chunks(l, tile, s.few_in, (chunk){common * WHOLE, (all - common) * each, stride}, grad_rows);
}

/* Moving the level below (above) by dx is moving the signal by -(1 - fraction) dx (by
 * -fraction dx). */
static void places(const iqlut_train_view *l, const tile_state *tile, int count,
                   float *grad_knots) {
    for (int c = 0; c < l->channels_in; c++)
        for (int n = 0; n < count; n++) {
            const float slope = tile->slope[c][n];
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
    rows(l, tile, s, pass->grads->rows);
    for (int n = 0; grad_signal && n < count; n++)
        for (int i = 0; i < c; i++)
            grad_signal[(size_t)tile->place[n] * c + i] += tile->slope[i][n];
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
