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

/* Adds `groups` times eight look-ups of a column to the sums of output pixels. */
typedef void (*iqlut_adder)(const iqlut_lookup *at, uint32_t groups, int32_t *sums,
                            iqlut_passes passes);

/* What looking signals up needs of a layer. */
typedef struct {
    const uint8_t *curve;
    uint32_t level_bytes;
    uint32_t channel_bytes;
    uint32_t row_bytes;
    uint32_t entries; /* the address of the first entry of tap row 0 */
    uint32_t kernel;
} iqlut_curve;

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
#endif

#endif
