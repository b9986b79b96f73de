/* Bilinear and bicubic upscaling of a plane by 4. */
#ifndef INTERPOLATION_H
#define INTERPOLATION_H

#include <stdint.h>

typedef struct {
    const uint8_t *luma;
    uint32_t width;
    uint32_t height;
    uint32_t cubic; /* 1: bicubic, 0: bilinear */
} interpolation;

/* Upscale a plane; each output row is written to `out`, over the row before. `middle`: int32
 * (width). */
void interpolate(const interpolation *job, int32_t *middle, uint8_t *out);

#endif
