/* Forward: F of one layer from int8 entries, exactly; part of train_body.h.
 *
 * As in inference a pair of bytes (level below, level above) meets the pair (ONE - t, t): int16 sums of SUM_CHANNELS input
 * channels are exact, wider models are several such sums. Whole numbers below 2^24 are exact in float32 too, so all
 * instruction sets give the same F. */

#define CHUNK_WHOLES 6 /* times WHOLE sums at a time */
#define SUM_CHANNELS 8 /* ONE * ENTRY_MAX * 8 = 32512 fits int16 */

/* put_sums: 16 sums to float32, or added to what is there. */
#if defined(__AVX512BW__)
typedef __m512i pairs;
#define PAIRS 32 /* in a register */
#define LOAD_PAIRS(from) _mm512_loadu_si512(from)
#define ZERO_PAIRS _mm512_setzero_si512()
#define BLEND(sum, row, weights) _mm512_add_epi16(sum, _mm512_maddubs_epi16(weights, row))
#define BROADCAST(weights) _mm512_set1_epi16((short)(weights))
static inline __attribute__((always_inline)) void put_sums(const pairs *sums, int part, float *out, int more) {
    const __m256i half = part % 2 ? _mm512_extracti64x4_epi64(sums[part / 2], 1) : _mm512_castsi512_si256(sums[part / 2]);
    const __m512 wide = _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(half));
    _mm512_storeu_ps(out, more ? _mm512_add_ps(wide, _mm512_loadu_ps(out)) : wide);
}
#elif defined(__AVX2__)
typedef __m256i pairs;
#define PAIRS 16
#define LOAD_PAIRS(from) _mm256_loadu_si256((const __m256i *)(from))
#define ZERO_PAIRS _mm256_setzero_si256()
#define BLEND(sum, row, weights) _mm256_add_epi16(sum, _mm256_maddubs_epi16(weights, row))
#define BROADCAST(weights) _mm256_set1_epi16((short)(weights))
static inline __attribute__((always_inline)) void put_sums(const pairs *sums, int part, float *out, int more) {
    for (int half = 0; half < 2; half++, out += 8) {
        const __m128i eight_sums = half ? _mm256_extracti128_si256(sums[part], 1) : _mm256_castsi256_si128(sums[part]);
        const __m256 wide = _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(eight_sums));
        _mm256_storeu_ps(out, more ? _mm256_add_ps(wide, _mm256_loadu_ps(out)) : wide);
    }
}
#else
typedef int16_t pairs __attribute__((vector_size(16)));
typedef int16_t any_pairs __attribute__((vector_size(16), aligned(2), may_alias));
#define PAIRS 8
#define LOAD_PAIRS(from) (*(const any_pairs *)(from))
#define ZERO_PAIRS ((pairs){0})
#define BROADCAST(weights) ((pairs){0} + (int16_t)(weights))
/* the bytes of a pair are the halves of a lane */
#define BLEND(sum, row, weights) ((sum) + (((row) << 8) >> 8) * ((weights) & 255) + ((row) >> 8) * ((weights) >> 8))
static inline __attribute__((always_inline)) void put_sums(const pairs *sums, int part, float *out, int more) {
    for (int i = 0; i < WHOLE; i++) out[i] = (more ? out[i] : 0.0f) + (float)sums[2 * part + i / PAIRS][i % PAIRS];
}
#endif

/* The sums over input channels of the blended rows of one pixel: `wholes` of them in `out`, from `pairs` rows on. */
static inline __attribute__((always_inline)) void row_sum(const iqlut_train_view *l, const uint8_t *signal,
                                                          const int8_t *rows, int channels, int wholes, float *out) {
    const int registers = (wholes * WHOLE + PAIRS - 1) / PAIRS;
    for (int from = 0; from < channels; from += SUM_CHANNELS) {
        const int until = from + SUM_CHANNELS < channels ? from + SUM_CHANNELS : channels;
        pairs sum[CHUNK_WHOLES * WHOLE / PAIRS];
        for (int v = 0; v < registers; v++) sum[v] = ZERO_PAIRS;
        for (int c = from; c < until; c++) {
            const int s = signal[c];
            const int8_t *row = rows + (size_t)(c * (l->levels - 1) + l->code[s]) * l->pair_stride;
            const pairs weights = BROADCAST(l->weights[s]);
            for (int v = 0; v < registers; v++) sum[v] = BLEND(sum[v], LOAD_PAIRS(row + v * PAIRS * 2), weights);
        }
        for (int v = 0; v < wholes; v++) put_sums(sum, v, out + v * WHOLE, from > 0);
    }
}

