/* Training on the CPU: the residual of a batch of patches, its loss and the gradients of all tables.
 * train.c has the entry points that iqlut.model.kernel calls, train_table.c how a table is read, train_body.h the layers. */
#ifndef IQLUT_TRAIN_H
#define IQLUT_TRAIN_H

#include <stddef.h>
#include <stdint.h>

#define IQLUT_TRAIN_ONE 32 /* arithmetic.ONE */
#define IQLUT_TRAIN_CHANNELS_MAX 64
#define IQLUT_TRAIN_TILE 64 /* pixels that backward takes at a time */

/* A layer as Python hands it over: parameters, where its gradients go, and its curve. */
typedef struct {
    int32_t channels_in, channels_out, kernel, levels;
    const uint8_t *code;     /* [256] arithmetic.expand_knots, row 0 */
    const float *fraction;   /* [256] row 1 / ONE */
    const float *steepness;  /* [levels - 1] 1 / (distance between two levels) */
    const float *lut;        /* [channels_in][levels][kernel][kernel][channels_out], not yet rounded */
    const float *step;       /* [channels_out] of an entry, at least max |lut| / ENTRY_MAX; NULL: exactly that */
    const float *gain, *skip; /* [channels_out], or NULL: the last layer has no gate */
    float *grad_lut, *grad_gain, *grad_skip, *grad_knots; /* set; grad_knots [levels] may be NULL: not wanted */
} iqlut_train_layer;

/* Layers on a batch of patches, each h * w pixels of luma. The last layer's outputs are the scale * scale phases. */
typedef struct {
    int32_t patches, h, w, scale, layer_count, threads;
    const char *isa; /* portable, avx2 or avx512; NULL: the fastest that there is */
    const iqlut_train_layer *layers;
    const uint8_t *luma;
} iqlut_train_batch;

/* What is made small (iqlut.train.loss, by its name's place there): the distance to `truth`, and `weight` times that to
 * what a teacher says the residual is. */
enum { IQLUT_LOSS_MSE, IQLUT_LOSS_CHARBONNIER, IQLUT_LOSS_PSNR };
typedef struct {
    int32_t kind, base;   /* base: whether the residual is added to the bilinear enlargement, or to the centre */
    const uint8_t *truth; /* [patches][h][w][scale * scale] */
    const float *taught;  /* as truth, in units of x; NULL without teacher */
    float weight;
    int32_t margin;       /* pixels at the rim of a patch that do not count; 2 * margin < h, w */
} iqlut_train_loss;

/* ---- between the files of the kernel ---- */

/* What a layer's functions need to know of a patch and of their layer. Entries are rounded. */
typedef struct {
    int32_t h, w, channels_in, channels_out, kernel, levels;
    int32_t stride;          /* floats in a row of k*k*d, whole vectors of 16 */
    int32_t pair_stride;     /* bytes in a row of pairs, whole lines of 64 */
    const uint8_t *code;     /* [256] */
    const float *fraction;   /* [256] */
    const int8_t *pairs;     /* [channels_in][levels - 1]: entries of a level and of the one above it, in turns */
    const float *rises;      /* [channels_in][levels - 1][stride]: how F rises with the signal from a level to the next */
    const float *unit;       /* [channels_out]: what a whole sum counts: the step of an entry / ONE */
    const uint16_t *weights; /* [256]: ONE - t and t, a byte each */
} iqlut_train_view;

/* The gated residual of a block (IQ-LUT eq. 3), with the 8-bit rounding of the integer law:
 *     out = clamp(round(128 + 128 * (skip * x + gain * F)), 0, 255),  x = (signal - 128) / 128
 * Gradients pass straight through the rounding, and not where the signal is 0 or 255. */
typedef struct {
    const float *gain, *skip;
} iqlut_train_gate;

/* Gradients of a layer, added to. */
typedef struct {
    float *rows;        /* [channels_in][levels][stride] */
    float *knots;       /* [levels], or NULL */
    float *gain, *skip; /* [channels_out] */
} iqlut_train_grads;

/* What each instruction set offers, for one layer and one patch: */
typedef struct {
    /* signal -> F (h, w, d), through `work` */
    void (*forward)(const iqlut_train_view *, const uint8_t *signal, float *work, float *acc);
    /* F and signal -> the next signal */
    void (*gate_forward)(const iqlut_train_view *, const iqlut_train_gate *, const uint8_t *signal, const float *acc,
                         uint8_t *out);
    /* gradients of the next signal -> of F, and grad_signal (unless NULL) */
    void (*gate_backward)(const iqlut_train_view *, const iqlut_train_gate *, const uint8_t *signal, const uint8_t *out,
                          const float *acc, const float *grad_out, iqlut_train_grads *, float *grad_acc,
                          float *grad_signal);
    /* gradients of F -> of the table, and grad_signal += (unless NULL) */
    void (*backward)(const iqlut_train_view *, const uint8_t *signal, const float *grad_acc, float *work,
                     iqlut_train_grads *, float *grad_signal);
    /* the part of one patch in the mean loss of its batch; grad: by the residual, through `scratch` as large */
    float (*loss)(const iqlut_train_batch *, const iqlut_train_loss *, int patch, const float *residual, float *scratch,
                  float *grad);
} iqlut_train_kernel;

extern const iqlut_train_kernel iqlut_train_portable, iqlut_train_avx2, iqlut_train_avx512;

/* A table in the memory that it was packed into. */
typedef struct {
    iqlut_train_view view;
    int8_t *pairs;
    float *rises, unit[IQLUT_TRAIN_CHANNELS_MAX];
    uint16_t weights[256];
} iqlut_train_table;

/* Not 0 without memory; to be freed in any case. */
int iqlut_train_pack(const iqlut_train_batch *, const iqlut_train_layer *, iqlut_train_table *);
void iqlut_train_free(iqlut_train_table *);

/* Floats at the start of a cache line; NULL without memory. */
float *iqlut_train_lines(size_t count);
void iqlut_train_free_lines(void *);

#endif
