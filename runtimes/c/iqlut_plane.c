/* Whole planes, in one stream or in column tiles that fit the memory. */
#include <string.h>

#include "iqlut_internal.h"

/* Where the rows of the output lie. */
typedef struct {
    uint8_t *pixels;
    uint32_t stride;
} canvas;

static void paint(void *user, uint32_t row, uint32_t column, const uint8_t *pixels, uint32_t count)
{
    const canvas *const target = (const canvas *)user;
    memcpy(target->pixels + (size_t)row * target->stride + column, pixels, count);
}

static iqlut_status check_plane(const iqlut_model *model, const iqlut_plane *plane,
                                const void *memory)
{
    if (model == 0 || plane == 0 || plane->pixels == 0 || memory == 0) {
        return IQLUT_NULL;
    }
    if (iqlut_model_is_legal(model) == 0u) {
        return IQLUT_BAD_MODEL;
    }
    if (plane->width == 0u || plane->height == 0u || plane->stride < plane->width) {
        return IQLUT_BAD_SIZE;
    }
    return ((uintptr_t)memory & 3u) != 0u ? IQLUT_ALIGNMENT : IQLUT_OK;
}

/* The widest stream that fits into the memory, at most `width` wide; 0 if not even one column does.
 */
static uint32_t widest(const iqlut_model *model, uint32_t width, uint32_t memory_bytes)
{
    const uint32_t one = iqlut_memory_bytes(model, 1);
    const uint32_t column = iqlut_memory_bytes(model, 2) - one;
    uint32_t fits = memory_bytes < one ? 0u : 1u + (memory_bytes - one) / column;
    fits = fits < IQLUT_WIDTH_MAX ? fits : IQLUT_WIDTH_MAX;
    return fits < width ? fits : width;
}

iqlut_status iqlut_upscale_spans(const iqlut_model *model, const iqlut_plane *plane,
                                 iqlut_output output, void *memory, uint32_t memory_bytes)
{
    iqlut_status status = output.emit == 0 ? IQLUT_NULL : check_plane(model, plane, memory);
    uint32_t before = 0;
    uint32_t after = 0;
    if (status != IQLUT_OK) {
        return status;
    }
    for (uint32_t l = 0; l < model->layer_count; l++) {
        before += (model->layers[l].kernel - 1u) / 2u;
        after += model->layers[l].kernel / 2u;
    }
    before = IQLUT_MAX(before, 1u); /* the bilinear base reads one pixel on each side */
    after = IQLUT_MAX(after, 1u);
    const uint32_t tile = widest(model, plane->width, memory_bytes);
    if (tile < plane->width && tile <= before + after) {
        return IQLUT_MEMORY;
    }
    const uint32_t step = tile == plane->width ? tile : tile - before - after;
    for (uint32_t begin = 0; begin < plane->width && status == IQLUT_OK; begin += step) {
        const uint32_t left = begin > before ? begin - before : 0u;
        const uint32_t end = plane->width - begin > step ? begin + step : plane->width;
        const uint32_t right = plane->width - end > after ? end + after : plane->width;
        iqlut_stream stream;
        status = iqlut_start(&stream, model, right - left, memory, memory_bytes, output);
        stream.left = left;
        stream.keep_begin = begin - left;
        stream.keep_end = end - left;
        for (uint32_t y = 0; y < plane->height && status == IQLUT_OK; y++) {
            status = iqlut_push(&stream, plane->pixels + (size_t)y * plane->stride + left);
        }
        if (status == IQLUT_OK) {
            status = iqlut_finish(&stream);
        }
    }
    return status;
}

iqlut_status iqlut_upscale(const iqlut_model *model, const iqlut_plane *plane, uint8_t *out,
                           uint32_t out_stride, void *memory, uint32_t memory_bytes)
{
    canvas target = {out, out_stride};
    iqlut_output output = {paint, &target};
    const iqlut_status status = out == 0 ? IQLUT_NULL : check_plane(model, plane, memory);
    if (status != IQLUT_OK) {
        return status;
    }
    if (out_stride / model->scale < plane->width) {
        return IQLUT_BAD_SIZE;
    }
    return iqlut_upscale_spans(model, plane, output, memory, memory_bytes);
}
