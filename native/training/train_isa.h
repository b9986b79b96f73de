/* What an instruction set offers to training, and the form of a table that it reads. */
#ifndef IQLUT_TRAIN_ISA_H
#define IQLUT_TRAIN_ISA_H

#include "../shared/arithmetic.h"
#include "../shared/compiler.h"
#include "../shared/cpu.h"
#include "../shared/memory.h"
#include "training.h"

#define IQLUT_TRAIN_TILE 64  /* pixels that backward takes at a time */
#define IQLUT_TRAIN_WHOLE 16 /* floats; rows are whole numbers of them */

/* The shape of a layer: its inputs, taps along a side, and outputs; and the inputs and outputs
 * between which there are taps off the centre, 0 if that is all of them. */
typedef struct {
    int c, k, d, few_in, few_out;
} iqlut_train_shape;

/* Where the outputs of a tap lie in a row, and how many there are. A row has the taps in order, or,
 * if some are missing, first the one at the centre, up to whole vectors, and then the others. */
static inline int iqlut_train_wholes(int floats) {
    return (floats + IQLUT_TRAIN_WHOLE - 1) / IQLUT_TRAIN_WHOLE;
}

static inline int iqlut_train_is_centre(iqlut_train_shape s, int tap) {
    return tap == s.k * s.k / 2;
}

static inline int iqlut_train_tap_outputs(iqlut_train_shape s, int tap) {
    return s.few_in && !iqlut_train_is_centre(s, tap) ? s.few_out : s.d;
}

static inline int iqlut_train_tap_at(iqlut_train_shape s, int tap) {
    if (!s.few_in) return tap * s.d;
    if (iqlut_train_is_centre(s, tap)) return 0;
    const int before = tap - (tap > s.k * s.k / 2);
    return iqlut_train_wholes(s.d) * IQLUT_TRAIN_WHOLE + before * s.few_out;
}

/* Vectors of IQLUT_TRAIN_WHOLE floats in a row; and of those, the ones that all inputs have. */
static inline int iqlut_train_row_wholes(iqlut_train_shape s) {
    const int others = s.k * s.k - 1;
    if (!s.few_in) return iqlut_train_wholes(s.k * s.k * s.d);
    return iqlut_train_wholes(s.d) + iqlut_train_wholes(others * s.few_out);
}

static inline int iqlut_train_common_wholes(iqlut_train_shape s) {
    return s.few_in ? iqlut_train_wholes(s.d) : iqlut_train_row_wholes(s);
}

/* What a layer's functions need to know of a patch and of their layer. Entries are rounded. */
typedef struct {
    int32_t h, w, channels_in, channels_out, kernel, levels;
    iqlut_train_shape shape;
    int32_t stride;        /* floats in a row, whole vectors */
    int32_t pair_stride;   /* bytes in a row of pairs, whole lines */
    const uint8_t *code;   /* [256] */
    const float *fraction; /* [256] */
    const int8_t *pairs;   /* [channels_in][levels - 1]: entries of a level and the one above it */
    const float *rises;    /* [channels_in][levels - 1][stride]: how F rises with the signal */
    const float *unit;     /* [channels_out]: of a whole sum: the step of an entry / ONE */
    const uint16_t *weights; /* [256]: ONE - t and t, a byte each */
    const void *form;        /* what the instruction set has made of the table, or NULL */
} iqlut_train_view;

/* Gradients of a layer, added to. */
typedef struct {
    float *rows;        /* [channels_in][levels][stride] */
    float *knots;       /* [levels], or NULL */
    float *gain, *skip; /* [channels_out] */
} iqlut_train_grads;

/* One layer on one patch. The gated residual of a block (IQ-LUT eq. 3), with the 8-bit rounding of
 * the integer arithmetic, is
 *     next = clamp(round(128 + 128 * (skip * x + gain * F)), 0, 255),  x = (signal - 128) / 128
 * Gradients pass straight through the rounding, and not where the next signal is 0 or 255. */
typedef struct {
    const iqlut_train_view *layer;
    const float *gain, *skip; /* [channels_out] */
    const uint8_t *signal;    /* (h, w, channels_in) */
    float *acc;               /* F (h, w, channels_out) */
    uint8_t *next;            /* the next layer's signal */
    float *work;
    const float *grad_next; /* gradients of the next signal, of F, and of the signal or NULL */
    float *grad_acc, *grad_signal;
    iqlut_train_grads *grads;
} iqlut_train_pass;

/* The part of one patch in the mean loss of its batch. */
typedef struct {
    const iqlut_train_batch *batch;
    const iqlut_train_loss *loss;
    int patch;
    const float *residual;
    float *scratch, *work; /* as large as the residual; iqlut_train_loss_floats */
    float *grad;           /* by the residual */
} iqlut_train_error;

typedef struct {
    const char *name;
    uint32_t needs;       /* features of the CPU */
    int (*allowed)(void); /* by the operating system; NULL: yes */
    /* Bytes of a form of the table that only this instruction set reads, how it is filled, and
     * bytes of `work` that its functions need; NULL: none. */
    size_t (*form_bytes)(const iqlut_train_view *);
    void (*pack_form)(const iqlut_train_view *, void *form); /* not called for no bytes */
    size_t (*work_bytes)(const iqlut_train_view *);
    void (*forward)(const iqlut_train_pass *);      /* signal -> acc */
    void (*gate_forward)(const iqlut_train_pass *); /* acc, signal -> next */
    /* grad_next -> grad_acc and, unless NULL, grad_signal */
    void (*gate_backward)(const iqlut_train_pass *);
    /* grad_acc -> grads and, unless NULL, grad_signal: added to both */
    void (*backward)(const iqlut_train_pass *);
    float (*loss)(const iqlut_train_error *);
} iqlut_train_isa;

extern const iqlut_train_isa iqlut_train_portable;
#ifdef IQLUT_X86
extern const iqlut_train_isa iqlut_train_avx2, iqlut_train_avx512;
#endif
#ifdef IQLUT_AMX
extern const iqlut_train_isa iqlut_train_amx;
#endif

/* Floats up to the next line. */
static inline size_t iqlut_train_whole(size_t floats) {
    return iqlut_whole_lines(floats * sizeof(float)) / sizeof(float);
}

/* What the loss works in: phases of a row, its bilinear base, and three rows of luma, padded. */
static inline size_t iqlut_train_loss_floats(const iqlut_train_batch *b) {
    const size_t w = (size_t)b->w, luma = 3 * (w + 2);
    return 2 * iqlut_train_whole(w * IQLUT_PHASES_MAX) + iqlut_train_whole(luma);
}

#endif
