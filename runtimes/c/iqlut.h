/* iqlut for firmware: upscales a stream of 8-bit luma rows by integer look-up tables.
 *
 * The code is C99 (and C++), uses integers only, allocates nothing, calls nothing but memcpy and
 * memset, has no recursion and no writable global. Every pixel equals docs/specification.md; there
 * is no tolerance.
 *
 *     static uint32_t memory[IQLUT_WORDS(L8C8_X4_BYTES(160))];
 *     iqlut_stream stream;
 *     iqlut_output output = {emit, user};
 *     iqlut_start(&stream, &l8c8_x4, 160, memory, sizeof memory, output);
 *     for each row of the picture: iqlut_push(&stream, luma_row);
 *     iqlut_finish(&stream);
 *
 * `iqlut export c MODEL -o DIR` writes the table file that defines l8c8_x4 and L8C8_X4_BYTES.
 * runtimes/c/README.md describes the files; docs/firmware.md gives sizes and speed. */
#ifndef IQLUT_H
#define IQLUT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define IQLUT_ARITHMETIC_VERSION 1

/* The widest row that iqlut_start accepts, in pixels. */
#ifndef IQLUT_WIDTH_MAX
#define IQLUT_WIDTH_MAX 8192u
#endif

/* The most channels of a layer; it sets the size of the sums on the stack (6 bytes for each
 * channel). iqlut_dsp.c computes layers of which kernel + 1 times the outputs are not more. */
#ifndef IQLUT_CHANNELS_MAX
#define IQLUT_CHANNELS_MAX 64u
#endif

/* Columns that pass through all layers together: more of them are slightly faster and need slightly
 * more memory. */
#ifndef IQLUT_CHUNK
#define IQLUT_CHUNK 24u
#endif

/* Tables begin at multiples of 4 where the compiler can be told so; only iqlut_dsp.c gains by it.
 */
#if defined(__GNUC__)
#define IQLUT_ALIGNED __attribute__((aligned(4)))
#else
#define IQLUT_ALIGNED
#endif

#define IQLUT_MAX(a, b) ((a) > (b) ? (a) : (b))
#define IQLUT_WORDS(bytes) (((bytes) + 3u) / 4u)

/* Bytes that can be read behind the entries of a layer without symmetry, one level's: iqlut_dsp.c
 * reads the row above the last level and multiplies it by 0. */
#ifdef IQLUT_DSP
#define IQLUT_BEHIND(level_bytes) (level_bytes)
#else
#define IQLUT_BEHIND(level_bytes) 0u
#endif

/* Fails to compile unless `condition`, a constant expression, holds. */
#define IQLUT_CHECK(name, condition) typedef char iqlut_check_##name[(condition) ? 1 : -1]

/* Rows of luma that are kept: `delay` is the sum over all layers of kernel / 2. */
#define IQLUT_LUMA_ROWS(delay) (IQLUT_MAX((delay), 1u) + 2u)

/* Bytes that a stream keeps for each column of signals, luma not included, of a model whose blocks
 * have one number of channels and one kernel: every layer but the first keeps kernel - 1 rows of
 * its input. */
#define IQLUT_SIGNAL_BYTES(blocks, channels, kernel, last_kernel)                                  \
    ((channels) * (((blocks) - 1u) * ((kernel) - 1u) + (last_kernel) - 1u))

/* All bytes of memory of a stream. `signal_bytes` and `delay` as above, `channels` the most of any
 * layer's inputs. */
#define IQLUT_BYTES(width, signal_bytes, delay, channels, scale)                                   \
    (36u * (channels) + (width) * (IQLUT_LUMA_ROWS(delay) + (signal_bytes)) + (signal_bytes) +     \
     2u * (IQLUT_CHUNK + 2u) * (channels) + IQLUT_CHUNK * (scale) * (scale))

/* The same from the shape of the model. */
#define IQLUT_MODEL_BYTES(width, blocks, channels, kernel, last_kernel, scale)                     \
    IQLUT_BYTES(width, IQLUT_SIGNAL_BYTES(blocks, channels, kernel, last_kernel),                  \
                (blocks) * ((kernel) / 2u) + (last_kernel) / 2u, channels, scale)

typedef enum {
    IQLUT_OK = 0,
    IQLUT_NULL = 1, /* a pointer is null */
    IQLUT_BAD_MODEL =
        2, /* the model has a shape outside the limits, or two models do not belong together */
    IQLUT_BAD_WIDTH = 3, /* the width is 0 or above IQLUT_WIDTH_MAX */
    IQLUT_MEMORY = 4,    /* the memory is too small (see IQLUT_BYTES) */
    IQLUT_ALIGNMENT = 5, /* the memory does not start at a multiple of 4 */
    IQLUT_NO_ROWS = 6,   /* iqlut_finish without a row */
    IQLUT_BAD_SIZE = 7,  /* a plane has no pixels, or a stride below its width */
    IQLUT_BAD_WEIGHT = 8,  /* a blend weight above 16 */
    IQLUT_BAD_STRENGTH = 9 /* a restoration strength outside those that are stored */
} iqlut_status;

/* So many levels leave 32 * code + fraction in a byte. */
#define IQLUT_BYTE_LEVELS 8u

