/* Forward: F of one layer from int8 entries, exactly, part of layer_tmpl.c.
 *
 * As in inference a pair of bytes (level below, level above) meets the pair (ONE - t, t): int16
 * sums of SUM_CHANNELS input channels are exact, wider models are several such sums. Whole numbers
 * below 2^24 are exact in float32 too, so all instruction sets give the same F. */

#define CHUNK_WHOLES 6 /* times WHOLE sums at a time */
#define SUM_CHANNELS 8 /* ONE * ENTRY_MAX * 8 = 32512 fits int16 */

/* blend_add: arithmetic.blend of the pairs at `row`, added to `sum`. put_sums: 16 sums to float32,
 * or added to what is there. */
#if defined(__AVX512BW__)
typedef __m512i pairs;
#define PAIRS 32 /* in a register */
IQLUT_INLINE pairs broadcast(int weights) { return _mm512_set1_epi16((short)weights); }
IQLUT_INLINE pairs blend_add(pairs sum, const int8_t *row, pairs weights) {
    return _mm512_add_epi16(sum, _mm512_maddubs_epi16(weights, _mm512_loadu_si512(row)));
}
IQLUT_INLINE void put_sums(const pairs *sums, int whole, float *out, int more) {
    const pairs sum = sums[whole / 2];
    const __m256i half =
        whole % 2 ? _mm512_extracti64x4_epi64(sum, 1) : _mm512_castsi512_si256(sum);
    const __m512 wide = _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(half));
    _mm512_storeu_ps(out, more ? _mm512_add_ps(wide, _mm512_loadu_ps(out)) : wide);
}
#elif defined(__AVX2__)
typedef __m256i pairs;
#define PAIRS 16
IQLUT_INLINE pairs broadcast(int weights) { return _mm256_set1_epi16((short)weights); }
IQLUT_INLINE pairs blend_add(pairs sum, const int8_t *row, pairs weights) {
    const pairs entries = _mm256_loadu_si256((const pairs *)row);
    return _mm256_add_epi16(sum, _mm256_maddubs_epi16(weights, entries));
}
IQLUT_INLINE void put_sums(const pairs *sums, int whole, float *out, int more) {
    for (int half = 0; half < 2; half++, out += 8) {
        const pairs sum = sums[whole];
        const __m128i eight_sums =
            half ? _mm256_extracti128_si256(sum, 1) : _mm256_castsi256_si128(sum);
        const __m256 wide = _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(eight_sums));
        _mm256_storeu_ps(out, more ? _mm256_add_ps(wide, _mm256_loadu_ps(out)) : wide);
    }
}
#else
typedef int16_t pairs __attribute__((vector_size(16)));
typedef int16_t any_pairs __attribute__((vector_size(16), aligned(2), may_alias));
#define PAIRS 8
IQLUT_INLINE pairs broadcast(int weights) { return (pairs){0} + (int16_t)weights; }
IQLUT_INLINE pairs blend_add(pairs sum, const int8_t *row, pairs weights) {
    /* The bytes of a pair are the halves of a lane. */
    const pairs entries = *(const any_pairs *)row;
    return sum + ((entries << 8) >> 8) * (weights & 255) + (entries >> 8) * (weights >> 8);
}
IQLUT_INLINE void put_sums(const pairs *sums, int whole, float *out, int more) {
    for (int i = 0; i < WHOLE; i++)
        out[i] = (more ? out[i] : 0.0f) + (float)sums[2 * whole + i / PAIRS][i % PAIRS];
}
#endif

/* The sums over input channels of the blended rows of one pixel: `wholes` of them in `out`, from
 * `pairs` rows on. */
IQLUT_INLINE void row_sum(const iqlut_train_view *l, const uint8_t *signal, const int8_t *rows,
                          int channels, int wholes, float *out) {
    const int registers = (wholes * WHOLE + PAIRS - 1) / PAIRS;
    for (int from = 0; from < channels; from += SUM_CHANNELS) {
        const int until = from + SUM_CHANNELS < channels ? from + SUM_CHANNELS : channels;
        pairs sum[CHUNK_WHOLES * WHOLE / PAIRS];
        for (int v = 0; v < registers; v++) sum[v] = (pairs){0};
        for (int c = from; c < until; c++) {
            const int s = signal[c];
            const int8_t *row = rows + (size_t)(c * (l->levels - 1) + l->code[s]) * l->pair_stride;
            const pairs weights = broadcast(l->weights[s]);
            for (int v = 0; v < registers; v++)
                sum[v] = blend_add(sum[v], row + v * PAIRS * 2, weights);
        }
        for (int v = 0; v < wholes; v++) put_sums(sum, v, out + v * WHOLE, from > 0);
    }
}

