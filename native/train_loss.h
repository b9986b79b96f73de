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

/* out = residual - (truth - base), in units of x, of the pixels that count, one after the other. */
static inline __attribute__((always_inline)) void errors(const iqlut_train_batch *b, const iqlut_train_loss *l,
                                                         const uint8_t *luma, const uint8_t *truth, int r,
                                                         const float *residual, float *out) {
    const int d = r * r, m = l->margin;
    float phases[16];
    for (int i = 0; i < d; i++) phases[i] = CENTRE;
    for (int y = m; y < b->h - m; y++) {
        const uint8_t *rows[3];
        for (int i = 0; i < 3; i++) rows[i] = luma + (size_t)clamp_index(y + i - 1, b->h) * b->w;
        for (int x = m; x < b->w - m; x++, out += d) {
            const int columns[3] = {clamp_index(x - 1, b->w), x, clamp_index(x + 1, b->w)};
            const size_t at = ((size_t)y * b->w + x) * d;
            if (l->base) bilinear(rows, columns, r, phases);
            for (int i = 0; i < d; i++) out[i] = residual[at + i] - ((float)truth[at + i] - phases[i]) * (1 / CENTRE);
        }
    }
}

/* Values of the pixels that count, one after the other, added where they belong. */
static void add_inner(const iqlut_train_batch *b, int margin, const float *inner, float *whole) {
    const size_t d = (size_t)b->scale * b->scale, row = (size_t)(b->w - 2 * margin) * d;
    for (int y = margin; y < b->h - margin; y++, inner += row) {
        float *to = whole + ((size_t)y * b->w + margin) * d;
        for (size_t i = 0; i < row; i++) to[i] += inner[i];
    }
}

static float loss_of(const iqlut_train_batch *b, const iqlut_train_loss *l, int patch, const float *residual,
                     float *scratch, float *grad) {
    const int m = l->margin, d = b->scale * b->scale;
    const size_t pixels = (size_t)b->h * b->w, inner = (size_t)(b->h - 2 * m) * (b->w - 2 * m) * d;
    const uint8_t *luma = b->luma + patch * pixels, *truth = l->truth + patch * pixels * d;
    const float part = 1.0f / (float)b->patches;
    memset(grad, 0, sizeof(float) * pixels * d);
    if (b->scale == 4) errors(b, l, luma, truth, 4, residual, scratch);
    else errors(b, l, luma, truth, b->scale, residual, scratch);
    float sum = distance(l->kind, scratch, inner, part);
    add_inner(b, m, scratch, grad);
    if (!l->taught) return sum;
    const float *taught = l->taught + patch * pixels * d;
    float *out = scratch;
    for (int y = m; y < b->h - m; y++)
        for (size_t i = ((size_t)y * b->w + m) * d, end = ((size_t)(y + 1) * b->w - m) * d; i < end; i++)
            *out++ = residual[i] - taught[i];
    sum += distance(l->kind, scratch, inner, l->weight * part);
    add_inner(b, m, scratch, grad);
    return sum;
}
