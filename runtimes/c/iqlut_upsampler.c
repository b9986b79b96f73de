/* The last layer: phases on top of the bilinear base, delivered as spans of `scale` rows. */
#include "iqlut_internal.h"

const uint8_t *iqlut_luma_row(const iqlut_passage *at, int32_t y)
{
    const iqlut_stream *const stream = at->stream;
    const int32_t last = at->height - 1;
    const uint32_t nearest = (uint32_t)(y < 0 ? 0 : (y > last ? last : y));
    return stream->luma + (nearest % IQLUT_LUMA_ROWS(stream->delay)) * stream->width;
}

/* arithmetic.bilinear_weights for one phase, of the pixels before, at and after. */
static void weigh(int32_t scale, int32_t phase, int32_t *weights)
{
    const int32_t offset = 2 * phase + 1 - scale;
    weights[0] = offset < 0 ? -offset : 0;
    weights[1] = 2 * scale - (offset < 0 ? -offset : offset);
    weights[2] = offset > 0 ? offset : 0;
}

/* One row phase of arithmetic.bilinear for column x: the phases of the columns, int32 (scale). */
static void bilinear(const uint8_t *const *luma, uint32_t x, uint32_t width, const int32_t *rows,
                     int32_t *base)
{
    const uint32_t columns[3] = {x > 0u ? x - 1u : 0u, x, x + 1u < width ? x + 1u : x};
    for (uint32_t b = 0; b < 3u; b++) {
        const uint32_t at = columns[b];
        base[b] = rows[0] * luma[0][at] + rows[1] * luma[1][at] + rows[2] * luma[2][at];
    }
}

/* Compute the columns of the upsampler's output and deliver them. */
void iqlut_run_upsampler(const iqlut_passage *at, const iqlut_window *window, iqlut_span columns,
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
    iqlut_enter(window, columns.begin);
    for (uint32_t x = columns.begin; x < columns.end; x++) {
        int32_t acc[IQLUT_CHANNELS_MAX];
        iqlut_accumulate(window, x, acc);
        for (uint32_t p = 0; p < scale; p++) {
            uint8_t *const out = stream->pixels + p * length + (x - columns.begin) * scale;
            int32_t weights[3];
            int32_t middle[3];
            weigh((int32_t)scale, (int32_t)p, weights);
            bilinear(luma, x, stream->width, weights, middle);
            for (uint32_t q = 0; q < scale; q++) {
                const uint32_t o = p * scale + q;
                weigh((int32_t)scale, (int32_t)q, weights);
                out[q] = iqlut_requantise(window->layer, o, acc[o],
                                          weights[0] * middle[0] + weights[1] * middle[1] +
                                              weights[2] * middle[2]);
            }
        }
    }
    for (uint32_t p = 0; p < scale; p++) {
        stream->output.emit(stream->output.user, (uint32_t)y * scale + p,
                            (columns.begin + stream->left) * scale, stream->pixels + p * length,
                            length);
    }
}