/* Those of the first `channels`, from one vector of the row until another. */
IQLUT_INLINE void part_sum(const iqlut_train_view *l, const uint8_t *signal, int channels, int from,
                           int until, float *out) {
    /* A long row comes in chunks. */
    const int last = from + (until - from - 1) / CHUNK_WHOLES * CHUNK_WHOLES;
    for (; from < last; from += CHUNK_WHOLES)
        row_sum(l, signal, l->pairs + from * WHOLE * 2, channels, CHUNK_WHOLES, out + from * WHOLE);
    row_sum(l, signal, l->pairs + last * WHOLE * 2, channels, until - last, out + last * WHOLE);
}

/* Those of the padded pixels of a row, into `strip`. */
IQLUT_INLINE void row_sums(const iqlut_train_view *l, const uint8_t *signal, float *strip,
                           const shape s) {
    const int wholes = iqlut_train_row_wholes(s), common = iqlut_train_common_wholes(s);
    const int pixels = l->w + s.k - 1, before = iqlut_before(s.k);
    for (int x = 0; x < pixels; x++) {
        const uint8_t *here = signal + (size_t)clamp_index(x - before, l->w) * s.c;
        float *out = strip + (size_t)x * wholes * WHOLE;
        part_sum(l, here, s.c, 0, common, out);
        if (common < wholes) part_sum(l, here, s.few_in, common, wholes, out);
    }
}

/* Whether some taps have outputs that are not whole eights. */
IQLUT_INLINE int any_odd(const shape s) { return s.d % EIGHT || s.few_out % EIGHT; }

/* acc (h, w, d) += the row sums of one padded row of pixels, seen from the k output rows it
 * reaches. */
IQLUT_INLINE void overlap_add(const iqlut_train_view *l, const float *strip, int padded_row,
                              float *acc, const shape s) {
    const int k = s.k, d = s.d, stride = iqlut_train_row_wholes(s) * WHOLE;
    for (int i = 0; i < k; i++) {
        const int row = padded_row - i;
        if (row < 0 || row >= l->h) continue;
        float *out = acc + (size_t)row * l->w * d;
        for (int x = 0; x < l->w; x++, out += d)
            for (int o = 0; o + EIGHT <= d; o += EIGHT) {
                eight sum = *(const eight *)(out + o);
                for (int j = 0; j < k; j++)
                    if (o + EIGHT <= iqlut_train_tap_outputs(s, i * k + j))
                        sum += *(const eight *)(strip + (size_t)(x + j) * stride +
                                                iqlut_train_tap_at(s, i * k + j) + o);
                *(eight *)(out + o) = sum;
            }
        out = acc + (size_t)row * l->w * d;
        for (int x = 0; any_odd(s) && x < l->w; x++, out += d)
            for (int j = 0; j < k; j++) {
                const int outputs = iqlut_train_tap_outputs(s, i * k + j);
                for (int o = outputs / EIGHT * EIGHT; o < outputs; o++)
                    out[o] +=
                        strip[(size_t)(x + j) * stride + iqlut_train_tap_at(s, i * k + j) + o];
            }
    }
}

/* Whole numbers to units of x. */
IQLUT_INLINE void scale_row(float *acc, const float *unit, int w, int d) {
    for (int x = 0; x < w; x++)
        for (int o = 0; o < d; o++) acc[x * d + o] *= unit[o];
}

/* With all that is known when compiled, so that sums stay in registers. */
IQLUT_INLINE void forward_of(const iqlut_train_pass *pass, const shape s) {
    const iqlut_train_view *l = pass->layer;
    const uint8_t *signal = pass->signal;
    float *acc = pass->acc, *strip = pass->work;
    const int before = iqlut_before(s.k);
    memset(acc, 0, sizeof(float) * (size_t)l->h * l->w * s.d);
    for (int py = 0; py < l->h + s.k - 1; py++) {
        const uint8_t *row = signal + (size_t)clamp_index(py - before, l->h) * l->w * s.c;
        row_sums(l, row, strip, s);
        overlap_add(l, strip, py, acc, s);
        if (py >= s.k - 1) scale_row(acc + (size_t)(py - s.k + 1) * l->w * s.d, l->unit, l->w, s.d);
    }
}

DEFINE_FOR_SHAPES(forward, SHAPES, IF_FORWARD)
