/* The gated residual of a block, forward and backward; part of train_body.h. Inner loops go over the outputs of a pixel,
 * for compilers to turn into vectors. A layer with another number of inputs has one, which its skip spreads. */

static inline __attribute__((always_inline)) void gate_forward_of(const iqlut_train_view *l, const iqlut_train_gate *g,
                                                                  const uint8_t *signal, const float *acc, uint8_t *out,
                                                                  int channels, int k, int d) {
    (void)k;
    for (size_t pixel = 0, all = (size_t)l->h * l->w; pixel < all; pixel++, signal += channels, acc += d, out += d)
        for (int o = 0; o < d; o++) {
            const float x = (float)signal[channels == d ? o : 0] - CENTRE;
            const float y = CENTRE * g->gain[o] * acc[o] + (g->skip[o] * x + CENTRE);
            const float low = y < 0.0f ? 0.0f : y, clamped = low > 255.0f ? 255.0f : low;
            out[o] = (uint8_t)(int)(clamped + 0.5f);
        }
}

static void gate_forward(const iqlut_train_view *l, const iqlut_train_gate *g, const uint8_t *signal, const float *acc,
                         uint8_t *out) {
    FOR_SHAPES(l, gate_forward_of, l, g, signal, acc, out)
}

static inline __attribute__((always_inline)) void gate_backward_of(const iqlut_train_view *l, const iqlut_train_gate *g,
                                                                   const uint8_t *signal, const uint8_t *out,
                                                                   const float *acc, const float *grad_out,
                                                                   iqlut_train_grads *grads, float *grad_acc,
                                                                   float *grad_signal, int channels, int k, int d) {
    float grad_gain[IQLUT_TRAIN_CHANNELS_MAX] = {0}, grad_skip[IQLUT_TRAIN_CHANNELS_MAX] = {0};
    (void)k;
    for (size_t at = 0, from = 0, all = (size_t)l->h * l->w * d; at < all; at += d, from += channels) {
        float passed[IQLUT_TRAIN_CHANNELS_MAX];
        for (int o = 0; o < d; o++) {
            passed[o] = (out[at + o] > 0) & (out[at + o] < 255) ? grad_out[at + o] : 0.0f;
            grad_acc[at + o] = passed[o] * g->gain[o];
            grad_gain[o] += passed[o] * acc[at + o];
            grad_skip[o] += passed[o] * ((float)signal[from + (channels == d ? o : 0)] - CENTRE);
        }
        if (!grad_signal) continue;
        if (channels == d)
            for (int o = 0; o < d; o++) grad_signal[from + o] = passed[o] * g->skip[o];
        else {
            for (int c = 0; c < channels; c++) grad_signal[from + c] = 0.0f;
            for (int o = 0; o < d; o++) grad_signal[from] += passed[o] * g->skip[o];
        }
    }
    for (int o = 0; o < d; o++) grads->gain[o] += grad_gain[o], grads->skip[o] += grad_skip[o] / CENTRE;
}

static void gate_backward(const iqlut_train_view *l, const iqlut_train_gate *g, const uint8_t *signal,
                          const uint8_t *out, const float *acc, const float *grad_out, iqlut_train_grads *grads,
                          float *grad_acc, float *grad_signal) {
    FOR_SHAPES(l, gate_backward_of, l, g, signal, out, acc, grad_out, grads, grad_acc, grad_signal)
}
