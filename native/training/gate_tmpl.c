/* The gated residual of a block, forward and backward, part of layer_tmpl.c. Inner loops go over
 * the outputs of a pixel, for compilers to turn into vectors. A layer with another number of inputs
 * has one, which its skip spreads. */

IQLUT_INLINE void gate_forward_of(const iqlut_train_pass *pass, const shape s) {
    const float *gain = pass->gain, *skip = pass->skip, *acc = pass->acc;
    const uint8_t *signal = pass->signal;
    uint8_t *out = pass->next;
    const int c = s.c, d = s.d;
    const size_t pixels = (size_t)pass->layer->h * pass->layer->w;
    for (size_t pixel = 0; pixel < pixels; pixel++, signal += c, acc += d, out += d)
        for (int o = 0; o < d; o++) {
            const float x = (float)signal[c == d ? o : 0] - CENTRE;
            const float y = CENTRE * gain[o] * acc[o] + (skip[o] * x + CENTRE);
            const float low = y < 0.0f ? 0.0f : y, clamped = low > 255.0f ? 255.0f : low;
            out[o] = (uint8_t)(int)(clamped + 0.5f);
        }
}

IQLUT_INLINE void gate_backward_of(const iqlut_train_pass *pass, const shape s) {
    const float *gain = pass->gain, *skip = pass->skip, *acc = pass->acc;
    const float *grad_next = pass->grad_next;
    const uint8_t *signal = pass->signal, *out = pass->next;
    float *grad_acc = pass->grad_acc, *grad_signal = pass->grad_signal;
    float grad_gain[IQLUT_CHANNELS_MAX] = {0}, grad_skip[IQLUT_CHANNELS_MAX] = {0};
    const int c = s.c, d = s.d;
    const size_t all = (size_t)pass->layer->h * pass->layer->w * d;
    for (size_t at = 0, from = 0; at < all; at += d, from += c) {
        float passed[IQLUT_CHANNELS_MAX];
        for (int o = 0; o < d; o++) {
            const int inside = (out[at + o] > 0) & (out[at + o] < 255);
            passed[o] = inside ? grad_next[at + o] : 0.0f;
            grad_acc[at + o] = passed[o] * gain[o];
            grad_gain[o] += passed[o] * acc[at + o];
            grad_skip[o] += passed[o] * ((float)signal[from + (c == d ? o : 0)] - CENTRE);
        }
        if (!grad_signal) continue;
        if (c == d)
            for (int o = 0; o < d; o++) grad_signal[from + o] = passed[o] * skip[o];
        else {
            for (int i = 0; i < c; i++) grad_signal[from + i] = 0.0f;
            for (int o = 0; o < d; o++) grad_signal[from] += passed[o] * skip[o];
        }
    }
    for (int o = 0; o < d; o++) {
        pass->grads->gain[o] += grad_gain[o];
        pass->grads->skip[o] += grad_skip[o] / CENTRE;
    }
}

DEFINE_FOR_SHAPES(gate_forward, GATE_SHAPES, IF_GATE_FORWARD)
DEFINE_FOR_SHAPES(gate_backward, GATE_SHAPES, IF_GATE_BACKWARD)
