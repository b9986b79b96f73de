/* The loss of one patch and its gradient: iqlut.network.losses in C, part of layer_tmpl.c. */

#include "../shared/bilinear_tmpl.c"

#define CHARBONNIER_WIDTH (1 / 128.0f)
#define PSNR_FLOOR 1e-4f
#define PSNR_UNIT 1e-3f

static float sum_of(const float *sums) {
    float total = 0;
    for (int i = 0; i < WHOLE; i++) total += sums[i];
    return total;
}

/* The length of an error, which becomes its gradient. */
IQLUT_INLINE float length_of(float *error, float each) {
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
    const float mean = sum_of(sums) / (float)count;
    const float steepness = logarithm ? PSNR_UNIT / (mean + PSNR_FLOOR) : 1.0f;
    const float each = 2 * weight * steepness / (float)count;
    for (size_t i = 0; i < count; i++) errors[i] *= each;
    return weight * (logarithm ? logf(mean + PSNR_FLOOR) * PSNR_UNIT : mean);
}

static float distance(int kind, float *errors, size_t count, float weight) {
    if (kind == IQLUT_LOSS_CHARBONNIER) return charbonnier(errors, count, weight);
    return square(errors, count, weight, kind == IQLUT_LOSS_PSNR);
}

/* Row `y` of luma with its first and last pixel repeated; `to` is its pixel -1. */
static const uint8_t *padded_row(const iqlut_train_batch *b, const uint8_t *luma, int y,
                                 uint8_t *to) {
    const uint8_t *from = luma + (size_t)clamp_index(y, b->h) * b->w;
    to[0] = from[0];
    memcpy(to + 1, from, (size_t)b->w);
    to[b->w + 1] = from[b->w - 1];
    return to + 1;
}

/* arithmetic.bilinear of row `y`, as signals: `phases` (w, scale * scale), through `work`. */
static void bilinear_row(const iqlut_train_batch *b, const uint8_t *luma, int y, float *phases,
                         float *work) {
    const int d = b->scale * b->scale, lanes = d <= 8 ? 8 : 16;
    const float unit = 1.0f / (float)(4 * d);
    int16_t *base = (int16_t *)work;
    uint8_t *rows = (uint8_t *)(work + iqlut_train_whole((size_t)b->w * IQLUT_PHASES_MAX));
    iqlut_bilinear row = {.base = base, .scale = b->scale, .lanes = lanes, .count = b->w};
    for (int i = 0; i < 3; i++)
        row.luma[i] = padded_row(b, luma, y + i - 1, rows + (size_t)i * (b->w + 2));
    bilinear(&row);
    for (int x = 0; x < b->w; x++)
        for (int i = 0; i < d; i++) phases[x * d + i] = (float)base[x * lanes + i] * unit;
}

/* scratch = residual - (truth - base), in units of x, of the pixels that count, one after the
 * other. */
static void errors(const iqlut_train_error *e, const uint8_t *luma, const uint8_t *truth) {
    const iqlut_train_batch *b = e->batch;
    const int d = b->scale * b->scale, m = e->loss->margin, values = b->w * d;
    const float *residual = e->residual;
    float *phases = e->work, *out = e->scratch, *work = e->work + iqlut_train_whole((size_t)values);
    for (int i = 0; i < values; i++) phases[i] = CENTRE;
    for (int y = m; y < b->h - m; y++) {
        const size_t row = (size_t)y * values;
        if (e->loss->base) bilinear_row(b, luma, y, phases, work);
        for (int i = m * d; i < values - m * d; i++)
            *out++ = residual[row + i] - ((float)truth[row + i] - phases[i]) * (1 / CENTRE);
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

/* scratch = residual - taught, of the pixels that count. */
static void errors_of_taught(const iqlut_train_error *e, const float *taught) {
    const iqlut_train_batch *b = e->batch;
    const int d = b->scale * b->scale, m = e->loss->margin;
    const float *residual = e->residual;
    float *out = e->scratch;
    for (int y = m; y < b->h - m; y++) {
        const size_t row = (size_t)y * b->w * d, end = row + (size_t)(b->w - m) * d;
        for (size_t i = row + (size_t)m * d; i < end; i++) *out++ = residual[i] - taught[i];
    }
}

static float loss_of(const iqlut_train_error *e) {
    const iqlut_train_batch *b = e->batch;
    const iqlut_train_loss *l = e->loss;
    const int m = l->margin, d = b->scale * b->scale;
    const size_t pixels = (size_t)b->h * b->w, values = pixels * d;
    const size_t inner = (size_t)(b->h - 2 * m) * (b->w - 2 * m) * d;
    const float share = 1.0f / (float)b->patches;
    memset(e->grad, 0, sizeof(float) * values);
    errors(e, b->luma + e->patch * pixels, l->truth + e->patch * values);
    float sum = distance(l->kind, e->scratch, inner, share);
    add_inner(b, m, e->scratch, e->grad);
    if (!l->taught) return sum;
    errors_of_taught(e, l->taught + e->patch * values);
    sum += distance(l->kind, e->scratch, inner, l->weight * share);
    add_inner(b, m, e->scratch, e->grad);
    return sum;
}
