/* What both libraries promise a caller: the version of their interface, their limits, and how a
 * call fails. */
#ifndef IQLUT_INTERFACE_H
#define IQLUT_INTERFACE_H

#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#define IQLUT_API __declspec(dllexport)
#else
#define IQLUT_API __attribute__((visibility("default")))
#endif

/* Of the functions and structures of both libraries: add 1 with every change of them.
 * src/iqlut/native/__init__.py expects the same number. */
#define IQLUT_ABI_VERSION 4
IQLUT_API int32_t iqlut_abi_version(void);

/* Limits of a model. Buffers and arrays have these sizes; what exceeds one of them is refused. */
#define IQLUT_SCALE_MIN 2
#define IQLUT_SCALE_MAX 4
#define IQLUT_PHASES_MAX (IQLUT_SCALE_MAX * IQLUT_SCALE_MAX) /* outputs of the last layer */
#define IQLUT_LAYERS_MAX 256
#define IQLUT_CHANNELS_MAX 64
#define IQLUT_KERNEL_MAX 3 /* taps along a side */
#define IQLUT_LEVELS_MIN 2
#define IQLUT_LEVELS_MAX 256

/* What a function returns. */
enum {
    IQLUT_OK,
    IQLUT_NO_MEMORY,
    IQLUT_NO_INSTRUCTION_SET, /* none of that name on this machine */
    IQLUT_BAD_SCALE,
    IQLUT_BAD_LAYER_COUNT,
    IQLUT_BAD_KERNEL,
    IQLUT_BAD_LEVELS,
    IQLUT_BAD_CHANNELS_IN,  /* of the first layer 1, else the outputs of the layer before */
    IQLUT_BAD_CHANNELS_OUT, /* of the last layer scale * scale */
    IQLUT_BAD_PICTURE_CHANNELS,
    IQLUT_BAD_MARGIN,
    IQLUT_STOPPED /* the caller asked the call to stop */
};

/* Why a call failed: `code` as returned, and of a limit what was found and what is accepted. */
typedef struct {
    int32_t code, layer; /* layer: its index, or -1 */
    int32_t found, least, most;
} iqlut_problem;

/* The shape of a layer; each library's structure of a layer begins with it. */
typedef struct {
    int32_t channels_in, channels_out, kernel, levels;
} iqlut_shape;

/* ---- between the files of a library ---- */

typedef struct {
    int32_t scale, layer_count;
    const void *layers; /* structures of layer_bytes that begin with an iqlut_shape */
    size_t layer_bytes;
} iqlut_model_shape;

/* IQLUT_OK, or the code of the first limit that the model exceeds, described in `problem`. */
int iqlut_check_limits(const iqlut_model_shape *model, iqlut_problem *problem);

/* Describes a failure, where `problem` is not NULL, and returns its code. */
int iqlut_fail(iqlut_problem *problem, iqlut_problem found);

#endif
