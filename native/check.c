/* Compares the instruction sets with what the reference engine gave, on machines that have no
 * Python: `check < cases`. tests/check_cases.py writes the cases; all numbers are little-endian.
 * Ends with 1 if any pixel differs. `check ISA` runs that instruction set alone, on one thread: to
 * count what it executes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <fcntl.h>
#include <io.h>
#endif

#include "inference/iqlut.h"

static void *take(size_t bytes) {
    /* Of exactly this size, so that sanitizers see every step outside. */
    void *memory = malloc(bytes ? bytes : 1);
    if (!memory || fread(memory, 1, bytes, stdin) != bytes) {
        fprintf(stderr, "the cases end in the middle\n");
        exit(2);
    }
    return memory;
}

typedef struct {
    int32_t scale, layer_count, h, w, channels;
} head;

static void take_layer(iqlut_layer *layer) {
    int32_t *numbers = take(6 * sizeof *numbers);
    memcpy(&layer->shape, numbers, sizeof layer->shape);
    layer->acc_shift = numbers[4], layer->shift = numbers[5];
    free(numbers);
    const iqlut_shape s = layer->shape;
    const size_t taps = (size_t)(s.kernel * s.kernel), out = (size_t)s.channels_out;
    layer->lut = take((size_t)(s.channels_in * s.levels) * taps * out);
    layer->curve = take(512);
    layer->gain = take(2 * out);
    layer->skip = take(2 * out);
    layer->bias = take(4 * out);
}

static void free_layer(const iqlut_layer *layer) {
    free((void *)layer->lut), free((void *)layer->curve), free((void *)layer->gain);
    free((void *)layer->skip), free((void *)layer->bias);
}

/* How many of the instruction sets and numbers of threads give other pixels. */
static int compare(const iqlut_tables *tables, const iqlut_picture *picture,
                   const uint8_t *expected, size_t bytes, const char *only) {
    int wrong = 0;
    const char *isa;
    for (int index = 0; (isa = iqlut_instruction_set(index)); index++)
        for (int threads = 1; threads < (only ? 2 : 4); threads += 2) {
            if (only && strcmp(isa, only)) continue;
            iqlut_plan *plan;
            uint8_t *out = calloc(1, bytes);
            if (iqlut_plan_create(tables, isa, &plan, NULL) || !out) exit(2);
            const int64_t stride = tables->scale * picture->w * (picture->channels > 1 ? 3 : 1);
            const iqlut_result result = {out, stride};
            if (iqlut_upscale(plan, picture, &result, threads, NULL) ||
                memcmp(out, expected, bytes)) {
                printf("%s, %d threads: other pixels\n", isa, threads);
                wrong++;
            }
            free(out);
            iqlut_plan_free(plan);
        }
    return wrong;
}

int main(int count, char **arguments) {
    int cases = 0, wrong = 0;
#ifdef _WIN32
    _setmode(_fileno(stdin), _O_BINARY);
#endif
    head h;
    for (; fread(&h, sizeof h, 1, stdin) == 1; cases++) {
        iqlut_layer layers[IQLUT_LAYERS_MAX];
        if (h.layer_count > IQLUT_LAYERS_MAX) return 2;
        for (int l = 0; l < h.layer_count; l++) take_layer(&layers[l]);
        const iqlut_tables tables = {h.scale, h.layer_count, layers};
        const size_t pixels = (size_t)h.h * (size_t)h.w, out_channels = h.channels > 1 ? 3 : 1;
        uint8_t *from = take(pixels * (size_t)h.channels);
        const size_t bytes = pixels * (size_t)(h.scale * h.scale) * out_channels;
        uint8_t *expected = take(bytes);
        const iqlut_picture picture = {from, h.h, h.w, (int64_t)h.w * h.channels, h.channels};
        wrong += compare(&tables, &picture, expected, bytes, count > 1 ? arguments[1] : NULL);
        free(from), free(expected);
        for (int l = 0; l < h.layer_count; l++) free_layer(&layers[l]);
    }
    const char *isa;
    for (int index = 0; (isa = iqlut_instruction_set(index)); index++) printf("%s ", isa);
    printf("on %d cases: %d differences\n", cases, wrong);
    return wrong > 0 || cases == 0;
}
