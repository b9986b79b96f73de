/* Image enlargement by small integer look-up tables: the C interface.
 *
 *     iqlut_plan *plan = iqlut_plan_create(&tables, NULL);
 *     iqlut_upscale(plan, luma, h, w, stride, out, out_stride, threads);
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

/* Enlarges the plane `luma` (h rows of w bytes, `stride` bytes apart) into `out` (scale*h rows of
 * scale*w bytes, `out_stride` apart), which must not overlap it. At most `threads` threads work on it.
 * 0, or -1 if there was no memory. */
IQLUT_API int iqlut_upscale(iqlut_plan *plan, const uint8_t *luma, int64_t h, int64_t w, int64_t stride, uint8_t *out,
                            int64_t out_stride, int threads);

#endif
