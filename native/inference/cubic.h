/* The cubic kernel that colours are upscaled with: cubic.phases, in units of
 * 2**-CUBIC_BITS. For each scale and phase, the weights of the pixels -2 .. 2 around a pixel. */
#ifndef IQLUT_CUBIC_H
#define IQLUT_CUBIC_H

#include "iqlut.h"

#define IQLUT_CUBIC_BITS 10         /* cubic.WEIGHT_BITS */
#define IQLUT_CUBIC_FRACTION_BITS 5 /* cubic.FRACTION_BITS */
#define IQLUT_CUBIC_REACH 2
#define IQLUT_CUBIC_BEFORE \
    IQLUT_CUBIC_REACH /* cubic.BEFORE, AFTER: samples read beside a plane at any offset */
#define IQLUT_CUBIC_AFTER 3

static const int32_t iqlut_cubic[IQLUT_SCALE_MAX + 1][IQLUT_SCALE_MAX][IQLUT_CUBIC_TAPS] = {
    [2] = {{-24, 232, 888, -72, 0}, {0, -72, 888, 232, -24}},
    [3] = {{-38, 341, 797, -76, 0}, {0, 0, 1024, 0, 0}, {0, -76, 797, 341, -38}},
    [4] = {{-45, 399, 745, -75, 0},
           {-7, 93, 987, -49, 0},
           {0, -49, 987, 93, -7},
           {0, -75, 745, 399, -45}},
};

#endif
