/* Training on the CPU: the residual of a batch of patches, its loss and the gradients of all
 * tables. The C interface, which iqlut.network.native_layers calls. */
#ifndef IQLUT_TRAINING_H
#define IQLUT_TRAINING_H

#include "../shared/interface.h"

/* A layer as Python hands it over: parameters, where its gradients go, and its curve. */
typedef struct {
    iqlut_shape shape;
    /* Channels between which there are taps off the centre; all other entries off the centre are 0,
     * and so are their gradients. 0: all channels. */
    int32_t spatial_in, spatial_out;
    const uint8_t *code;    /* [256] arithmetic.expand_knots, row 0 */
    const float *fraction;  /* [256] row 1 / ONE */
    const float *steepness; /* [levels - 1] 1 / (distance between two levels) */
    const float *lut;  /* [channels_in][levels][kernel][kernel][channels_out], not yet rounded */
    const float *step; /* [channels_out] of an entry; NULL: the largest |lut| / ENTRY_MAX */
    const float *gain, *skip;                /* [channels_out], or NULL: the last layer */
    float *grad_lut, *grad_gain, *grad_skip; /* set */
    float *grad_knots;                       /* [levels]; NULL: not wanted */
} iqlut_train_layer;

/* Layers on a batch of patches, each h * w pixels of luma. The last layer's outputs are the
 * scale * scale phases. */
typedef struct {
    int32_t patches, h, w, scale, layer_count, threads;
    const char *isa; /* portable, avx2, avx512 or amx; NULL: the fastest that there is */
    const iqlut_train_layer *layers;
    const uint8_t *luma;
} iqlut_train_batch;

/* What training reduces (iqlut.network.losses, by its name's place there): the distance to `truth`,
 * plus `weight` times the distance to a teacher's residual. */
enum { IQLUT_LOSS_MSE, IQLUT_LOSS_CHARBONNIER, IQLUT_LOSS_PSNR };
typedef struct {
    int32_t kind;
    int32_t base;         /* whether the residual is added to the bilinear base, or to the centre */
    const uint8_t *truth; /* [patches][h][w][scale * scale] */
    const float *taught;  /* as truth, in units of x; NULL without teacher */
    float weight;
    int32_t margin; /* pixels at the border of a patch that do not count; 2 * margin < h, w */
} iqlut_train_loss;

/* These return IQLUT_OK or another code of interface.h, which `problem`, unless NULL, describes.
 *
 * residual (patches, h, w, scale * scale), in units of x. */
IQLUT_API int iqlut_train_residual(const iqlut_train_batch *batch, float *residual,
                                   iqlut_problem *problem);

/* The gradients of the layers, from those of the residual. */
IQLUT_API int iqlut_train_gradients(const iqlut_train_batch *batch, const float *grad_residual,
                                    iqlut_problem *problem);

/* The gradients of the layers for the mean loss of the batch, which is the sum of losses
 * (patches,). */
IQLUT_API int iqlut_train_losses(const iqlut_train_batch *batch, const iqlut_train_loss *loss,
                                 float *losses, iqlut_problem *problem);

#endif
