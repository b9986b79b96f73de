/* A call of the training library, between its files. */
#ifndef IQLUT_TRAIN_CALL_H
#define IQLUT_TRAIN_CALL_H

#include "train_isa.h"

/* A table in the memory that it was packed into. */
typedef struct {
    iqlut_train_view view;
    int8_t *pairs;
    float *rises, unit[IQLUT_CHANNELS_MAX];
    void *form;
    uint16_t weights[IQLUT_SIGNALS];
} iqlut_train_table;

/* One call's arguments, shared by its threads; thread `index` takes patches index, index +
 * threads.. */
typedef struct {
    const iqlut_train_batch *batch;
    const iqlut_train_isa *isa;
    iqlut_train_table tables[IQLUT_LAYERS_MAX];
    float *residual;              /* where it goes, or NULL */
    const iqlut_train_loss *loss; /* where gradients come from: this, */
    const float *grad_residual;   /* or this; neither: forward only */
    float *losses;                /* [patches] */
} iqlut_train_call;

/* What a thread works in. Each layer's signal and F stay until the patch comes back to it. */
typedef struct {
    const iqlut_train_call *call;
    float *memory, *work, *acc[IQLUT_LAYERS_MAX], *grads[3];
    uint8_t *signal[IQLUT_LAYERS_MAX + 1];
    iqlut_train_grads sums[IQLUT_LAYERS_MAX];
} iqlut_train_job;

/* pack.c: the table of a layer, IQLUT_OK or IQLUT_NO_MEMORY; to be freed in any case. */
int iqlut_train_pack(iqlut_train_call *call, int layer);
void iqlut_train_free(iqlut_train_table *);

/* patch.c: divides the memory of a thread among its uses; with memory NULL only says how much is
 * needed, in floats. The sums of gradients are its first iqlut_train_sums floats. */
size_t iqlut_train_lay_out(iqlut_train_job *job);
size_t iqlut_train_sums(const iqlut_train_view *layer);
/* All that the call asks of one patch. */
void iqlut_train_patch(iqlut_train_job *job, int patch);

static inline int iqlut_train_goes_back(const iqlut_train_call *call) {
    return call->loss || call->grad_residual;
}

#endif
