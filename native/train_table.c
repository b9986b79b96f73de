/* A table as the training kernel reads it: rounded to int8, two levels side by side; and how steeply it rises between
 * them, not rounded: where levels lie close, most are rounded to the same entry. */
#include "train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_MAX 127 /* arithmetic.ENTRY_MAX */
#define LINE 64       /* bytes: rows that straddle two lines take twice as long */

float *iqlut_train_lines(size_t count) {
    const size_t bytes = (count * sizeof(float) + LINE - 1) / LINE * LINE;
#ifdef _WIN32
    return _aligned_malloc(bytes, LINE);
#else
    return aligned_alloc(LINE, bytes);
#endif
}

void iqlut_train_free_lines(void *memory) {
#ifdef _WIN32
    _aligned_free(memory);
#else
    free(memory);
#endif
}

void iqlut_train_free(iqlut_train_table *table) {
    iqlut_train_free_lines(table->pairs);
    iqlut_train_free_lines(table->rises);
}

/* quantiser.entry_step: of each output channel, so that its largest entry is ENTRY_MAX steps; or what is given. */
static void entry_steps(const iqlut_train_layer *l, float *step) {
    if (l->step) {
        memcpy(step, l->step, sizeof(float) * (size_t)l->channels_out);
        return;
    }
    const size_t d = (size_t)l->channels_out, entries = (size_t)l->channels_in * l->levels * l->kernel * l->kernel * d;
    for (size_t o = 0; o < d; o++) {
        float largest = 1e-6f;
        for (size_t i = o; i < entries; i += d) largest = fabsf(l->lut[i]) > largest ? fabsf(l->lut[i]) : largest;
        step[o] = largest / ENTRY_MAX;
    }
}

/* The row of a level and that of the level above it, rounded as by quantiser.round_entries, and the rise of the exact. */
static void pack_rows(const float *below, int row, const float *step, int d, float steepness, int8_t *pairs, float *rise) {
    for (int i = 0; i < row; i++) {
        const float unit = step[i % d];
        pairs[2 * i] = (int8_t)rintf(below[i] / unit);
        pairs[2 * i + 1] = (int8_t)rintf(below[row + i] / unit);
        rise[i] = (below[row + i] - below[i]) * steepness;
    }
}

int iqlut_train_pack(const iqlut_train_batch *batch, const iqlut_train_layer *l, iqlut_train_table *table) {
    const int d = l->channels_out, row = l->kernel * l->kernel * d, gaps = l->levels - 1;
    const int stride = (row + 15) / 16 * 16, pair_stride = (2 * row + LINE - 1) / LINE * LINE;
    const size_t rows = (size_t)l->channels_in * gaps;
    float step[IQLUT_TRAIN_CHANNELS_MAX];

    table->pairs = (int8_t *)iqlut_train_lines(rows * pair_stride / sizeof(float));
    table->rises = iqlut_train_lines(rows * stride);
    if (!table->pairs || !table->rises) return 1;
    memset(table->pairs, 0, rows * pair_stride);
    memset(table->rises, 0, rows * stride * sizeof(float));
    entry_steps(l, step);
    for (size_t r = 0; r < rows; r++) {
        const size_t c = r / gaps, code = r % gaps;
        pack_rows(l->lut + (c * l->levels + code) * row, row, step, d, l->steepness[code], table->pairs + r * pair_stride,
                  table->rises + r * stride);
    }
    for (int o = 0; o < d; o++) table->unit[o] = step[o] / IQLUT_TRAIN_ONE;
    for (int s = 0; s < 256; s++) {
        const int t = (int)(l->fraction[s] * IQLUT_TRAIN_ONE + 0.5f);
        table->weights[s] = (uint16_t)((IQLUT_TRAIN_ONE - t) | t << 8);
    }
    table->view = (iqlut_train_view){batch->h, batch->w, l->channels_in, d, l->kernel, l->levels, stride, pair_stride,
                                     l->code, l->fraction, table->pairs, table->rises, table->unit, table->weights};
    return 0;
}
