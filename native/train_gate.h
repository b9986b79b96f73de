/* The gated residual of a block, forward and backward; part of train_body.h. */

/* Where whole pixels fill a vector it goes by vectors, with gain and skip repeated;
 * what is left over, and all else, by single values. */
typedef uint8_t bytes __attribute__((vector_size(LANES), aligned(1), may_alias));
typedef int32_t ints __attribute__((vector_size(LANES * 4)));

static inline __attribute__((always_inline)) vec from_bytes(const uint8_t *from) {
#if defined(__AVX512F__)
    return (vec)_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)from)));
#else
    return __builtin_convertvector(*(const bytes *)from, vec);
#endif
}

/* Of 0 to 255, cut off. */
static inline __attribute__((always_inline)) void to_bytes(vec v, uint8_t *to) {
#if defined(__AVX512F__)
    _mm_storeu_si128((__m128i *)to, _mm512_cvtepi32_epi8(_mm512_cvttps_epi32((__m512)v)));
#else
    *(bytes *)to = __builtin_convertvector(__builtin_convertvector(v, ints), bytes);
#endif
}

static inline __attribute__((always_inline)) vec where(ints mask, vec yes, vec no) {
    return (vec)(((ints)yes & mask) | ((ints)no & ~mask));
}

static size_t by_vectors(const iqlut_train_view *l) {
    const int d = l->channels_out;
    return l->channels_in == d && LANES % d == 0 ? (size_t)l->h * l->w * d / LANES * LANES : 0;
}

static vec repeated(const float *values, int d) {
    vec out;
    for (int i = 0; i < LANES; i++) out[i] = values[i % d];
    return out;
}

static void gate_forward(const iqlut_train_view *l, const iqlut_train_gate *g, const uint8_t *signal, const float *acc,
                         uint8_t *out) {
    const int d = l->channels_out, broadcast = l->channels_in != d;
    const size_t values = (size_t)l->h * l->w * d, vectors = by_vectors(l);
    if (vectors) {
        const vec gain = repeated(g->gain, d) * CENTRE, skip = repeated(g->skip, d), zero = {0}, top = zero + 255.0f;
        for (size_t at = 0; at < vectors; at += LANES) {
            const vec s = from_bytes(signal + at) - CENTRE;
            const vec y = gain * *(const vec *)(acc + at) + (skip * s + CENTRE);
            const vec low = where(y > zero, y, zero), clamped = where(low < top, low, top);
            to_bytes(clamped + 0.5f, out + at);
        }
    }
    for (size_t at = vectors; at < values; at++) {
        const size_t o = at % d, from = broadcast ? at / d * l->channels_in : at;
        const float y = CENTRE * g->gain[o] * acc[at] + (g->skip[o] * ((float)signal[from] - CENTRE) + CENTRE);
        const float low = y < 0.0f ? 0.0f : y, clamped = low > 255.0f ? 255.0f : low;
        out[at] = (uint8_t)(int)(clamped + 0.5f);
    }
}

static void gate_backward(const iqlut_train_view *l, const iqlut_train_gate *g, const uint8_t *signal,
                          const uint8_t *out, const float *acc, const float *grad_out, iqlut_train_grads *grads,
                          float *grad_acc, float *grad_signal) {
    const int d = l->channels_out, broadcast = l->channels_in != d;
    const size_t values = (size_t)l->h * l->w * d, vectors = grad_signal ? by_vectors(l) : 0;
    if (vectors) {
        const vec gain = repeated(g->gain, d), skip = repeated(g->skip, d), zero = {0}, top = zero + 255.0f;
        vec grad_gain = zero, grad_skip = zero;
        for (size_t at = 0; at < vectors; at += LANES) {
            const vec s = from_bytes(signal + at) - CENTRE;
            const vec after = from_bytes(out + at);
            const vec passed = where((after > zero) & (after < top), *(const vec *)(grad_out + at), zero);
            *(vec *)(grad_acc + at) = passed * gain;
            *(vec *)(grad_signal + at) = passed * skip;
            grad_gain += passed * *(const vec *)(acc + at);
            grad_skip += passed * s;
        }
        for (int i = 0; i < LANES; i++) {
            grads->gain[i % d] += grad_gain[i];
            grads->skip[i % d] += grad_skip[i] / CENTRE;
        }
    }
    for (size_t at = vectors; at < values; at++) {
        const size_t o = at % d, from = broadcast ? at / d * l->channels_in : at;
        const float passed = out[at] == 0 || out[at] == 255 ? 0.0f : grad_out[at];
        grad_acc[at] = passed * g->gain[o];
        grads->gain[o] += passed * acc[at];
        grads->skip[o] += passed * ((float)signal[from] - CENTRE) / CENTRE;
        if (grad_signal) grad_signal[from] = passed * g->skip[o] + (broadcast && o ? grad_signal[from] : 0.0f);
    }
}
