/* Planes upscaled by the cubic kernel, as cubic.upscale does. */
#include "cubic.h"
#include "plan.h"

int iqlut_upscale_samples(const iqlut_samples *plane, int scale, const iqlut_cubic_weights *down,
                          const iqlut_cubic_weights *along, const char *isa_name, void *out) {
    if (scale < IQLUT_SCALE_MIN || scale > IQLUT_SCALE_MAX) return IQLUT_BAD_SCALE;
    if (plane->h < 1 || plane->w < 1) return IQLUT_OK;
    iqlut_isa isa;
    if (!iqlut_choose_isa(isa_name, &isa) || !isa.upscale_samples) return IQLUT_NO_INSTRUCTION_SET;
    const size_t beside = IQLUT_CUBIC_BEFORE + IQLUT_CUBIC_AFTER;
    int32_t *const tall = iqlut_allocate(((size_t)plane->w + beside) * sizeof *tall);
    if (!tall) return IQLUT_NO_MEMORY;
    iqlut_cubic_row row = {.along = along,
                           .scale = scale,
                           .bytes = plane->bytes,
                           .count = (int)plane->w,
                           .sample_max = plane->sample_max,
                           .tall = tall,
                           .out = out};
    for (int64_t y = 0; y < scale * plane->h; y++) {
        const int phase = (int)(y % scale);
        for (int k = 0; k < IQLUT_CUBIC_TAPS; k++) {
            const int64_t from = iqlut_clamp_index(y / scale + down->first[phase] + k, plane->h);
            row.rows[k] = (const uint8_t *)plane->samples + from * plane->stride;
            row.down[k] = down->weights[phase][k];
        }
        isa.upscale_samples(&row);
        row.out = (uint8_t *)row.out + plane->w * scale * plane->bytes;
    }
    iqlut_release(tall);
    return IQLUT_OK;
}
