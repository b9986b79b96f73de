/* A copy of tables as they came, which "reference" runs. */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

static void *copy(const void *from, size_t bytes) {
    void *to = malloc(bytes);
    return to ? memcpy(to, from, bytes) : NULL;
}

void iqlut_free_tables(iqlut_tables *tables) {
    for (int n = 0; tables && n < tables->layer_count; n++) {
        const iqlut_layer *l = &tables->layers[n];
        free((void *)l->lut), free((void *)l->curve), free((void *)l->gain);
        free((void *)l->skip), free((void *)l->bias);
    }
    if (tables) free((void *)tables->layers);
    free(tables);
}

/* The arrays of a layer; 0 without memory. */
static int copy_arrays(iqlut_layer *l) {
    const iqlut_shape s = l->shape;
    const size_t outputs = (size_t)s.channels_out, taps = (size_t)(s.kernel * s.kernel);
    l->lut = copy(l->lut, (size_t)(s.channels_in * s.levels) * taps * outputs);
    l->curve = copy(l->curve, 2 * IQLUT_SIGNALS);
    l->gain = copy(l->gain, outputs * sizeof *l->gain);
    l->skip = copy(l->skip, outputs * sizeof *l->skip);
    l->bias = copy(l->bias, outputs * sizeof *l->bias);
    return l->lut && l->curve && l->gain && l->skip && l->bias;
}

iqlut_tables *iqlut_copy_tables(const iqlut_tables *tables) {
    iqlut_tables *made = copy(tables, sizeof *tables);
    if (!made) return NULL;
    iqlut_layer *layers =
        copy(tables->layers, (size_t)tables->layer_count * sizeof *tables->layers);
    made->layers = layers, made->layer_count = 0;
    int whole = layers != NULL;
    for (; whole && made->layer_count < tables->layer_count; made->layer_count++)
        whole = copy_arrays(&layers[made->layer_count]);
    if (whole) return made;
    iqlut_free_tables(made);
    return NULL;
}
