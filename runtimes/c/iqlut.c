/* The stream: which rows and columns pass through which layer when, and where they are kept.
 *
 * A layer with a 3x3 kernel keeps two rows of its input, not three. Columns pass through all layers
 * in chunks. When a chunk of input row r arrives at a layer, it waits in a small "flight" buffer
 * while output row r - 1 is computed from rows r - 2 and r - 1 of the ring and from the flight;
 * only then does it overwrite row r - 2 in the ring, and the two columns that later outputs still
 * need stay back as the layer's "tail". Each layer runs kernel / 2 rows and columns behind the one
 * before it, so that every range follows from the row number, the chunk and that lag alone. */
#include "iqlut.h"

#include <string.h>

#include "iqlut_internal.h"

iqlut_status iqlut_start(iqlut_stream *stream, const iqlut_model *model, uint32_t width,
                         void *memory, uint32_t memory_bytes, iqlut_output output)
{
    if (stream == 0 || model == 0 || memory == 0 || output.emit == 0) {
        return IQLUT_NULL;
    }
    if (iqlut_model_is_legal(model) == 0u) {
        return IQLUT_BAD_MODEL;
    }
    if (width == 0u || width > IQLUT_WIDTH_MAX) {
        return IQLUT_BAD_WIDTH;
    }
    if (((uintptr_t)memory & 3u) != 0u) {
        return IQLUT_ALIGNMENT;
    }
    if (memory_bytes < iqlut_memory_bytes(model, width)) {
        return IQLUT_MEMORY;
    }
    iqlut_measure(stream, model);
    stream->positions = (uint32_t *)memory;
    stream->luma = (uint8_t *)memory + 36u * stream->channels;
    stream->rings = stream->luma + width * IQLUT_LUMA_ROWS(stream->delay);
    stream->tails = stream->rings + width * stream->signal_bytes;
    stream->flight[0] = stream->tails + stream->signal_bytes;
    stream->flight[1] = stream->flight[0] + (IQLUT_CHUNK + 2u) * stream->channels;
    stream->pixels = stream->flight[1] + (IQLUT_CHUNK + 2u) * stream->channels;
    stream->model = model;
    stream->output = output;
    stream->width = width;
    stream->rows = 0;
    stream->left = 0;
    stream->keep_begin = 0;
    stream->keep_end = width;
    return IQLUT_OK;
}

/* The columns of a chunk that begins at `begin`, as far as they lie in the picture. */
static iqlut_span inside(int32_t begin, uint32_t width)
{
    const int32_t end = begin + (int32_t)IQLUT_CHUNK;
    iqlut_span columns;
    columns.begin = begin < 0 ? 0u : (uint32_t)begin;
    columns.end = end < 0 ? 0u : IQLUT_MAX(columns.begin, (uint32_t)end);
    columns.end = columns.end < width ? columns.end : width;
    columns.begin = columns.begin < columns.end ? columns.begin : columns.end;
    return columns;
}

/* The rows under the taps of a layer whose newest input row is at->row. */
static void find_rows(const iqlut_passage *at, const iqlut_layer *layer, uint32_t index,
                      iqlut_window *window)
{
    const uint32_t kept = layer->kernel - 1u;
    for (uint32_t i = 0; i < layer->kernel; i++) {
        const int32_t y = at->row - (int32_t)kept + (int32_t)i;
        const int32_t last = at->height - 1;
        iqlut_row *const row = &window->rows[i];
        row->first = 0;
        if (index == 0u) {
            row->pixels = iqlut_luma_row(at, y);
        } else if (i == kept && y <= last) { /* the flight begins `kept` columns before the chunk */
            row->pixels = at->stream->flight[at->flight];
            row->first =
                (uint32_t)at->column - kept; /* wraps below 0, as does the difference to it */
        } else {
            const uint32_t nearest = (uint32_t)(y < 0 ? 0 : (y > last ? last : y));
            row->pixels = at->ring + (nearest % kept) * at->stream->width * layer->channels_in;
        }
    }
}

/* arithmetic.skip_signal of all outputs of pixel x. */
static void find_skip_signals(const iqlut_window *window, uint32_t x, uint16_t *own)
{
    const uint32_t c = window->layer->channels_in;
    const uint32_t d = window->layer->channels_out;
    const uint8_t *signal = iqlut_pixel(&window->rows[(window->layer->kernel - 1u) / 2u], x, c);
    for (uint32_t o = 0; o < d; o++) {
        own[o] = c == 1u || c == d ? *signal : 0u;
        signal += c == d ? 1u : 0u;
    }
}

/* Compute the columns of a block's output into the flight of the next layer, `next`. */
static void run_block(const iqlut_passage *at, iqlut_window *window, iqlut_span columns,
                      const iqlut_layer *next)
{
    const iqlut_layer *const layer = window->layer;
    const uint32_t d = layer->channels_out;
    const int32_t first = at->column - (int32_t)(layer->kernel / 2u);
    uint8_t *out = at->stream->flight[1u - at->flight];
    if (columns.begin == columns.end) {
        return;
    }
    out += ((next->kernel - 1u) + (columns.begin - (uint32_t)first)) * d;
    iqlut_enter(window, columns.begin);
#ifdef IQLUT_DSP
    if (window->fits != 0u) {
        iqlut_run_block_dsp(window, columns.begin, out);
        return;
    }
#endif
    for (uint32_t x = columns.begin; x < columns.end; x++) {
        uint16_t own[IQLUT_CHANNELS_MAX];
        find_skip_signals(window, x, own);
        iqlut_accumulate(window, x);
        iqlut_requantise(window, own, out);
        out += d;
    }
}

