/* A libFuzzer target: legal tables and a picture of any size from the fuzzer's bytes. Every
 * instruction set must give the pixels of the portable kernel on one thread, within the memory that
 * the interface promises. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inference/iqlut.h"

enum { LAYERS_MAX = 4, CHANNELS_MAX = 33, SIDE_MAX = 40, WIDE = 1100, ONE = 32 };

/* The fuzzer's bytes, then a sequence that follows from them. */
typedef struct {
    const uint8_t *data;
    size_t size, at;
    uint32_t state;
} source;

static uint32_t draw(source *s, uint32_t count) {
    uint32_t value = s->at < s->size ? s->data[s->at++] : 0;
    if (count > 256 && s->at < s->size) value |= (uint32_t)s->data[s->at++] << 8;
    s->state = s->state * 1664525u + 1013904223u + value;
    return (s->at < s->size ? value : s->state >> 8) % count;
}

static void fill(source *s, uint8_t *to, size_t count, uint32_t values) {
    for (size_t n = 0; n < count; n++) to[n] = (uint8_t)draw(s, values);
}

static void *reserve(size_t bytes) {
    void *memory = malloc(bytes ? bytes : 1);
    if (!memory) abort();
    return memory;
}

/* tables.py: the largest sum that any signals can give to an output. */
static int64_t bound_of(const iqlut_layer *l, int d) {
    const iqlut_shape shape = l->shape;
    const size_t taps = (size_t)(shape.kernel * shape.kernel), out = (size_t)shape.channels_out;
    int64_t bound = 0;
    for (int c = 0; c < shape.channels_in; c++)
        for (size_t tap = 0; tap < taps; tap++) {
            int largest = 0;
            for (int level = 0; level < shape.levels; level++) {
                const size_t row = (size_t)(c * shape.levels + level) * taps + tap;
                const int e = abs(l->lut[row * out + (size_t)d]);
                largest = e > largest ? e : largest;
            }
            bound += ONE * largest;
        }
    return bound;
}

/* Constants that tables.py accepts: every sum fits. `skip_max` is the largest signal that the skip
 * reads. */
static void draw_constants(source *s, iqlut_layer *l, int64_t skip_max) {
    const int outputs = l->shape.channels_out;
    int16_t *gain = reserve(2 * (size_t)outputs), *skip = reserve(2 * (size_t)outputs);
    int32_t *bias = reserve(4 * (size_t)outputs);
    int64_t bound = 1;
    for (int d = 0; d < outputs; d++) bound = bound_of(l, d) > bound ? bound_of(l, d) : bound;
    for (l->acc_shift = 0; (bound >> l->acc_shift) + 1 > 32767;) l->acc_shift++;
    l->shift = 1 + (int)draw(s, 24);
    const int64_t gain_max = (1 << 30) / ((bound >> l->acc_shift) + 1);
    const int64_t limit = (1 << 29) / skip_max;
    for (int d = 0; d < outputs; d++) {
        const int64_t g = gain_max < 32767 ? gain_max : 32767, k = limit < 32767 ? limit : 32767;
        gain[d] = (int16_t)(draw(s, 65536) % (2 * g + 1) - g);
        skip[d] = (int16_t)(draw(s, 4) ? draw(s, 65536) % (2 * k + 1) - k : 0);
        bias[d] = (int32_t)(draw(s, 65536) << 13) - (1 << 28);
    }
    l->gain = gain, l->skip = skip, l->bias = bias;
}

static void draw_layer(source *s, iqlut_layer *l, int channels_in, int channels_out,
                       int64_t skip_max) {
    l->shape.channels_in = channels_in, l->shape.channels_out = channels_out;
    l->shape.kernel = 1 + (int)draw(s, 3);
    l->shape.levels = 2 + (int)draw(s, draw(s, 32) ? 18 : 255);
    const int taps = l->shape.kernel * l->shape.kernel;
    const size_t entries = (size_t)(channels_in * l->shape.levels * taps * channels_out);
    int8_t *lut = reserve(entries);
    uint8_t *curve = reserve(512);
    const uint32_t range = draw(s, 4) ? 255 : 1; /* noise, or everything at its end */
    for (size_t n = 0; n < entries; n++)
        lut[n] = (int8_t)(range > 1 ? (int)draw(s, range) - 127 : -127);
    fill(s, curve, 256, (uint32_t)l->shape.levels - 1);
    fill(s, curve + 256, 256, ONE + 1);
    l->lut = lut, l->curve = curve;
    draw_constants(s, l, skip_max);
}

static void upscale(const iqlut_tables *tables, const iqlut_picture *picture, const char *isa,
                    int threads, const iqlut_result *result) {
    iqlut_plan *plan;
    if (iqlut_plan_create(tables, isa, &plan, NULL)) abort();
    if (iqlut_upscale(plan, picture, result, threads, NULL)) abort();
    if (iqlut_upscale(plan, picture, result, 1, NULL)) abort(); /* again, in used memory */
    iqlut_plan_free(plan);
}

static void try_all(source *s, const iqlut_tables *tables) {
    static const int32_t channels[] = {1, 3, 4};
    iqlut_picture p = {.h = 1 + draw(s, SIDE_MAX), .w = 1 + draw(s, SIDE_MAX)};
    p.channels = channels[draw(s, 3)];
    if (draw(s, 16) == 0) p.h = 1 + draw(s, 2), p.w = 1 + draw(s, WIDE);
    p.stride = p.w * p.channels + draw(s, 5);
    /* The fourth byte of a pixel is not read: the last one is not there. */
    const int colours = p.channels > 1 ? 3 : 1;
    const size_t bytes_in = (size_t)((p.h - 1) * p.stride + (p.w - 1) * p.channels + colours);
    uint8_t *pixels = reserve(bytes_in);
    fill(s, pixels, bytes_in, 256);
    p.pixels = pixels;
    const int64_t row = p.w * tables->scale * colours, stride = row + draw(s, 5);
    const size_t bytes = (size_t)((p.h * tables->scale - 1) * stride + row);
    uint8_t *expected = reserve(bytes), *out = reserve(bytes);
    memset(expected, 0, bytes), memset(out, 0, bytes);
    upscale(tables, &p, "portable", 1, &(iqlut_result){expected, stride});
    const char *isa;
    for (int index = 0; (isa = iqlut_instruction_set(index)); index++) {
        upscale(tables, &p, isa, 1 + (int)draw(s, 5), &(iqlut_result){out, stride});
        if (memcmp(out, expected, bytes)) {
            fprintf(stderr, "%s gives other pixels than portable\n", isa);
            abort();
        }
    }
    free(pixels), free(expected), free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    source s = {data, size, 0, 1};
    iqlut_layer layers[LAYERS_MAX];
    iqlut_tables tables = {2 + (int)draw(&s, 3), 2 + (int)draw(&s, LAYERS_MAX - 1), layers};
    int channels = 1;
    /* All blocks are equally wide. */
    const int width = 1 + (int)draw(&s, draw(&s, 4) ? 16 : CHANNELS_MAX);
    for (int l = 0; l < tables.layer_count; l++) {
        const int last = l + 1 == tables.layer_count, area = tables.scale * tables.scale;
        draw_layer(&s, &layers[l], channels, last ? area : width, last ? 255 * 4 * area : 255);
        channels = width;
    }
    try_all(&s, &tables);
    for (int l = 0; l < tables.layer_count; l++) {
        free((void *)layers[l].lut), free((void *)layers[l].curve), free((void *)layers[l].gain);
        free((void *)layers[l].skip), free((void *)layers[l].bias);
    }
    return 0;
}
