/* The loss of one patch and its gradient: iqlut.model.loss in C; part of train_body.h. */

#define CHARBONNIER_WIDTH (1 / 128.0f)
#define PSNR_FLOOR 1e-4f
#define PSNR_UNIT 1e-3f

static float sum_of(const float *sums) {
    float total = 0;
    for (int i = 0; i < WHOLE; i++) total += sums[i];
    return total;
}

/* The length of an error, which becomes its gradient. */
static inline __attribute__((always_inline)) float length_of(float *error, float each) {
    const float length = sqrtf(*error * *error + CHARBONNIER_WIDTH * CHARBONNIER_WIDTH);
    *error = each * *error / length;
    return length;
}

/* Errors become the gradient of `weight` times their mean charbonnier loss, which is returned. */
static float charbonnier(float *errors, size_t count, float weight) {
    const float each = 2 * CHARBONNIER_WIDTH * weight / (float)count;
    float sums[WHOLE] = {0};
    const size_t whole = count / WHOLE * WHOLE;
    for (size_t start = 0; start < whole; start += WHOLE)
        for (int i = 0; i < WHOLE; i++) sums[i] += length_of(&errors[start + i], each);
    for (size_t i = whole; i < count; i++) sums[i - whole] += length_of(&errors[i], each);
    return each * sum_of(sums);
}

/* The same of the mean square, or of its logarithm. */
static float square(float *errors, size_t count, float weight, int logarithm) {
    float sums[WHOLE] = {0};
    const size_t whole = count / WHOLE * WHOLE;
    for (size_t start = 0; start < whole; start += WHOLE)
        for (int i = 0; i < WHOLE; i++) sums[i] += errors[start + i] * errors[start + i];
    for (size_t i = whole; i < count; i++) sums[0] += errors[i] * errors[i];
    const float mean = sum_of(sums) / (float)count, steepness = logarithm ? PSNR_UNIT / (mean + PSNR_FLOOR) : 1.0f;
    const float each = 2 * weight * steepness / (float)count;
    for (size_t i = 0; i < count; i++) errors[i] *= each;
    return weight * (logarithm ? logf(mean + PSNR_FLOOR) * PSNR_UNIT : mean);
}

static float distance(int kind, float *errors, size_t count, float weight) {
    if (kind == IQLUT_LOSS_CHARBONNIER) return charbonnier(errors, count, weight);
    return square(errors, count, weight, kind == IQLUT_LOSS_PSNR);
}

/* arithmetic.bilinear of one pixel, as signals: phases (r, r). `rows` are the row before, its own and the one after. */
static inline __attribute__((always_inline)) void bilinear(const uint8_t *const *rows, const int *columns, int r,
                                                           float *phases) {
    for (int p = 0; p < r; p++) {
        const int offset = 2 * p + 1 - r, up = offset < 0 ? -offset : 0, down = offset > 0 ? offset : 0;
        float middle[3];
        for (int j = 0; j < 3; j++)
            middle[j] = (float)(up * rows[0][columns[j]] + (2 * r - up - down) * rows[1][columns[j]] +
                                down * rows[2][columns[j]]);
        for (int q = 0; q < r; q++) {
            const int to = 2 * q + 1 - r;
            const float left = to < 0 ? (float)-to : 0.0f, right = to > 0 ? (float)to : 0.0f;
            const float sum = left * middle[0] + ((float)(2 * r) - left - right) * middle[1] + right * middle[2];
            phases[p * r + q] = sum * (1.0f / (float)(4 * r * r));
        }
    }
}

/* out = residual - (truth - base), in units of x. */
static inline __attribute__((always_inline)) void errors(const iqlut_train_batch *b, const uint8_t *luma,
                                                         const uint8_t *truth, int base, int r, const float *residual,
                                                         float *out) {
    const int d = r * r;
    float phases[16];
    for (int i = 0; i < d; i++) phases[i] = CENTRE;
    for (int y = 0; y < b->h; y++) {
        const uint8_t *rows[3];
        for (int i = 0; i < 3; i++) rows[i] = luma + (size_t)clamp_index(y + i - 1, b->h) * b->w;
        for (int x = 0; x < b->w; x++, out += d, residual += d, truth += d) {
            const int columns[3] = {clamp_index(x - 1, b->w), x, clamp_index(x + 1, b->w)};
            if (base) bilinear(rows, columns, r, phases);
            for (int i = 0; i < d; i++) out[i] = residual[i] - ((float)truth[i] - phases[i]) * (1 / CENTRE);
        }
    }
}

static float loss_of(const iqlut_train_batch *b, const iqlut_train_loss *l, int patch, const float *residual,
                     float *scratch, float *grad) {
    const size_t pixels = (size_t)b->h * b->w, count = pixels * b->scale * b->scale;
    const uint8_t *luma = b->luma + patch * pixels, *truth = l->truth + patch * count;
    if (b->scale == 4) errors(b, luma, truth, l->base, 4, residual, grad);
    else errors(b, luma, truth, l->base, b->scale, residual, grad);
    const float part = 1.0f / (float)b->patches;
    float sum = distance(l->kind, grad, count, part);
    if (!l->taught) return sum;
    for (size_t i = 0; i < count; i++) scratch[i] = residual[i] - l->taught[patch * count + i];
    sum += distance(l->kind, scratch, count, l->weight * part);
    for (size_t i = 0; i < count; i++) grad[i] += scratch[i];
    return sum;
}
