/* arithmetic.bilinear in vectors of the phases of one pixel: first down the columns, then along
 * the row. Included once by each instruction set, which compiles it for its own vectors. */
#include "arithmetic.h"
#include "bilinear.h"
#include "interface.h"

_Static_assert(IQLUT_SIGNAL_MAX * 4 * IQLUT_PHASES_MAX <= INT16_MAX && IQLUT_PHASES_MAX <= 16,
               "the base and all phases of a pixel fit a vector of int16");

typedef int16_t lanes8 __attribute__((vector_size(16), may_alias));
typedef int16_t lanes16 __attribute__((vector_size(32), may_alias));

#define DEFINE_BILINEAR(lanes)                                                                  \
    static void bilinear_##lanes(const iqlut_bilinear *row) {                                   \
        lanes rows[3] = {{0}}, columns[3] = {{0}}, left = {0}, middle = {0};                    \
        const uint8_t *const before = row->luma[0], *const own = row->luma[1];                  \
        const uint8_t *const after = row->luma[2];                                              \
        const int scale = row->scale, count = row->count;                                       \
        for (int phase = 0; phase < scale * scale; phase++) {                                   \
            int16_t down[3], along[3];                                                          \
            iqlut_bilinear_weights(scale, phase / scale, down);                                 \
            iqlut_bilinear_weights(scale, phase % scale, along);                                \
            for (int t = 0; t < 3; t++) rows[t][phase] = down[t], columns[t][phase] = along[t]; \
        }                                                                                       \
        lanes *to = (lanes *)row->base - 1;                                                     \
        for (int x = -1; x <= count; x++) {                                                     \
            const int16_t a = before[x], b = own[x], c = after[x];                              \
            const lanes right = rows[0] * a + rows[1] * b + rows[2] * c;                        \
            if (x > 0) to[x] = columns[0] * left + columns[1] * middle + columns[2] * right;    \
            left = middle;                                                                      \
            middle = right;                                                                     \
        }                                                                                       \
    }

DEFINE_BILINEAR(lanes8)
DEFINE_BILINEAR(lanes16)

static void bilinear(const iqlut_bilinear *row) {
    if (row->lanes == 16) bilinear_lanes16(row);
    else bilinear_lanes8(row);
}
