/* Runs the cases of a blob (tests/c_cases.py) through the C runtime and counts the pixels that
 * differ.
 *
 * check_cases needs no operating system; host.c reads the blob from stdin, and the emulated
 * machines have it linked in. */
#include "check.h"

#include <string.h>

#include "iqlut.h"

#define LAYERS_MAX 16u
#define GUARD 64u
#define GUARD_BYTE 0xA5u

typedef struct {
    const uint8_t *at;
} reader;

typedef struct {
    iqlut_model model;
    iqlut_layer layers[LAYERS_MAX];
} table_set;

typedef struct {
    const uint8_t *expected;
    uint32_t width;
    uint32_t seen;
    uint32_t differences;
} comparison;

static uint32_t memory[CHECK_MEMORY_BYTES / 4u];
static uint32_t blend_tables[CHECK_TABLE_BYTES / 4u];

static uint32_t number(reader *in)
{
    uint32_t value;
    memcpy(&value, in->at, sizeof value);
    in->at += sizeof value;
    return value;
}

/* An array of so many bytes; the next begins at a multiple of 4. */
static const void *array(reader *in, uint32_t bytes)
{
    const void *const start = in->at;
    in->at += (bytes + 3u) / 4u * 4u;
    return start;
}

static void read_layer(reader *in, iqlut_layer *first, iqlut_layer *second)
{
    const uint32_t curve_bits = number(in);
    const uint32_t lut_bytes = number(in);
    const uint32_t outputs = number(in);
    memset(first, 0, sizeof *first);
    first->levels = (uint16_t)number(in);
    first->channels_in = (uint8_t)number(in);
    first->channels_out = (uint8_t)number(in);
    first->kernel = (uint8_t)number(in);
    first->acc_shift = (uint8_t)number(in);
    first->shift = (uint8_t)number(in);
    first->around_in = (uint8_t)number(in);
    first->around_out = (uint8_t)number(in);
    first->curve = array(in, 32u * curve_bits);
    first->gain = (const int16_t *)array(in, 2u * outputs);
    first->skip = (const int16_t *)array(in, 2u * outputs);
    first->bias = (const int32_t *)array(in, 4u * outputs);
    first->lut = (const uint8_t *)array(in, lut_bytes);
    if (first->around_in > 0u) {
        const uint32_t taps = 8u * first->around_in * first->around_out;
        first->around = (const uint8_t *)array(in, taps * first->levels);
    }
    *second = *first;
    second->bias = (const int32_t *)array(in, 4u * outputs);
    second->lut = (const uint8_t *)array(in, lut_bytes);
}

static void compare(void *user, uint32_t row, uint32_t column, const uint8_t *pixels,
                    uint32_t count)
{
    comparison *const against = (comparison *)user;
    const uint8_t *const expected = against->expected + row * against->width + column;
    for (uint32_t i = 0; i < count; i++) {
        against->differences += pixels[i] != expected[i] ? 1u : 0u;
    }
    against->seen += count;
}

/* The memory of `bytes` bytes with a guard behind it. */
static void *guarded(uint32_t bytes)
{
    memset((uint8_t *)memory + bytes, GUARD_BYTE, GUARD);
    return memory;
}

static uint32_t guard_is_hurt(uint32_t bytes)
{
    for (uint32_t i = 0; i < GUARD; i++) {
        if (((const uint8_t *)memory)[bytes + i] != GUARD_BYTE) {
            return 1;
        }
    }
    return 0;
}

