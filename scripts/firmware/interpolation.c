/* Bilinear and bicubic upscaling by 4 in the style of the C runtime, to compare its cost with
 * theirs. */
#include "interpolation.h"

#define SCALE 4u
#define TAPS 5

/* Weights of the pixels at -2 to 2 for each phase, docs/specification.md sections 5 and 9. */
static const int16_t BILINEAR[SCALE][TAPS] = {
    {0, 3, 5, 0, 0}, {0, 1, 7, 0, 0}, {0, 0, 7, 1, 0}, {0, 0, 5, 3, 0}};
static const int16_t BICUBIC[SCALE][TAPS] = {
    {-45, 399, 745, -75, 0}, {-7, 93, 987, -49, 0}, {0, -49, 987, 93, -7}, {0, -75, 745, 399, -45}};

static uint32_t clamp_index(int32_t at, uint32_t count)
{
    return at < 0 ? 0u : ((uint32_t)at < count ? (uint32_t)at : count - 1u);
}

/* One output row: down first, then across. `first` and `last` bound the taps that are not 0. */
static void upscale_row(const interpolation *job, uint32_t y, uint32_t phase, int32_t *middle,
                        uint8_t *out)
{
    const int16_t (*const weights)[TAPS] = job->cubic != 0u ? BICUBIC : BILINEAR;
    const int32_t first = job->cubic != 0u ? 0 : 1;
    const int32_t last = job->cubic != 0u ? 4 : 3;
    const int32_t shift = job->cubic != 0u ? 20 : 6;
    const uint8_t *rows[TAPS];
    for (int32_t tap = first; tap <= last; tap++) {
        rows[tap] = job->luma + clamp_index((int32_t)y + tap - 2, job->height) * job->width;
    }
    for (uint32_t x = 0; x < job->width; x++) {
        int32_t sum = 0;
        for (int32_t tap = first; tap <= last; tap++) {
            sum += weights[phase][tap] * rows[tap][x];
        }
        middle[x] = sum;
    }
    for (uint32_t x = 0; x < job->width; x++) {
        int32_t near[TAPS] = {0, 0, 0, 0, 0};
        for (int32_t tap = first; tap <= last; tap++) {
            near[tap] = middle[clamp_index((int32_t)x + tap - 2, job->width)];
        }
        for (uint32_t q = 0; q < SCALE; q++) {
            int32_t sum = 1 << (shift - 1);
            for (int32_t tap = first; tap <= last; tap++) {
                sum += weights[q][tap] * near[tap];
            }
            sum >>= shift;
            *out++ = (uint8_t)(sum < 0 ? 0 : (sum > 255 ? 255 : sum));
        }
    }
}

void interpolate(const interpolation *job, int32_t *middle, uint8_t *out)
{
    for (uint32_t y = 0; y < job->height; y++) {
        for (uint32_t phase = 0; phase < SCALE; phase++) {
            upscale_row(job, y, phase, middle, out);
        }
    }
}
