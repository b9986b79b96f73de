/* Forward: F of one layer from int8 entries, exactly, part of layer_tmpl.c.
 *
 * As in inference a pair of bytes (level below, level above) meets the pair (ONE - t, t): int16
 * sums of SUM_CHANNELS input channels are exact, and int32 totals of those of all channels. Whole
 * numbers below 2^24 are exact in float32 too, so all instruction sets give the same F. */

#define SUM_CHANNELS 8 /* ONE * ENTRY_MAX * 8 = 32512 fits int16 */
#define PAIRS (2 * TRAIN_LANES)

typedef int32_t total __attribute__((vector_size(TRAIN_LANES * 4)));
typedef int16_t halves __attribute__((vector_size(TRAIN_LANES * 2)));
typedef int16_t pairs __attribute__((vector_size(PAIRS * 2)));
typedef int16_t any_pairs __attribute__((vector_size(PAIRS * 2), aligned(2), may_alias));

/* arithmetic.blend of the pairs at `row`. */
IQLUT_INLINE pairs blend(const int8_t *row, uint16_t weights) {
#if TRAIN_LANES == 16
    return (pairs)_mm512_maddubs_epi16(_mm512_set1_epi16((short)weights), _mm512_loadu_si512(row));
#elif TRAIN_LANES == 8
    return (pairs)_mm256_maddubs_epi16(_mm256_set1_epi16((short)weights),
                                       _mm256_loadu_si256((const __m256i *)row));
#else
    /* The bytes of a pair are the halves of a lane. */
    const pairs entries = *(const any_pairs *)row;
    const int16_t below = (int16_t)(weights & 255), above = (int16_t)(weights >> 8);
    return ((entries << 8) >> 8) * below + (entries >> 8) * above;
#endif
}

/* The lower or upper half of `sums` as int32. */
IQLUT_INLINE total widened(pairs sums, int upper) {
#if TRAIN_LANES == 16
    const __m512i all = (__m512i)sums;
    return (total)_mm512_cvtepi16_epi32(upper ? _mm512_extracti64x4_epi64(all, 1)
                                              : _mm512_castsi512_si256(all));
#elif TRAIN_LANES == 8
    const __m256i all = (__m256i)sums;
    return (total)_mm256_cvtepi16_epi32(upper ? _mm256_extracti128_si256(all, 1)
                                              : _mm256_castsi256_si128(all));
#else
    halves half[2];
    memcpy(half, &sums, sizeof half);
    return __builtin_convertvector(half[upper], total);
#endif
}

/* The sums over input channels of the blended rows of one pixel: `wholes` of them in `out`, from
 * `rows` on. Loops are unrolled so that sums stay in registers. */
IQLUT_INLINE void row_sum(const iqlut_train_view *l, const uint8_t *signal, const int8_t *rows,
                          int channels, int wholes, float *out) {
    const int vectors = wholes * WHOLE / TRAIN_LANES, registers = (vectors + 1) / 2;
    if (registers > FORWARD_CHUNK) __builtin_unreachable();
    total totals[2 * FORWARD_CHUNK] = {{0}};
    for (int start = 0; start < channels; start += SUM_CHANNELS) {
        const int until = start + SUM_CHANNELS < channels ? start + SUM_CHANNELS : channels;
        pairs sums[FORWARD_CHUNK] = {{0}};
        for (int c = start; c < until; c++) {
            const int s = signal[c];
            const int8_t *row = rows + (size_t)(c * (l->levels - 1) + l->code[s]) * l->pair_stride;
            UNROLL
            for (int v = 0; v < registers; v++)
                sums[v] += blend(row + v * PAIRS * 2, l->weights[s]);
        }
        UNROLL
        for (int v = 0; v < vectors; v++) {
            const total more = widened(sums[v / 2], v % 2);
            totals[v] = start ? totals[v] + more : more;
        }
    }
    UNROLL
    for (int v = 0; v < vectors; v++)
        *(vec *)(out + v * TRAIN_LANES) = __builtin_convertvector(totals[v], vec);
}

/* Those of the first `channels`, from one whole of the row until another, in chunks of about the
 * same length. */
IQLUT_INLINE void part_sum(const iqlut_train_view *l, const uint8_t *signal, int channels, int from,
                           int until, float *out) {
    const int most = FORWARD_CHUNK * PAIRS / WHOLE, count = (until - from + most - 1) / most;
    const int wholes = (until - from + count - 1) / count, last = from + (count - 1) * wholes;
    for (; from < last; from += wholes)
        row_sum(l, signal, l->pairs + from * WHOLE * 2, channels, wholes, out + from * WHOLE);
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