/* One layer as stored, section 1 of the specification. */
typedef struct {
    /* entry + 128, (channels_in, levels, kernel, kernel, channels_out), or the stored part of a
     * symmetric model; IQLUT_BEHIND a level can be read behind them */
    const uint8_t *lut;
    /* NULL, or where taps are missing the same of the eight taps off the centre, in the order of
     * rows, (around_in, levels, 8, around_out), of the first inputs and outputs that are stored;
     * `lut` then holds the tap at the centre, (channels_in, levels, channels_out) */
    const uint8_t *around;
    /* 32 * code + fraction of each signal, 256 times uint8_t or, above IQLUT_BYTE_LEVELS, uint16_t
     */
    const void *curve;
    const int16_t *gain;
    const int16_t *skip;
    const int32_t *bias;
    uint16_t levels;
    uint8_t channels_in; /* of the whole layer, symmetric or not */
    uint8_t channels_out;
    uint8_t kernel;
    uint8_t acc_shift;
    uint8_t shift;
    uint8_t around_in;
    uint8_t around_out;
} iqlut_layer;

typedef struct {
    const iqlut_layer *layers;
    uint8_t layer_count;
    uint8_t scale;
    uint8_t symmetry; /* flips and rotations: 1, 2, 4 or 8 */
    uint8_t negative; /* 1 if there are as many again for the negative, else 0 */
} iqlut_model;

/* Channels of an orbit. */
#define IQLUT_ORBIT(model) ((uint32_t)(model)->symmetry << (model)->negative)

/* Called with `count` finished pixels of output row `row`, the first of them in column `column`.
 * Rows come from top to bottom in groups of `scale`; within a group the picture is delivered in
 * spans of at most IQLUT_CHUNK * scale pixels from left to right, and the spans of the `scale` rows
 * alternate. The pixels are valid during the call. */
typedef void (*iqlut_emit)(void *user, uint32_t row, uint32_t column, const uint8_t *pixels,
                           uint32_t count);

typedef struct {
    iqlut_emit emit;
    void *user;
} iqlut_output;

/* The state of one stream. Its members are private. */
typedef struct {
    const iqlut_model *model;
    iqlut_output output;
    uint32_t width;
    uint32_t rows;         /* received so far */
    uint32_t signal_bytes; /* for each column, see IQLUT_SIGNAL_BYTES */
    uint32_t channels;     /* the most inputs of any layer */
    uint32_t delay;        /* rows and columns from an input to its output, at least 1 */
    uint32_t keep_begin;   /* columns that are delivered: of a tile those between its halos */
    uint32_t keep_end;
    uint32_t left; /* column of the picture where the tile begins */
    uint32_t *positions;
    uint8_t *luma;
    uint8_t *rings;
    uint8_t *tails;
    uint8_t *flight[2];
    uint8_t *pixels;
} iqlut_stream;

/* Bytes of memory that a stream of this width needs; 0 if the model is illegal or the width outside
 * the limits. */
uint32_t iqlut_memory_bytes(const iqlut_model *model, uint32_t width);

/* Begin a stream of rows of `width` pixels. On an error nothing is written, neither to the stream
 * nor to the memory. The memory must start at a multiple of 4 and belongs to the stream until its
 * last row is out. */
iqlut_status iqlut_start(iqlut_stream *stream, const iqlut_model *model, uint32_t width,
                         void *memory, uint32_t memory_bytes, iqlut_output output);

/* Push the next row of luma. What it completes is delivered before the call returns. */
iqlut_status iqlut_push(iqlut_stream *stream, const uint8_t *luma);

/* There are no more rows: deliver the rest. The stream is then as it was after iqlut_start. */
iqlut_status iqlut_finish(iqlut_stream *stream);

typedef struct {
    const uint8_t *pixels;
    uint32_t width;
    uint32_t height;
    uint32_t stride; /* bytes from one row to the next */
} iqlut_plane;

/* Upscale a plane into `out`, which has `scale` times its width and height and rows `out_stride`
 * bytes apart. As much memory as is given is used: if it is too small for the whole width, the
 * plane is computed in column tiles with exact halos, to the same pixels. */
iqlut_status iqlut_upscale(const iqlut_model *model, const iqlut_plane *plane, uint8_t *out,
                           uint32_t out_stride, void *memory, uint32_t memory_bytes);

/* The same, delivered span by span; with tiles the spans of a tile come from top to bottom, tile
 * after tile. */
iqlut_status iqlut_upscale_spans(const iqlut_model *model, const iqlut_plane *plane,
                                 iqlut_output output, void *memory, uint32_t memory_bytes);

/* Memory for the tables that iqlut_blend writes. */
typedef struct {
    iqlut_layer *layers;
    uint32_t layer_count;
    void *tables; /* at a multiple of 4 */
    uint32_t table_bytes;
} iqlut_table_memory;

/* Bytes of entries and biases of a blend: what `table_bytes` must be at least; 0 if the model is
 * illegal. */
uint32_t iqlut_blend_bytes(const iqlut_model *model);

/* Blend two neighbouring restoration strengths' tables, `weight` sixteenths from `below` to
 * `above`, and let `blended` describe them. Knots, gains and skips stay those of `below`. All
 * layers must have all taps. On an error nothing is written. */
iqlut_status iqlut_blend(const iqlut_model *below, const iqlut_model *above, uint32_t weight,
                         const iqlut_table_memory *memory, iqlut_model *blended);

/* A model with several restoration strengths, stored ones in 64ths. */
#define IQLUT_STRENGTH_UNITS 64u
typedef struct {
    const iqlut_model *sets;
    const uint16_t *strengths; /* rising */
    uint32_t count;
} iqlut_restoration;

/* Blend the two sets beside `strength`, in 64ths, as iqlut_blend does. */
iqlut_status iqlut_blend_strength(const iqlut_restoration *restoration, uint32_t strength,
                                  const iqlut_table_memory *memory, iqlut_model *blended);

#ifdef __cplusplus
}
#endif
#endif