/* Those of `pixels` padded pixels of a row, into `strip`. */
static inline __attribute__((always_inline)) void row_sums(const iqlut_train_view *l, const uint8_t *signal, int before,
                                                           int pixels, int channels, int wholes, float *strip) {
    for (int x = 0; x < pixels; x++) {
        const uint8_t *here = signal + (size_t)clamp_index(x - before, l->w) * channels;
        float *out = strip + (size_t)x * wholes * WHOLE;
        const int last = (wholes - 1) / CHUNK_WHOLES * CHUNK_WHOLES; /* a long row comes in parts */
        for (int part = 0; part < last; part += CHUNK_WHOLES)
            row_sum(l, here, l->pairs + part * WHOLE * 2, channels, CHUNK_WHOLES, out + part * WHOLE);
        row_sum(l, here, l->pairs + last * WHOLE * 2, channels, wholes - last, out + last * WHOLE);
    }
}

/* acc (h, w, d) += the row sums of one padded row of pixels, seen from the k output rows it reaches. */
static inline __attribute__((always_inline)) void overlap_add(const iqlut_train_view *l, const float *strip, int stride,
                                                              int padded_row, float *acc, int k, int d) {
    for (int i = 0; i < k; i++) {
        const int row = padded_row - i;
        if (row < 0 || row >= l->h) continue;
        float *out = acc + (size_t)row * l->w * d;
        for (int x = 0; x < l->w; x++, out += d)
            for (int o = 0; o + EIGHT <= d; o += EIGHT) {
                eight sum = *(const eight *)(out + o);
                for (int j = 0; j < k; j++) sum += *(const eight *)(strip + (size_t)(x + j) * stride + (i * k + j) * d + o);
                *(eight *)(out + o) = sum;
            }
        out = acc + (size_t)row * l->w * d;
        for (int x = 0; d % EIGHT && x < l->w; x++, out += d)
            for (int o = d / EIGHT * EIGHT; o < d; o++)
                for (int j = 0; j < k; j++) out[o] += strip[(size_t)(x + j) * stride + (i * k + j) * d + o];
    }
}

/* Whole numbers to units of x. */
static inline __attribute__((always_inline)) void scale_row(float *acc, const float *unit, int w, int d) {
    for (int x = 0; x < w; x++)
        for (int o = 0; o < d; o++) acc[x * d + o] *= unit[o];
}

/* With all that is known when compiled, so that sums stay in registers. */
static inline __attribute__((always_inline)) void forward_of(const iqlut_train_view *l, const uint8_t *signal, float *work,
                                                             float *acc, int channels, int k, int d) {
    const int before = (k - 1) / 2, wholes = (k * k * d + WHOLE - 1) / WHOLE;
    memset(acc, 0, sizeof(float) * (size_t)l->h * l->w * d);
    for (int py = 0; py < l->h + k - 1; py++) {
        const uint8_t *row = signal + (size_t)clamp_index(py - before, l->h) * l->w * channels;
        row_sums(l, row, before, l->w + k - 1, channels, wholes, work);
        overlap_add(l, work, wholes * WHOLE, py, acc, k, d);
        if (py >= k - 1) scale_row(acc + (size_t)(py - k + 1) * l->w * d, l->unit, l->w, d);
    }
}

static void forward(const iqlut_train_view *l, const uint8_t *signal, float *work, float *acc) {
    FOR_SHAPES(l, forward_of, l, signal, work, acc)
}
