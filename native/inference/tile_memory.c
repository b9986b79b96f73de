/* Where the rows of a tile lie. */
#include "tile.h"

static size_t row_bytes(int64_t columns, size_t pixel_bytes) {
    return iqlut_whole_lines(FRONT + (size_t)columns * pixel_bytes + SLACK);
}

#define TAKE(pointer, type, bytes) \
    (pointer = memory ? (type *)(memory + used) : NULL, used += (bytes))

/* A row of colours is kept until the cubic kernel, two rows on, has read it. */
static size_t lay_out_colours(tile *t, uint8_t *memory, int64_t columns) {
    enum { REACH = IQLUT_CUBIC_REACH };
    const iqlut_plan *plan = t->job->plan;
    size_t used = 0;
    int after = 0;
    for (int l = 0; l < plan->layer_count; l++) after += plan->layers[l].after;
    const int64_t columns_in = columns + 2 * plan->layer_count + 2 * REACH;
    const int64_t columns_out = columns * plan->scale;
    colour_ring ring = {.count = (after > REACH ? after : REACH) + REACH + 1,
                        .luma_bytes = row_bytes(columns_in, 1)};
    ring.bytes = ring.luma_bytes + 2 * row_bytes(columns_in, sizeof(int16_t));
    TAKE(t->ring, colour_ring, iqlut_whole_lines(sizeof ring));
    TAKE(ring.rows, uint8_t, ring.bytes *(size_t)ring.count);
    TAKE(t->bright, uint8_t, row_bytes(columns_out, 1) * (size_t)plan->scale);
    TAKE(t->join.tall, int32_t, row_bytes(columns_in, sizeof(int32_t)));
    TAKE(t->join.wide_red, int16_t, row_bytes(columns_out, sizeof(int16_t)));
    TAKE(t->join.wide_blue, int16_t, row_bytes(columns_out, sizeof(int16_t)));
    if (memory) *t->ring = ring;
    t->join.luma = t->bright, t->join.luma_stride = (int64_t)row_bytes(columns_out, 1);
    return used;
}

static size_t lay_out_line(line *l, uint8_t *memory, int64_t columns) {
    const iqlut_packed *p = l->packed;
    size_t used = 0;
    l->signal_bytes = row_bytes(columns, (size_t)l->input_stride);
    l->partial_bytes = row_bytes(columns, (size_t)(p->partial_bytes * p->lanes));
    TAKE(l->signal, uint8_t, SIGNAL_ROWS * l->signal_bytes);
    for (int n = 0; n < part_count(p); n++)
        TAKE(l->partial[n], uint8_t, partial_rows_bytes(l, part_at(p, n)));
    return used;
}

size_t iqlut_lay_out(tile *t, uint8_t *memory, int64_t columns) {
    const iqlut_plan *plan = t->job->plan;
    size_t used = 0, stride_max = 1;
    if (t->job->picture.channels > 1) used = lay_out_colours(t, memory, columns);
    columns += 2 * plan->layer_count;
    TAKE(t->lines, line, iqlut_whole_lines((size_t)plan->layer_count * sizeof(line)));
    for (int n = 0; n < plan->layer_count; n++) {
        line l = {.packed = &plan->layers[n], .input_stride = n ? plan->layers[n - 1].lanes : 1};
        used += lay_out_line(&l, memory ? memory + used : NULL, columns);
        if (memory) t->lines[n] = l;
        if ((size_t)l.input_stride > stride_max) stride_max = (size_t)l.input_stride;
    }
    for (int i = 0; i < 3; i++) TAKE(t->luma[i], uint8_t, row_bytes(columns, 1));
    TAKE(t->skip, uint8_t, row_bytes(columns, IQLUT_PERIOD));
    TAKE(t->phases, uint8_t, row_bytes(columns, IQLUT_PHASES_MAX));
    TAKE(t->keys.weights, uint16_t, row_bytes(columns, stride_max * sizeof(uint16_t)));
    TAKE(t->keys.offsets, uint16_t, row_bytes(columns, stride_max * sizeof(uint16_t)));
    TAKE(t->base, int16_t, row_bytes(columns, IQLUT_PHASES_MAX * sizeof(int16_t)));
    return used;
}

size_t iqlut_workspace_bytes(const iqlut_job *job, int columns) {
    tile t = {.job = job};
    return iqlut_lay_out(&t, NULL, columns);
}
