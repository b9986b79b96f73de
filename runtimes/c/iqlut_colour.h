/* Luma from the pixel formats of cameras and displays. Every function handles one row. */
#ifndef IQLUT_COLOUR_H
#define IQLUT_COLOUR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Full-range luma of R, G, B bytes, docs/specification.md section 9. */
void iqlut_luma_rgb888(const uint8_t *rgb, uint32_t width, uint8_t *luma);

/* Full-range luma of RGB565 pixels, whose five and six bits are widened by repeating the highest.
 */
void iqlut_luma_rgb565(const uint16_t *rgb, uint32_t width, uint8_t *luma);

/* The Y row of NV12 in limited range (16 to 235) to full range and back, rounded to nearest. A row
 * of full-range NV12 is luma already. */
void iqlut_luma_from_limited(const uint8_t *limited, uint32_t width, uint8_t *luma);
void iqlut_luma_to_limited(const uint8_t *luma, uint32_t width, uint8_t *limited);

/* Repeat each chroma pair of an NV12 row `scale` times across, for a row of the upscaled picture.
 */
void iqlut_chroma_repeat(const uint8_t *pairs, uint32_t count, uint32_t scale, uint8_t *out);

#ifdef __cplusplus
}
#endif
#endif
