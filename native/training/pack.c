/* A table as training reads it: rounded to int8, two levels side by side; and how
 * steeply it rises between them, not rounded: where levels lie close, most are rounded to the same
 * entry. */
#include <math.h>
#include <string.h>

#include "call.h"

void iqlut_train_free(iqlut_train_table *table) {
    iqlut_release(table->pairs);
    iqlut_release(table->rises);
    iqlut_release(table->form);
}

/* quantiser.entry_step: of each output channel, so that its largest entry is ENTRY_MAX steps; or
 * what is given. */
static void entry_steps(const iqlut_train_layer *l, float *step) {
    if (l->step) {
        memcpy(step, l->step, sizeof(float) * (size_t)l->shape.channels_out);
        return;
    }
    const size_t d = (size_t)l->shape.channels_out;
    const size_t taps = (size_t)(l->shape.kernel * l->shape.kernel);
    const size_t entries = (size_t)l->shape.channels_in * l->shape.levels * taps * d;
    for (size_t o = 0; o < d; o++) {
        float largest = 1e-6f;
        for (size_t i = o; i < entries; i += d)
            largest = fabsf(l->lut[i]) > largest ? fabsf(l->lut[i]) : largest;
        step[o] = largest / IQLUT_ENTRY_MAX;
    }
}

/* The row of a level and that of the level above it, rounded as by quantiser.round_entries, and the
 * rise of the exact. */
static void pack_row(const float *below, const iqlut_train_view *v, const float *step,
                     float steepness, int8_t *pairs, float *rise) {
    const int d = v->channels_out, taps = v->kernel * v->kernel;
    const float *above = below + taps * d;
    for (int tap = 0; tap < taps; tap++)
        for (int o = 0; o < iqlut_train_tap_outputs(v->shape, tap); o++) {
            const int from = tap * d + o, to = iqlut_train_tap_at(v->shape, tap) + o;
            pairs[2 * to] = (int8_t)rintf(below[from] / step[o]);
            pairs[2 * to + 1] = (int8_t)rintf(above[from] / step[o]);
            rise[to] = (above[from] - below[from]) * steepness;
        }
}

/* The rows of all levels but the last, of all channels. */
static void pack_rows(const iqlut_train_layer *l, const float *step, iqlut_train_table *table) {
    const iqlut_train_view *v = &table->view;
    const int gaps = v->levels - 1, row = v->kernel * v->kernel * v->channels_out;
    for (int r = 0; r < v->channels_in * gaps; r++) {
        const int c = r / gaps, code = r % gaps;
        const float *below = l->lut + (size_t)(c * v->levels + code) * row;
        pack_row(below, v, step, l->steepness[code], table->pairs + (size_t)r * v->pair_stride,
                 table->rises + (size_t)r * v->stride);
    }
}

/* fraction[s] as bytes ONE - t and t. */
static void pack_weights(const iqlut_train_layer *l, uint16_t *weights) {
    for (int s = 0; s < IQLUT_SIGNALS; s++) {
        const int t = (int)(l->fraction[s] * IQLUT_ONE + 0.5f);
        weights[s] = (uint16_t)((IQLUT_ONE - t) | t << 8);
    }
}

/* What the instruction set makes of a table that is packed. */
static int pack_form(const iqlut_train_isa *isa, iqlut_train_table *table) {
    const size_t bytes = isa->form_bytes ? isa->form_bytes(&table->view) : 0;
    if (!bytes) return IQLUT_OK;
    table->form = iqlut_allocate(bytes);
    if (!table->form) return IQLUT_NO_MEMORY;
    isa->pack_form(&table->view, table->form);
    table->view.form = table->form;
    return IQLUT_OK;
}

int iqlut_train_pack(iqlut_train_call *call, int layer) {
    const iqlut_train_batch *batch = call->batch;
    const iqlut_train_layer *l = &batch->layers[layer];
    iqlut_train_table *table = &call->tables[layer];
    const iqlut_shape s = l->shape;
    const iqlut_train_shape shape = {s.channels_in, s.kernel, s.channels_out, l->spatial_in,
                                     l->spatial_out};
    const size_t row = (size_t)iqlut_train_row_wholes(shape) * IQLUT_TRAIN_WHOLE;
    const size_t rows = (size_t)(s.channels_in * (s.levels - 1));
    const size_t stride = iqlut_train_whole(row), pair_stride = iqlut_whole_lines(2 * row);
    float step[IQLUT_CHANNELS_MAX];

    table->pairs = iqlut_allocate(rows * pair_stride);
    table->rises = iqlut_allocate(rows * stride * sizeof(float));
    if (!table->pairs || !table->rises) return IQLUT_NO_MEMORY;
    memset(table->pairs, 0, rows * pair_stride);
    memset(table->rises, 0, rows * stride * sizeof(float));
    table->view = (iqlut_train_view){.h = batch->h,
                                     .w = batch->w,
                                     .channels_in = s.channels_in,
                                     .channels_out = s.channels_out,
                                     .kernel = s.kernel,
                                     .levels = s.levels,
                                     .shape = shape,
                                     .stride = (int32_t)stride,
                                     .pair_stride = (int32_t)pair_stride,
                                     .code = l->code,
                                     .fraction = l->fraction,
                                     .pairs = table->pairs,
                                     .rises = table->rises,
                                     .unit = table->unit,
                                     .weights = table->weights};
    entry_steps(l, step);
    pack_rows(l, step, table);
    pack_weights(l, table->weights);
    for (int o = 0; o < s.channels_out; o++) table->unit[o] = step[o] / IQLUT_ONE;
    return pack_form(call->isa, table);
}
