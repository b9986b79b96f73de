/* Each error code, and that nothing was written. Prints the line of a check that fails. */
#include <stdio.h>
#include <string.h>

#include "iqlut.h"

#define BYTES 4096u
#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("errors.c:%d\n", __LINE__);                                                     \
        }                                                                                          \
    } while (0)

static const uint8_t lut[4 * 2 * 4] = {88, 168, 108, 118, 128, 138, 148, 138};
static const uint8_t curve[256] = {0};
static const int16_t ones[4] = {1, 1, 1, 1};
static const int32_t bias[4] = {0, 0, 0, 0};

static uint32_t calls;

static void emit(void *user, uint32_t row, uint32_t column, const uint8_t *pixels, uint32_t count)
{
    (void)user;
    (void)row;
    (void)column;
    (void)pixels;
    (void)count;
    calls++;
}

static uint32_t is_untouched(const void *memory, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        if (((const uint8_t *)memory)[i] != 0xA5u) {
            return 0;
        }
    }
    return 1;
}

int main(void)
{
    static uint32_t memory[BYTES / 4u];
    uint8_t out[256];
    uint8_t luma[16] = {0};
    const iqlut_layer layers[2] = {{lut, 0, curve, ones, ones, bias, 2, 1, 1, 1, 0, 8, 0, 0},
                                   {lut, 0, curve, ones, ones, bias, 2, 1, 4, 1, 0, 10, 0, 0}};
    iqlut_layer wrong[2];
    iqlut_model model = {layers, 2, 2, 1, 0};
    const iqlut_model sets[2] = {{layers, 2, 2, 1, 0}, {layers, 2, 2, 1, 0}};
    const uint16_t strengths[2] = {0, 64};
    const iqlut_restoration restoration = {sets, strengths, 2};
    const iqlut_output output = {emit, 0};
    const iqlut_output none = {0, 0};
    const uint32_t need = iqlut_memory_bytes(&model, 8);
    iqlut_plane plane = {luma, 4, 4, 4};
    iqlut_table_memory tables;
    iqlut_layer blended_layers[2];
    iqlut_model blended;
    iqlut_stream stream;
    memset(memory, 0xA5, sizeof memory);
    memset(&stream, 0xA5, sizeof stream);
    memset(out, 0xA5, sizeof out);
    memset(&blended, 0xA5, sizeof blended);
    tables.layers = blended_layers;
    tables.layer_count = 2;
    tables.tables = memory;
    tables.table_bytes = BYTES;

    EXPECT(need > 0u && need < BYTES);
    EXPECT(iqlut_memory_bytes(&model, 0) == 0u);
    EXPECT(iqlut_memory_bytes(&model, IQLUT_WIDTH_MAX + 1u) == 0u);
    EXPECT(iqlut_start(0, &model, 8, memory, BYTES, output) == IQLUT_NULL);
    EXPECT(iqlut_start(&stream, 0, 8, memory, BYTES, output) == IQLUT_NULL);
    EXPECT(iqlut_start(&stream, &model, 8, 0, BYTES, output) == IQLUT_NULL);
    EXPECT(iqlut_start(&stream, &model, 8, memory, BYTES, none) == IQLUT_NULL);
    EXPECT(iqlut_start(&stream, &model, 0, memory, BYTES, output) == IQLUT_BAD_WIDTH);
    EXPECT(iqlut_start(&stream, &model, IQLUT_WIDTH_MAX + 1u, memory, BYTES, output) ==
           IQLUT_BAD_WIDTH);
    EXPECT(iqlut_start(&stream, &model, 8, memory, need - 1u, output) == IQLUT_MEMORY);
    EXPECT(iqlut_start(&stream, &model, 8, (uint8_t *)memory + 2, BYTES, output) ==
           IQLUT_ALIGNMENT);
    memcpy(wrong, layers, sizeof layers);
    wrong[1].channels_out = 9;
    model.layers = wrong;
    EXPECT(iqlut_start(&stream, &model, 8, memory, BYTES, output) == IQLUT_BAD_MODEL);
    EXPECT(iqlut_upscale(&model, &plane, out, 8, memory, BYTES) == IQLUT_BAD_MODEL);
    tables.layer_count = 2;
    EXPECT(iqlut_blend(&model, &model, 3, &tables, &blended) == IQLUT_BAD_MODEL);
    memcpy(wrong, layers, sizeof layers);
    wrong[1].around = lut; /* of a kernel without other taps */
    EXPECT(iqlut_start(&stream, &model, 8, memory, BYTES, output) == IQLUT_BAD_MODEL);
    wrong[1].kernel = 3;
    wrong[1].around_in = 2; /* of one input */
    wrong[1].around_out = 1;
    EXPECT(iqlut_start(&stream, &model, 8, memory, BYTES, output) == IQLUT_BAD_MODEL);
    model.negative = 1; /* one channel has no other that sees the negative */
    wrong[1].around_in = 1;
    EXPECT(iqlut_start(&stream, &model, 8, memory, BYTES, output) == IQLUT_BAD_MODEL);
    model.negative = 2;
    EXPECT(iqlut_start(&stream, &model, 8, memory, BYTES, output) == IQLUT_BAD_MODEL);
    model.negative = 0;
    model.symmetry = 3;
    EXPECT(iqlut_start(&stream, &model, 8, memory, BYTES, output) == IQLUT_BAD_MODEL);
    model.symmetry = 1; /* legal, but not to be blended */
    EXPECT(iqlut_memory_bytes(&model, 8) > 0u);
    EXPECT(iqlut_blend(&model, &model, 3, &tables, &blended) == IQLUT_BAD_MODEL);
    model.layers = layers;

    EXPECT(iqlut_upscale(0, &plane, out, 8, memory, BYTES) == IQLUT_NULL);
    EXPECT(iqlut_upscale(&model, &plane, 0, 8, memory, BYTES) == IQLUT_NULL);
    EXPECT(iqlut_upscale(&model, &plane, out, 7, memory, BYTES) == IQLUT_BAD_SIZE);
    EXPECT(iqlut_upscale(&model, &plane, out, 8, memory, 40) == IQLUT_MEMORY);
    plane.height = 0;
    EXPECT(iqlut_upscale(&model, &plane, out, 8, memory, BYTES) == IQLUT_BAD_SIZE);
    plane.height = 4;
    EXPECT(iqlut_blend(&model, &model, 17, &tables, &blended) == IQLUT_BAD_WEIGHT);
    tables.table_bytes = iqlut_blend_bytes(&model) - 1u;
    EXPECT(iqlut_blend(&model, &model, 3, &tables, &blended) == IQLUT_MEMORY);
    EXPECT(iqlut_blend_strength(0, 64, &tables, &blended) == IQLUT_NULL);
    EXPECT(iqlut_blend_strength(&restoration, 65, &tables, &blended) == IQLUT_BAD_STRENGTH);
    EXPECT(iqlut_blend_strength(&restoration, 64, &tables, &blended) == IQLUT_MEMORY);
    EXPECT(iqlut_push(0, luma) == IQLUT_NULL);
    EXPECT(iqlut_finish(0) == IQLUT_NULL);
    EXPECT(is_untouched(memory, sizeof memory) && is_untouched(&stream, sizeof stream));
    EXPECT(is_untouched(out, sizeof out) && is_untouched(&blended, sizeof blended) && calls == 0u);

    EXPECT(iqlut_start(&stream, &model, 8, memory, need, output) == IQLUT_OK);
    EXPECT(iqlut_push(&stream, 0) == IQLUT_NULL);
    EXPECT(iqlut_finish(&stream) == IQLUT_NO_ROWS);
    EXPECT(iqlut_push(&stream, luma) == IQLUT_OK);
    EXPECT(calls == 0u);
    EXPECT(iqlut_finish(&stream) == IQLUT_OK);
    EXPECT(calls == 2u);
    EXPECT(iqlut_upscale(&model, &plane, out, 8, memory, BYTES) == IQLUT_OK);
    return 0;
}
