/* What iqlut_dsp.c and iqlut_dsp_arm.c share. */
#ifndef IQLUT_DSP_H
#define IQLUT_DSP_H

#include "iqlut.h"

/* Look-ups whose sums fit a lane, and outputs that are computed together. */
#define IQLUT_LANES 8u

/* One signal looked up: the address of the entries of its code, and the weights of these and of the
 * next level's. */
typedef struct {
    uint32_t below;
    uint32_t fraction;
    uint32_t rest;
} iqlut_lookup;

/* The output pixels that a column contributes to, counted from the one that it completes. */
typedef struct {
    uint32_t first;
    uint32_t count;
} iqlut_passes;

/* A row of signals of which the columns from `first` on lie at `pixels`. */
typedef struct {
    const uint8_t *pixels;
    uint32_t first;
} iqlut_row;

/* What look-ups need of a layer. iqlut_dsp_arm.c reads the members up to `groups`. */
typedef struct {
    const void *curve;
    uint32_t level_bytes;
    uint32_t channel_bytes;
    uint32_t row_bytes;
    uint32_t entries; /* the address of the first entry of tap row 0 */
    uint32_t kernel;
    uint32_t groups; /* of eight look-ups in a column */
    uint32_t levels;
    uintptr_t origin; /* what addresses count from: 0 where 32 bits hold them */
    uint32_t channels_in;
    uint32_t channels_out;
} iqlut_shape;

/* Looks up the signals under the taps in column x. */
typedef void (*iqlut_fill)(const iqlut_shape *shape, const iqlut_row *rows, uint32_t x,
                           iqlut_lookup *to);

/* Adds a column that is looked up to the sums of output pixels. These lie one after the other, that
 * of the pixel which the column completes first. Each sum starts from what stands behind it, so
 * that they move up by one pixel, and the last from the start value. */
typedef void (*iqlut_add)(const iqlut_shape *shape, const iqlut_lookup *at, int32_t *sums,
                          iqlut_passes passes);

/* What requantising needs of a layer. */
typedef struct {
    const int16_t *gain;
    const int16_t *skip;
    const int32_t *bias;
    uint32_t acc_shift;
    uint32_t shift;
    uint32_t outputs;
} iqlut_constants;

#if defined(IQLUT_DSP) && defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && defined(__GNUC__)
#define IQLUT_DSP_ARM

#ifdef __cplusplus
extern "C" {
#endif

/* Of layers with eight inputs and a curve of bytes. */
void iqlut_fill_arm(const iqlut_shape *shape, const iqlut_row *rows, uint32_t x, iqlut_lookup *to);

/* Of 3x3 kernels from eights of inputs to 8 outputs, and from luma, and of 2x2 kernels to 16. */
void iqlut_add_3x3_arm(const iqlut_shape *shape, const iqlut_lookup *at, int32_t *sums,
                       iqlut_passes passes);
void iqlut_add_luma_arm(const iqlut_shape *shape, const iqlut_lookup *at, int32_t *sums,
                        iqlut_passes passes);
void iqlut_add_2x2_arm(const iqlut_shape *shape, const iqlut_lookup *at, int32_t *sums,
                       iqlut_passes passes);

/* Requantise outputs, a multiple of eight, with skip signals of 8 or 16 bits. */
void iqlut_requantise8_arm(const int32_t *acc, const uint8_t *own, uint8_t *out,
                           const iqlut_constants *constants);
void iqlut_requantise16_arm(const int32_t *acc, const uint16_t *own, uint8_t *out,
                            const iqlut_constants *constants);

#ifdef __cplusplus
}
#endif
#endif

#endif
