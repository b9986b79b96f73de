/* The colours of a tile: taken apart when its first layer takes a row in, added when its last layer
 * gives one. */
#include "tile.h"

void iqlut_begin_colours(const tile *t, const iqlut_rectangle *place) {
    enum { REACH = IQLUT_CUBIC_REACH };
    const line *first = &t->lines[0];
    t->ring->first = first->input_first - REACH, t->ring->last = first->input_last + REACH;
    t->ring->next = at_least(0, at_most(first->next_input, place->top - REACH));
}

iqlut_colours iqlut_colours_at(const colour_ring *ring, int64_t y) {
    uint8_t *luma = ring->rows + (size_t)(y % ring->count) * ring->bytes + FRONT;
    uint8_t *red = luma + ring->luma_bytes;
    uint8_t *blue = red + (ring->bytes - ring->luma_bytes) / 2;
    return (iqlut_colours){luma, (int16_t *)red, (int16_t *)blue};
}

void iqlut_take_colours(const tile *t, int64_t y) {
    colour_ring *ring = t->ring;
    const iqlut_picture *from = &t->job->picture;
    const int64_t left = at_least(0, ring->first), right = at_most(from->w, ring->last);
    for (; ring->next <= at_most(y, from->h - 1); ring->next++) {
        iqlut_colours row = iqlut_colours_at(ring, ring->next);
        row.luma += left - ring->first, row.red += left - ring->first;
        row.blue += left - ring->first;
        const uint8_t *pixels = from->pixels + ring->next * from->stride + left * from->channels;
        t->job->plan->isa.split(pixels, from->channels, (int)(right - left), row);
        for (int64_t x = ring->first - left; x < 0; x++)
            row.red[x] = row.red[0], row.blue[x] = row.blue[0];
        const int64_t last = right - left - 1;
        for (int64_t x = right - left; x < ring->last - left; x++)
            row.red[x] = row.red[last], row.blue[x] = row.blue[last];
    }
}

void iqlut_add_colours(const tile *t, int64_t y, uint8_t *out) {
    const iqlut_plan *plan = t->job->plan;
    const line *l = &t->lines[plan->layer_count - 1];
    iqlut_join join = t->join;
    for (int k = 0; k < IQLUT_CUBIC_TAPS; k++) {
        const int64_t from = iqlut_clamp_index(y + k - IQLUT_CUBIC_REACH, t->job->picture.h);
        const iqlut_colours row = iqlut_colours_at(t->ring, from);
        join.red[k] = row.red + (l->first - t->ring->first);
        join.blue[k] = row.blue + (l->first - t->ring->first);
    }
    join.count = (int)(l->last - l->first);
    join.out = out, join.out_stride = t->job->result.stride;
    plan->isa.join(plan->scale, &join);
}
