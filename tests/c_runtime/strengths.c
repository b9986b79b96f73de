/* Writes the tables that blending to each strength of the arguments, in 64ths, leaves in memory. */
#include <stdio.h>
#include <stdlib.h>

#include TABLES_HEADER

static uint32_t words[IQLUT_WORDS(BLEND_BYTES)];
static iqlut_layer layers[LAYERS];
static const size_t lut_bytes[] = {LUT_BYTES};

int main(int count, char **arguments)
{
    const iqlut_table_memory memory = {layers, LAYERS, words, sizeof words};
    if (iqlut_blend_bytes(&MODEL.sets[0]) != BLEND_BYTES) {
        return 1;
    }
    for (int i = 1; i < count; i++) {
        iqlut_model blended;
        const uint32_t strength = (uint32_t)strtoul(arguments[i], 0, 10);
        const iqlut_status status = iqlut_blend_strength(&MODEL, strength, &memory, &blended);
        if (status != IQLUT_OK) {
            return (int)status;
        }
        for (uint32_t l = 0; l < LAYERS; l++) { /* in the order of the table file */
            const uint8_t *const lut = blended.layers[l].lut;
            const uint8_t *const bias = (const uint8_t *)blended.layers[l].bias;
            fwrite(bias, 1, (size_t)(lut - bias), stdout);
            fwrite(lut, 1, lut_bytes[l], stdout);
        }
    }
    return 0;
}
