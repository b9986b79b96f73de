/* Image super-resolution by small integer look-up tables: the C interface.
 *
 *     iqlut_plan *plan;
 *     if (iqlut_plan_create(&tables, NULL, &plan, NULL)) ...no plan...
 *     iqlut_upscale(plan, &picture, &result, threads, NULL);
 *     iqlut_plan_free(plan);
 *
 * The pixels are those of arithmetic.py, whatever the instruction set, the threads and the size.
 * Functions return IQLUT_OK or another code of interface.h.
 */
#ifndef IQLUT_H
#define IQLUT_H

#include "../shared/interface.h"

/* One layer, as tables.Layer: the caller has checked its values; its shape is checked here. */
typedef struct {
    iqlut_shape shape;
    int32_t acc_shift, shift;
    const int8_t *lut;          /* [channels_in][levels][kernel][kernel][channels_out] */
    const uint8_t *curve;       /* [2][256] signal to code and fraction, arithmetic.expand_knots */
    const int16_t *gain, *skip; /* [channels_out] */
    const int32_t *bias;        /* [channels_out] */
} iqlut_layer;

typedef struct {
    int32_t scale, layer_count;
    const iqlut_layer *layers;
} iqlut_tables;

/* Tables packed for one instruction set; nothing in it changes while it is used, so threads may
 * share it. */
typedef struct iqlut_plan iqlut_plan;

/* The instruction sets this machine can run, from index 0 on, slowest first; NULL past the last.
 * Not among them is "reference", plain loops to check the others against, for luma alone. */
IQLUT_API const char *iqlut_instruction_set(int index);

/* Copies and packs `tables`. `isa` is one of those names, or NULL for the fastest. `problem`,
 * unless NULL, describes what failed; *plan is then NULL. */
IQLUT_API int iqlut_plan_create(const iqlut_tables *tables, const char *isa, iqlut_plan **plan,
                                iqlut_problem *problem);
IQLUT_API void iqlut_plan_free(iqlut_plan *plan);
IQLUT_API const char *iqlut_plan_isa(const iqlut_plan *plan);

/* `h` rows of `w` pixels, `stride` bytes apart. Of 1 channel: a plane of luma. Of 3: red, green and
 * blue. Of 4: the same and a byte that is not read. */
typedef struct {
    const uint8_t *pixels;
    int64_t h, w, stride;
    int32_t channels;
} iqlut_picture;

/* Where the upscaled picture goes: scale * h rows of scale * w pixels, `stride` bytes apart; bytes
 * of luma from one channel, else red, green and blue, as by colour.join. It must not overlap the
 * picture. */
typedef struct {
    uint8_t *pixels;
    int64_t stride;
} iqlut_result;

/* Upscales `picture` on at most `threads` threads. If another thread sets *stop to anything but 0,
 * every thread stops after its current row of one layer, and the call returns IQLUT_STOPPED with an
 * incomplete result. `stop` may be NULL. */
IQLUT_API int iqlut_upscale(iqlut_plan *plan, const iqlut_picture *picture,
                            const iqlut_result *result, int threads, const volatile int32_t *stop);

/* The cubic kernel, as cubic.phases gives it: for each phase, the first sample that is read,
 * relative to the one that is upscaled, -2 or -1, and the weights of it and those after it. */
#define IQLUT_CUBIC_TAPS 5
typedef struct {
    int32_t first[IQLUT_SCALE_MAX], weights[IQLUT_SCALE_MAX][IQLUT_CUBIC_TAPS];
} iqlut_cubic_weights;

/* `h` rows of `w` samples of 1 or 2 bytes, `stride` bytes apart, none above sample_max. */
typedef struct {
    const void *samples;
    int64_t h, w, stride;
    int32_t bytes, sample_max;
} iqlut_samples;

/* Upscales a plane, such as chroma of a video, `scale` times by the cubic kernel: cubic.upscale.
 * `down` is for rows and `along` for columns. `out` takes scale * h rows of scale * w samples
 * without gaps. `isa` is as for iqlut_plan_create. */
IQLUT_API int iqlut_upscale_samples(const iqlut_samples *plane, int scale,
                                    const iqlut_cubic_weights *down,
                                    const iqlut_cubic_weights *along, const char *isa, void *out);

#endif
