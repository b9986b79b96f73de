/* Luma from the pixel formats of cameras and displays. */
#include "iqlut_colour.h"

#define BLACK 16
#define RANGE 219 /* from black to white in limited range */

static uint8_t luma_of(uint32_t red, uint32_t green, uint32_t blue)
{
    return (uint8_t)((19595u * red + 38470u * green + 7471u * blue + 32768u) >> 16);
}

void iqlut_luma_rgb888(const uint8_t *rgb, uint32_t width, uint8_t *luma)
{
    for (uint32_t x = 0; x < width; x++) {
        luma[x] = luma_of(rgb[3u * x], rgb[3u * x + 1u], rgb[3u * x + 2u]);
    }
}

void iqlut_luma_rgb565(const uint16_t *rgb, uint32_t width, uint8_t *luma)
{
    for (uint32_t x = 0; x < width; x++) {
        const uint32_t red = (uint32_t)rgb[x] >> 11;
        const uint32_t green = ((uint32_t)rgb[x] >> 5) & 63u;
        const uint32_t blue = rgb[x] & 31u;
        luma[x] = luma_of((red << 3) | (red >> 2), (green << 2) | (green >> 4),
                          (blue << 3) | (blue >> 2));
    }
}

void iqlut_luma_from_limited(const uint8_t *limited, uint32_t width, uint8_t *luma)
{
    for (uint32_t x = 0; x < width; x++) {
        const int32_t above = limited[x] < BLACK ? 0 : limited[x] - BLACK;
        const int32_t full = (above * 255 + RANGE / 2) / RANGE;
        luma[x] = (uint8_t)(full > 255 ? 255 : full);
    }
}

void iqlut_luma_to_limited(const uint8_t *luma, uint32_t width, uint8_t *limited)
{
    for (uint32_t x = 0; x < width; x++) {
        limited[x] = (uint8_t)(BLACK + (luma[x] * RANGE + 127) / 255);
    }
}

void iqlut_chroma_repeat(const uint8_t *pairs, uint32_t count, uint32_t scale, uint8_t *out)
{
    for (uint32_t x = 0; x < count * scale; x++) {
        out[2u * x] = pairs[2u * (x / scale)];
        out[2u * x + 1u] = pairs[2u * (x / scale) + 1u];
    }
}
