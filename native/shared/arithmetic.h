/* arithmetic.py in C: its constants, and the functions that more than one file needs. */
#ifndef IQLUT_ARITHMETIC_H
#define IQLUT_ARITHMETIC_H

#include <stdint.h>

#include "compiler.h"

#define IQLUT_FRACTION_BITS 5
#define IQLUT_ONE (1 << IQLUT_FRACTION_BITS)
#define IQLUT_SIGNALS 256 /* values of a signal: SIGNAL_MAX + 1 */
#define IQLUT_SIGNAL_MAX 255
#define IQLUT_ENTRY_MAX 127
#define IQLUT_ACC16_MAX 32767

/* arithmetic.footprint: the pixels that a side of `kernel` taps reads before and after a pixel. */
IQLUT_INLINE int iqlut_before(int kernel) { return (kernel - 1) / 2; }
IQLUT_INLINE int iqlut_after(int kernel) { return kernel / 2; }

/* arithmetic.bilinear_weights of one phase: the weights of the pixels before, at and after. */
IQLUT_INLINE void iqlut_bilinear_weights(int scale, int phase, int16_t weights[3]) {
    const int offset = 2 * phase + 1 - scale;
    weights[0] = (int16_t)(offset < 0 ? -offset : 0);
    weights[1] = (int16_t)(2 * scale - (offset < 0 ? -offset : offset));
    weights[2] = (int16_t)(offset > 0 ? offset : 0);
}

/* The index of the pixel that edge replication reads in an image of `size` pixels. */
IQLUT_INLINE int64_t iqlut_clamp_index(int64_t index, int64_t size) {
    return index < 0 ? 0 : index >= size ? size - 1 : index;
}

#endif
