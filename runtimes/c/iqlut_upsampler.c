/* The last layer: phases on top of the bilinear base, delivered as spans of `scale` rows. */
#include <string.h>

#include "iqlut_internal.h"

#define SCALE_MAX 4u

const uint8_t *iqlut_luma_row(const iqlut_passage *at, int32_t y)
{
    const iqlut_stream *const stream = at->stream;
    const int32_t last = at->height - 1;
    const uint32_t nearest = (uint32_t)(y < 0 ? 0 : (y > last ? last : y));
    return stream->luma + (nearest % IQLUT_LUMA_ROWS(stream->delay)) * stream->width;
}

/* arithmetic.bilinear_weights: one phase between the pixels before, at and after. */
static inline int32_t phase_of(int32_t scale, int32_t phase, int32_t before, int32_t at,
                               int32_t after)
{
    const int32_t offset = 2 * phase + 1 - scale;
    return 2 * scale * at + offset * (offset < 0 ? at - before : after - at);
}

/* The row phases of column x of three rows of luma, int32 (scale). */
static void weigh_rows(const uint8_t *const *luma, uint32_t x, uint32_t scale, int32_t *column)
{
    for (uint32_t p = 0; p < scale; p++) {
        column[p] = phase_of((int32_t)scale, (int32_t)p, luma[0][x], luma[1][x], luma[2][x]);
    }
}

/* The row phases of the columns before, at and after a pixel. */
typedef struct {
    int32_t before[SCALE_MAX];
    int32_t at[SCALE_MAX];
    int32_t after[SCALE_MAX];
} luma_columns;

/* Requantise all phases of one pixel on top of arithmetic.bilinear, into rows `length` apart. */
static void write_phases(const iqlut_window *window, const luma_columns *base, uint32_t scale,
                         uint8_t *out, uint32_t length)
{
    uint16_t own[SCALE_MAX * SCALE_MAX];
    uint8_t phases[SCALE_MAX * SCALE_MAX];
    uint32_t o = 0;
    for (uint32_t p = 0; p < scale; p++) {
        for (uint32_t q = 0; q < scale; q++) {
            own[o] = (uint16_t)phase_of((int32_t)scale, (int32_t)q, base->before[p], base->at[p],
                                        base->after[p]);
            o++;
        }
    }
    iqlut_requantise(window, own, phases);
    for (uint32_t p = 0; p < scale; p++) {
        for (uint32_t q = 0; q < scale; q++) {
            out[q] = phases[p * scale + q];
        }
        out += length;
    }
}

/* Compute the columns of the upsampler's output and deliver them. */
void iqlut_run_upsampler(const iqlut_passage *at, iqlut_window *window, iqlut_span columns,
                         int32_t y)
{
    const iqlut_stream *const stream = at->stream;
    const uint32_t scale = stream->model->scale;
    columns.begin = IQLUT_MAX(columns.begin, stream->keep_begin);
    columns.end = columns.end < stream->keep_end ? columns.end : stream->keep_end;
    if (columns.begin >= columns.end) {
        return;
    }
    const uint32_t length = (columns.end - columns.begin) * scale;
    const uint8_t *const luma[3] = {iqlut_luma_row(at, y - 1), iqlut_luma_row(at, y),
                                    iqlut_luma_row(at, y + 1)};
    luma_columns base;
    iqlut_enter(window, columns.begin);
    weigh_rows(luma, columns.begin > 0u ? columns.begin - 1u : 0u, scale, base.at);
    weigh_rows(luma, columns.begin, scale, base.after);
    for (uint32_t x = columns.begin; x < columns.end; x++) {
        memcpy(base.before, base.at, sizeof base.at);
        memcpy(base.at, base.after, sizeof base.at);
        if (x + 1u < stream->width) {
            weigh_rows(luma, x + 1u, scale, base.after);
        }
        iqlut_accumulate(window, x);
        write_phases(window, &base, scale, stream->pixels + (x - columns.begin) * scale, length);
    }
    for (uint32_t p = 0; p < scale; p++) {
        stream->output.emit(stream->output.user, (uint32_t)y * scale + p,
                            (columns.begin + stream->left) * scale, stream->pixels + p * length,
                            length);
    }
}
