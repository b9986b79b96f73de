/* The training kernel: forward and backward of the expanded convolution (IQ-LUT eq. 2, 5), touching only the two levels
 * that a signal lies between, the gate, and the loss.
 *
 * Included once for each instruction set by train_portable.c, train_avx2.c and train_avx512.c, which define KERNEL, its
 * name, LANES, the floats of a vector, and CHUNK, the vectors of a row kept in registers at a time.
 *
 * A row is the k*k*d entries of one input channel at one level, padded to whole vectors. A pixel's row sum is written to
 * a strip, and the strip is overlap-added; backward gathers by the same map.
 */
#include <math.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "train.h"

#define WHOLE 16 /* floats; rows are whole numbers of them */
#define EIGHT 8
#define CENTRE 128.0f

typedef float vec __attribute__((vector_size(LANES * 4), aligned(4), may_alias));
typedef float eight __attribute__((vector_size(EIGHT * 4), aligned(4), may_alias));

/* function(arguments..., channels_in, kernel, channels_out), compiled for the usual shapes and for any. */
#define FOR_SHAPES(l, function, ...)                                                                                   \
    if (IS(l, 8, 3, 8)) function(__VA_ARGS__, 8, 3, 8);                                                                \
    else if (IS(l, 8, 2, 16)) function(__VA_ARGS__, 8, 2, 16);                                                         \
    else if (IS(l, 8, 3, 16)) function(__VA_ARGS__, 8, 3, 16);                                                         \
    else if (IS(l, 16, 2, 16)) function(__VA_ARGS__, 16, 2, 16);                                                       \
    else if (IS(l, 16, 3, 16)) function(__VA_ARGS__, 16, 3, 16);                                                       \
    else if (IS(l, 24, 3, 24)) function(__VA_ARGS__, 24, 3, 24);                                                       \
    else if (IS(l, 24, 3, 16)) function(__VA_ARGS__, 24, 3, 16);                                                       \
    else if (IS(l, 32, 3, 32)) function(__VA_ARGS__, 32, 3, 32);                                                       \
    else if (IS(l, 32, 3, 16)) function(__VA_ARGS__, 32, 3, 16);                                                       \
    else if (IS(l, 48, 3, 48)) function(__VA_ARGS__, 48, 3, 48);                                                       \
    else if (IS(l, 48, 3, 16)) function(__VA_ARGS__, 48, 3, 16);                                                       \
    else if (IS(l, 1, 3, 8)) function(__VA_ARGS__, 1, 3, 8);                                                           \
    else if (IS(l, 1, 3, 16)) function(__VA_ARGS__, 1, 3, 16);                                                         \
    else if (IS(l, 1, 3, 24)) function(__VA_ARGS__, 1, 3, 24);                                                         \
    else if (IS(l, 1, 3, 32)) function(__VA_ARGS__, 1, 3, 32);                                                         \
    else if (IS(l, 1, 3, 48)) function(__VA_ARGS__, 1, 3, 48);                                                         \
    else function(__VA_ARGS__, l->channels_in, l->kernel, l->channels_out);
#define IS(l, c, k, d) ((l)->channels_in == (c) && (l)->kernel == (k) && (l)->channels_out == (d))

static inline int clamp_index(int index, int size) { return index < 0 ? 0 : index >= size ? size - 1 : index; }

#include "train_forward.h"

#include "train_backward.h"

#include "train_gate.h"

#include "train_loss.h"

const iqlut_train_kernel KERNEL = {forward, gate_forward, gate_backward, backward, loss_of};
