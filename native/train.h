/* Float32 training of one look-up layer on the CPU; see train_body.h for how, train.c for the entry
 * points that iqlut.train.kernel calls. */
#ifndef IQLUT_TRAIN_H
#define IQLUT_TRAIN_H

#include <stdint.h>

#define IQLUT_TRAIN_LEVELS 256

typedef struct {
    int32_t patches, h, w, channels_in, channels_out, kernel, levels;
    const uint8_t *code;    /* [256] arithmetic.expand_knots, row 0 */
    const float *fraction;  /* [256] row 1 / ONE */
    const float *steepness; /* [levels - 1] 1 / (distance between two levels) */
} iqlut_train_layer;

/* The gated residual of a block (IQ-LUT eq. 3), with the 8-bit rounding of the integer law:
 *     out = clamp(round(128 + 128 * (skip * x + gain * F)), 0, 255),  x = (signal - 128) / 128
 * Gradients pass straight through the rounding, and not where the signal is 0 or 255. */
typedef struct {
    const float *gain, *skip;      /* [channels_out] */
    float *grad_gain, *grad_skip;  /* added to */
} iqlut_train_gate;

/* What each instruction set offers, for one patch. */
#define IQLUT_TRAIN_DECLARE(isa)                                                                                  \
    void iqlut_train_forward_##isa(const iqlut_train_layer *, const uint8_t *, const float *, float *, float *);      \
    void iqlut_train_backward_##isa(const iqlut_train_layer *, const uint8_t *, const float *, const float *, float *, \
                                    float *, float *, float *);                                                           \
    void iqlut_train_gate_forward_##isa(const iqlut_train_layer *, const iqlut_train_gate *, const uint8_t *,         \
                                        const float *, uint8_t *);                                                 \
    void iqlut_train_gate_backward_##isa(const iqlut_train_layer *, const iqlut_train_gate *, const uint8_t *,        \
                                         const uint8_t *, const float *, const float *, float *, float *);

IQLUT_TRAIN_DECLARE(portable)
IQLUT_TRAIN_DECLARE(avx2)
IQLUT_TRAIN_DECLARE(avx512)

/* Floats in a row: k*k*d, padded to whole vectors of 16. */
static inline int iqlut_train_stride(const iqlut_train_layer *l) {
    return (l->kernel * l->kernel * l->channels_out + 15) / 16 * 16;
}

#endif