/* Put what arrived with this chunk where later rows and columns find it. */
static void keep(const iqlut_passage *at, const iqlut_layer *layer)
{
    const uint32_t kept = layer->kernel - 1u;
    const uint32_t c = layer->channels_in;
    const int32_t width = (int32_t)at->stream->width;
    const uint8_t *const flight = at->stream->flight[at->flight];
    const int32_t first = at->column - (int32_t)kept;
    const int32_t begin = first < 0 ? 0 : first;
    int32_t end = first + (int32_t)IQLUT_CHUNK;
    if (kept == 0u || at->row >= at->height) {
        return;
    }
    memcpy(at->tail, flight + IQLUT_CHUNK * c, kept * c);
    if (end > width || at->column + (int32_t)IQLUT_CHUNK - (int32_t)(layer->kernel / 2u) >= width) {
        end = width; /* no later output of this row needs the row above */
    }
    if (begin < end) {
        uint8_t *const row = at->ring + ((uint32_t)at->row % kept) * at->stream->width * c;
        memcpy(row + (uint32_t)begin * c, flight + (uint32_t)(begin - first) * c,
               (uint32_t)(end - begin) * c);
    }
}

/* Let a layer compute what a chunk completes; the number of the output row, negative if there is
 * none yet. */
static int32_t run_layer(const iqlut_passage *at, uint32_t index)
{
    const iqlut_model *const model = at->stream->model;
    const iqlut_layer *const layer = &model->layers[index];
    const int32_t after = layer->kernel / 2;
    const int32_t y = at->row - after;
    if (index > 0u && layer->kernel > 1u) {
        memcpy(at->stream->flight[at->flight], at->tail,
               (layer->kernel - 1u) * (uint32_t)layer->channels_in);
    }
    if (y >= 0 && y < at->height) {
        const iqlut_span columns = inside(at->column - after, at->stream->width);
        iqlut_window window;
        window.layer = layer;
        window.width = at->stream->width;
        window.symmetry = model->symmetry;
        window.orbit = IQLUT_ORBIT(model);
        window.last = iqlut_is_last(model, index);
        window.inputs = iqlut_stored_inputs(model, index);
        window.stored = iqlut_stored_outputs(model, index);
        window.level_units =
            layer->around != 0 ? 1u : (uint32_t)layer->kernel * layer->kernel * window.stored;
        window.positions = at->stream->positions;
        window.end = columns.end;
        find_rows(at, layer, index, &window);
        if (window.last != 0u) {
            iqlut_run_upsampler(at, &window, columns, y);
        } else {
            run_block(at, &window, columns, &model->layers[index + 1u]);
        }
    }
    if (index > 0u) {
        keep(at, layer);
    }
    return y;
}

/* Pass the newest row, or a row below the picture, through all layers, chunk by chunk. */
static void pass_row(const iqlut_stream *stream, int32_t height)
{
    const iqlut_model *const model = stream->model;
    for (uint32_t begin = 0; begin < stream->width + stream->delay; begin += IQLUT_CHUNK) {
        iqlut_passage at;
        at.stream = stream;
        at.row = (int32_t)stream->rows -
                 (stream->delay == 0u ? 1 : 0); /* the bilinear base needs the next row */
        at.column = (int32_t)begin;
        at.height = height;
        at.ring = stream->rings;
        at.tail = stream->tails;
        at.flight = 0;
        for (uint32_t l = 0; l < model->layer_count && at.row >= 0; l++) {
            const iqlut_layer *const layer = &model->layers[l];
            const uint32_t kept =
                l == 0u ? 0u : (layer->kernel - 1u) * (uint32_t)layer->channels_in;
            at.row = run_layer(&at, l);
            at.column -= layer->kernel / 2;
            at.ring += kept * stream->width;
            at.tail += kept;
            at.flight = 1u - at.flight;
        }
    }
}

iqlut_status iqlut_push(iqlut_stream *stream, const uint8_t *luma)
{
    if (stream == 0 || luma == 0) {
        return IQLUT_NULL;
    }
    memcpy(stream->luma + (stream->rows % IQLUT_LUMA_ROWS(stream->delay)) * stream->width, luma,
           stream->width);
    pass_row(stream, INT32_MAX);
    stream->rows++;
    return IQLUT_OK;
}

iqlut_status iqlut_finish(iqlut_stream *stream)
{
    if (stream == 0) {
        return IQLUT_NULL;
    }
    if (stream->rows == 0u) {
        return IQLUT_NO_ROWS;
    }
    const int32_t height = (int32_t)stream->rows;
    for (uint32_t step = 0; step < IQLUT_MAX(stream->delay, 1u); step++) {
        pass_row(stream, height);
        stream->rows++;
    }
    stream->rows = 0;
    return IQLUT_OK;
}
