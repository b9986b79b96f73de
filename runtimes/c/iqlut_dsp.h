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

/* What looking a row of signals up needs besides the signals. */
typedef struct {
    const uint8_t *curve;
    uint32_t level_bytes;
    uint32_t channel_bytes;
    uint32_t top; /* the place on the curve that only the last level has */
} iqlut_curve;

/* What requantising needs of a layer. */
typedef struct {
    const int16_t *gain;
    const int16_t *skip;
    const int32_t *bias;
    uint32_t acc_shift;
    uint32_t shift;
} iqlut_constants;

#if defined(IQLUT_DSP) && defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && defined(__GNUC__)
#define IQLUT_DSP_ARM

#ifdef __cplusplus
extern "C" {
#endif

/* Look up eight signals of a channel each; returns the end of the look-ups. */
iqlut_lookup *iqlut_fill_arm(const iqlut_curve *curve, const uint8_t *signals, uint32_t entries,
                             iqlut_lookup *to);

/* Add `groups` times eight look-ups of a column to the sums of `passes` outputs, from the one that
 * they complete on: of a layer with a 3x3 kernel and 8 outputs, and of one with 2x2 and 16. */
void iqlut_add_3x3_arm(const iqlut_lookup *at, uint32_t groups, int32_t *sums, uint32_t passes);
void iqlut_add_2x2_arm(const iqlut_lookup *at, uint32_t groups, int32_t *sums, uint32_t passes);

/* Requantise eight outputs with the skip signals `own`. */
void iqlut_requantise_arm(const int32_t *acc, const uint8_t *own, uint8_t *out,
                          const iqlut_constants *constants);

#ifdef __cplusplus
}
#endif
#endif
#endif