/* Differences of the row interface; pixels that are missing count too. */
static uint32_t check_rows(const iqlut_model *model, const iqlut_plane *plane,
                           const uint8_t *expected)
{
    const uint32_t bytes = iqlut_memory_bytes(model, plane->width);
    const uint32_t pixels = plane->width * plane->height * model->scale * model->scale;
    comparison against;
    iqlut_output output;
    iqlut_stream stream;
    uint32_t failures = 0;
    against.expected = expected;
    against.width = plane->width * model->scale;
    output.emit = compare;
    output.user = &against;
    if (bytes + GUARD > CHECK_MEMORY_BYTES ||
        iqlut_start(&stream, model, plane->width, guarded(bytes), bytes, output) != IQLUT_OK) {
        return pixels;
    }
    for (uint32_t round = 0; round < 2u; round++) { /* the second follows without a new start */
        against.seen = 0;
        against.differences = 0;
        for (uint32_t y = 0; y < plane->height; y++) {
            failures +=
                iqlut_push(&stream, plane->pixels + y * plane->stride) != IQLUT_OK ? 1u : 0u;
        }
        failures += iqlut_finish(&stream) != IQLUT_OK ? 1u : 0u;
        failures += against.differences + (against.seen != pixels ? 1u : 0u);
    }
    return failures + guard_is_hurt(bytes);
}

/* Differences of the plane interface with the memory of a stream of `tile` columns. */
static uint32_t check_tiles(const iqlut_model *model, const iqlut_plane *plane,
                            const uint8_t *expected, uint32_t tile)
{
    const uint32_t bytes = iqlut_memory_bytes(model, tile);
    const uint32_t pixels = plane->width * plane->height * model->scale * model->scale;
    comparison against;
    iqlut_output output;
    against.expected = expected;
    against.width = plane->width * model->scale;
    against.seen = 0;
    against.differences = 0;
    output.emit = compare;
    output.user = &against;
    if (bytes + GUARD > CHECK_MEMORY_BYTES ||
        iqlut_upscale_spans(model, plane, output, guarded(bytes), bytes) != IQLUT_OK) {
        return pixels;
    }
    return against.differences + (against.seen != pixels ? 1u : 0u) + guard_is_hurt(bytes);
}

static uint32_t check_case(reader *in)
{
    static table_set sets[2];
    static iqlut_layer blended_layers[LAYERS_MAX];
    iqlut_model blended;
    iqlut_table_memory tables;
    iqlut_plane plane;
    uint32_t failures = 0;
    const uint32_t scale = number(in);
    const uint32_t symmetry = number(in);
    const uint32_t negative = number(in);
    const uint32_t layers = number(in);
    const uint32_t weight = number(in);
    const uint32_t tile = number(in);
    const uint8_t *expected;
    plane.height = number(in);
    plane.width = number(in);
    plane.stride = plane.width;
    for (uint32_t l = 0; l < layers; l++) {
        read_layer(in, &sets[0].layers[l], &sets[1].layers[l]);
    }
    for (uint32_t s = 0; s < 2u; s++) {
        sets[s].model.layers = sets[s].layers;
        sets[s].model.layer_count = (uint8_t)layers;
        sets[s].model.scale = (uint8_t)scale;
        sets[s].model.symmetry = (uint8_t)symmetry;
        sets[s].model.negative = (uint8_t)negative;
    }
    plane.pixels = (const uint8_t *)array(in, plane.width * plane.height);
    expected = (const uint8_t *)array(in, plane.width * plane.height * scale * scale);
    tables.layers = blended_layers;
    tables.layer_count = LAYERS_MAX;
    tables.tables = blend_tables;
    tables.table_bytes = sizeof blend_tables;
    blended = sets[0].model;
    if (weight > 0u) {
        failures +=
            iqlut_blend(&sets[0].model, &sets[1].model, weight, &tables, &blended) != IQLUT_OK ? 1u
                                                                                               : 0u;
    }
    failures += check_rows(&blended, &plane, expected);
    return tile > 0u ? failures + check_tiles(&blended, &plane, expected, tile) : failures;
}

uint32_t check_cases(const uint8_t *blob, uint32_t *cases)
{
    reader in;
    uint32_t failures = 0;
    in.at = blob;
    *cases = number(&in);
    for (uint32_t i = 0; i < *cases; i++) {
        failures += check_case(&in);
    }
    return failures;
}
