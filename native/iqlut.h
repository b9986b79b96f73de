/* Image enlargement by small integer look-up tables: the C interface.
 *
 *     iqlut_plan *plan = iqlut_plan_create(&tables, NULL);
 *     iqlut_upscale(plan, &picture, out, out_stride, threads);
 *     iqlut_plan_free(plan);
 *
 * The pixels are those of arithmetic.py, whatever the instruction set, the threads and the size.
 */
#ifndef IQLUT_H
#define IQLUT_H

#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#define IQLUT_API __declspec(dllexport)
#else
#define IQLUT_API __attribute__((visibility("default")))
#endif

/* One layer, as tables.Layer: the caller has checked it. */
typedef struct {
    int32_t channels_in, channels_out, kernel, levels, acc_shift, shift;
    const int8_t *lut;          /* [channels_in][levels][kernel][kernel][channels_out] */
    const uint8_t *curve;       /* [2][256] signal to code and fraction, arithmetic.expand_knots */
    const int16_t *gain, *skip; /* [channels_out] */
    const int32_t *bias;        /* [channels_out] */
} iqlut_layer;

typedef struct {
    int32_t scale, layer_count;
    const iqlut_layer *layers;
} iqlut_tables;

/* Tables packed for one instruction set; nothing in it changes while it is used, so threads may share it. */
typedef struct iqlut_plan iqlut_plan;

/* The instruction sets this machine can run, from index 0 on, slowest first; NULL past the last. */
IQLUT_API const char *iqlut_instruction_set(int index);

/* Copies and packs `tables`. `isa` is one of those names, or NULL for the fastest.
 * NULL if there is no such instruction set or no memory. */
IQLUT_API iqlut_plan *iqlut_plan_create(const iqlut_tables *tables, const char *isa);
IQLUT_API void iqlut_plan_free(iqlut_plan *plan);
IQLUT_API const char *iqlut_plan_isa(const iqlut_plan *plan);

/* `h` rows of `w` pixels, `stride` bytes apart. Of 1 channel: a plane of luma. Of 3: red, green and blue.
 * Of 4: the same and a byte that is not read. */
typedef struct {
    const uint8_t *pixels;
    int64_t h, w, stride;
    int32_t channels;
} iqlut_picture;

/* Enlarges `picture` into `out`, scale * h rows that are `out_stride` bytes apart, of scale * w pixels: bytes of luma
 * from one channel, else red, green and blue, as by colour.join. `out` must not overlap the picture. At most `threads`
 * threads work on it. 0, or -1 if there was no memory. */
IQLUT_API int iqlut_upscale(iqlut_plan *plan, const iqlut_picture *picture, uint8_t *out, int64_t out_stride,
                            int threads);

#endif
