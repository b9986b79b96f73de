/* What the files of the runtime share among themselves. */
#ifndef IQLUT_INTERNAL_H
#define IQLUT_INTERNAL_H

#include "iqlut.h"
#include "iqlut_dsp.h"

#define IQLUT_ONE 32   /* arithmetic.ONE */
#define IQLUT_BIAS 128 /* of stored entries, so that they are not negative */

/* A position: the offset of a level of a channel from the first level of all channels (of a
 * symmetric model from that of its orbit's first channel instead), in units of `level_units` a
 * level, and the fraction to the next level, 0 to 32. */
#define IQLUT_POSITION(offset, fraction) (((offset) << 8) | (fraction))
#define IQLUT_OFFSET(position) ((position) >> 8)
#define IQLUT_FRACTION(position) ((position) & 255u)

#define IQLUT_KERNEL_MAX 3u
#define IQLUT_SYMMETRY_MAX 8u

/* Where a layer reads, and the sums of its look-ups. */
typedef struct {
    const iqlut_layer *layer;
    uint32_t width;
    uint32_t symmetry; /* flips and rotations; further members of an orbit are of the negative */
    uint32_t orbit;    /* the number of channels of an orbit */
    uint32_t last;     /* 1 for the upsampler, else 0 */
    uint32_t inputs;   /* inputs that are stored */
    uint32_t stored;   /* outputs that are stored */
    /* bytes of a level; 1 where taps are missing, because levels then have two sizes */
    uint32_t level_units;
    uint32_t end; /* the column before which outputs are computed */
    iqlut_row rows[IQLUT_KERNEL_MAX];
    uint32_t *positions; /* (3, kernel, channels_in), or the look-ups of iqlut_dsp.c */
    const uint32_t *columns[IQLUT_KERNEL_MAX]; /* the positions of each tap column */
#ifdef IQLUT_DSP
    uint32_t fits; /* 1 if iqlut_dsp.c computes this layer */
    iqlut_shape shape;
    iqlut_constants constants;
    iqlut_fill fill;
    iqlut_add add;
#endif
    /* sums of a pixel; with iqlut_dsp.c of the next ones too, and their start value */
    int32_t acc[IQLUT_CHANNELS_MAX];
} iqlut_window;

/* Half of 2^acc_shift. */
static inline int32_t iqlut_half(const iqlut_layer *layer)
{
    return (int32_t)((UINT32_C(1) << layer->acc_shift) >> 1);
}

/* For functions whose loops need all registers. */
#if defined(__GNUC__)
#define IQLUT_NOINLINE __attribute__((noinline))
#else
#define IQLUT_NOINLINE
#endif

/* Columns from `begin` to before `end`. */
typedef struct {
    uint32_t begin;
    uint32_t end;
} iqlut_span;

/* One chunk of one row on its way through the layers. */
typedef struct {
    const iqlut_stream *stream;
    int32_t row;    /* the number that this row has for the layer; from `height` on there is none */
    int32_t column; /* the first column of the chunk for the layer; may lie outside the picture */
    int32_t height; /* of the picture if it is known, else INT32_MAX */
    uint8_t *ring;
    uint8_t *tail;
    uint32_t flight; /* which of the two flight buffers holds the layer's input */
} iqlut_passage;

/* 1 if the shape of a model is within the limits. */
uint32_t iqlut_model_is_legal(const iqlut_model *model);

/* 1 if a layer is the upsampler. */
uint32_t iqlut_is_last(const iqlut_model *model, uint32_t index);

/* How many inputs and outputs of a layer are stored. */
uint32_t iqlut_stored_inputs(const iqlut_model *model, uint32_t index);
uint32_t iqlut_stored_outputs(const iqlut_model *model, uint32_t index);

/* Set the members of a stream that follow from the model. */
void iqlut_measure(iqlut_stream *stream, const iqlut_model *model);

/* Luma row y, or the nearest that exists. */
const uint8_t *iqlut_luma_row(const iqlut_passage *at, int32_t y);

/* Compute these columns of low-resolution row y in all phases, and deliver them. */
void iqlut_run_upsampler(const iqlut_passage *at, iqlut_window *window, iqlut_span columns,
                         int32_t y);

/* The pixel of a row in column x. */
static inline const uint8_t *iqlut_pixel(const iqlut_row *row, uint32_t x, uint32_t channels)
{
    return row->pixels + (x - row->first) * channels;
}

/* Prepare the window for the columns from x on. */
void iqlut_enter(iqlut_window *window, uint32_t x);

/* Sum the look-ups of output pixel x, and half of 2^acc_shift, into `acc`. Pixels come from left to
 * right after iqlut_enter. */
void iqlut_accumulate(iqlut_window *window, uint32_t x);

/* Requantise all outputs of a pixel, with the skip signals `own`. */
void iqlut_requantise(const iqlut_window *window, const uint16_t *own, uint8_t *out);

/* The place of a signal on a curve, 32 * code + fraction. */
static inline uint32_t iqlut_on_curve(const void *curve, uint32_t levels, uint32_t signal)
{
    return levels <= IQLUT_BYTE_LEVELS ? ((const uint8_t *)curve)[signal]
                                       : ((const uint16_t *)curve)[signal];
}

/* arithmetic.requantise with the o-th constants and the skip signal `own`. `acc` has its half. */
static inline uint8_t iqlut_requantise_output(const iqlut_layer *layer, uint32_t o, int32_t acc,
                                              int32_t own)
{
    const int32_t total =
        (acc >> layer->acc_shift) * layer->gain[o] + own * layer->skip[o] + layer->bias[o];
    const int32_t next = total >> layer->shift;
    return (uint8_t)(next < 0 ? 0 : (next > 255 ? 255 : next));
}

#ifdef IQLUT_DSP
/* iqlut_enter for the layers that iqlut_dsp.c computes; 0 if this is none. */
uint32_t iqlut_enter_dsp(iqlut_window *window, uint32_t x);

/* Compute a block's outputs from column `begin` to the end of the window. */
void iqlut_run_block_dsp(iqlut_window *window, uint32_t begin, uint8_t *out);

/* The same as without _dsp, for these layers. */
void iqlut_accumulate_dsp(iqlut_window *window, uint32_t x);
void iqlut_requantise_dsp(const iqlut_window *window, const uint16_t *own, uint8_t *out);
#endif

#endif
