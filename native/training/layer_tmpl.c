/* Forward and backward of the expanded convolution (IQ-LUT eq. 2, 5), touching only the two levels
 * that a signal lies between, the gate, and the loss.
 *
 * Included once for each instruction set by portable.c, avx2.c and avx512.c, which define
 * TRAIN_ISA, its name, TRAIN_NEEDS, TRAIN_LANES, the floats of a vector, and the vectors of a row
 * that backward and forward keep in registers at a time, BACKWARD_CHUNK and FORWARD_CHUNK.
 *
 * A row is the entries of one input channel at one level, padded to whole vectors. A pixel's
 * row sum is written to a strip, and the strip is overlap-added; backward gathers by the same map.
 */
#include <math.h>
#include <string.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

#include "train_isa.h"

#define WHOLE IQLUT_TRAIN_WHOLE
#define EIGHT 8
#ifdef __clang__
#define UNROLL IQLUT_UNROLL
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

/* Without this, GCC reads a vector from memory again for each of its uses. */
#ifdef IQLUT_X86
#define IN_REGISTER(v) __asm__("" : "+v"(v))
#else
#define IN_REGISTER(v) ((void)(v))
#endif
#define CENTRE 128.0f

typedef float vec __attribute__((vector_size(TRAIN_LANES * 4), aligned(4), may_alias));
typedef float eight __attribute__((vector_size(EIGHT * 4), aligned(4), may_alias));

typedef iqlut_train_shape shape;

/* X(c, k, d, few_in, few_out) for each usual shape, and for each usual shape of a layer with a
 * gate. Builds with sanitizers define IQLUT_ANY_SHAPE: they would take minutes to compile. */
#ifdef IQLUT_ANY_SHAPE
#define SHAPES(X)
#define GATE_SHAPES(X)
#else
#define SHAPES(X)       \
    GATE_SHAPES(X)      \
    X(8, 2, 16, 0, 0)   \
    X(8, 3, 16, 0, 0)   \
    X(16, 2, 16, 0, 0)  \
    X(24, 3, 16, 0, 0)  \
    X(32, 3, 16, 0, 0)  \
    X(48, 3, 16, 0, 0)  \
    X(64, 3, 16, 0, 0)  \
    X(16, 3, 16, 8, 16) \
    X(48, 3, 16, 16, 16)
#define GATE_SHAPES(X) \
    X(8, 3, 8, 0, 0)   \
    X(16, 3, 16, 0, 0) \
    X(24, 3, 24, 0, 0) \
    X(32, 3, 32, 0, 0) \
    X(48, 3, 48, 0, 0) \
    X(64, 3, 64, 0, 0) \
    X(1, 3, 8, 0, 0)   \
    X(1, 3, 16, 0, 0)  \
    X(1, 3, 24, 0, 0)  \
    X(1, 3, 32, 0, 0)  \
    X(1, 3, 48, 0, 0)  \
    X(1, 3, 64, 0, 0)  \
    X(16, 3, 16, 8, 8) \
    X(24, 3, 24, 8, 8) \
    X(48, 3, 48, 16, 16)
#endif

/* Defines `function` of a pass by function##_of a pass and a shape, compiled for each of `shapes`,
 * and for any. */
#define IF_SHAPE(function, c_, k_, d_, in, out)                                    \
    if (s.c == c_ && s.k == k_ && s.d == d_ && s.few_in == in && s.few_out == out) \
        function##_of(pass, (shape){c_, k_, d_, in, out});                         \
    else
#define IF_FORWARD(...) IF_SHAPE(forward, __VA_ARGS__)
#define IF_BACKWARD(...) IF_SHAPE(backward, __VA_ARGS__)
#define IF_GATE_FORWARD(...) IF_SHAPE(gate_forward, __VA_ARGS__)
#define IF_GATE_BACKWARD(...) IF_SHAPE(gate_backward, __VA_ARGS__)
#define DEFINE_FOR_SHAPES(function, shapes, if_shape)    \
    static void function(const iqlut_train_pass *pass) { \
        const shape s = pass->layer->shape;              \
        shapes(if_shape) function##_of(pass, s);         \
    }

IQLUT_INLINE int clamp_index(int index, int size) { return (int)iqlut_clamp_index(index, size); }

#include "backward_tmpl.c"
#include "forward_tmpl.c"
#include "gate_tmpl.c"
#include "loss_tmpl.c"

#define TRAIN_STRING_(x) #x
#define TRAIN_STRING(x) TRAIN_STRING_(x)
#define TRAIN_JOIN_(a, b) a##b
#define TRAIN_JOIN(a, b) TRAIN_JOIN_(a, b)

const iqlut_train_isa TRAIN_JOIN(iqlut_train_, TRAIN_ISA) = {.name = TRAIN_STRING(TRAIN_ISA),
                                                             .needs = TRAIN_NEEDS,
                                                             .forward = forward,
                                                             .gate_forward = gate_forward,
                                                             .gate_backward = gate_backward,
                                                             .backward = backward,
                                                             .loss = loss_of};
