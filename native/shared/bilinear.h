/* The bilinear base of one row of pixels, compiled for each instruction set by bilinear_tmpl.c. */
#ifndef IQLUT_BILINEAR_H
#define IQLUT_BILINEAR_H

#include <stdint.h>

/* base[x * lanes + phase] for x in 0..count-1, from the rows before, at and after, whose pixel -1
 * and pixel `count` exist. `lanes` is 8 for scale 2, else 16. */
typedef struct {
    const uint8_t *luma[3];
    int16_t *base;
    int scale, lanes, count;
} iqlut_bilinear;

#endif
