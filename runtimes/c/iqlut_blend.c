/* Restoration strengths: two stored table sets blended into one in RAM. */
#include <string.h>

#include "iqlut_internal.h"

#define WEIGHT_BITS 4 /* arithmetic.SET_WEIGHT_BITS */

/* Words of the entries of layer l, and of what can be read behind them. */
static uint32_t entry_words(const iqlut_model *model, uint32_t l)
{
    const iqlut_layer *const layer = &model->layers[l];
    const uint32_t c = iqlut_stored_inputs(model, l);
    const uint32_t d = iqlut_stored_outputs(model, l);
    const uint32_t level_bytes = (uint32_t)layer->kernel * layer->kernel * d;
    return IQLUT_WORDS(c * layer->levels * level_bytes +
                       (IQLUT_ORBIT(model) == 1u ? IQLUT_BEHIND(level_bytes) : 0u));
}

uint32_t iqlut_blend_bytes(const iqlut_model *model)
{
    uint32_t words = 0;
    if (iqlut_model_is_legal(model) != 0u) {
        for (uint32_t l = 0; l < model->layer_count; l++) {
            words += iqlut_stored_outputs(model, l) + entry_words(model, l);
        }
    }
    return 4u * words;
}

/* arithmetic.blend_sets: what rounding leaves of an entry is carried to the next that it is summed
 * with. */
static void blend_entries(const uint8_t *const *sets, int32_t weight, const uint32_t *shape,
                          uint8_t *blended)
{
    const uint32_t inputs = shape[0];
    const uint32_t levels = shape[1];
    const uint32_t taps = shape[2];
    const uint32_t d = shape[3];
    for (uint32_t row = 0; row < levels * d; row++) {
        const uint32_t level = row / d;
        const uint32_t o = row % d;
        int32_t carry = 0;
        for (uint32_t c = 0; c < inputs; c++) {
            for (uint32_t tap = 0; tap < taps; tap++) {
                const uint32_t at = ((c * levels + level) * taps + tap) * d + o;
                const int32_t below = (int32_t)sets[0][at] - IQLUT_BIAS;
                const int32_t above = (int32_t)sets[1][at] - IQLUT_BIAS;
                const int32_t exact =
                    ((1 << WEIGHT_BITS) - weight) * below + weight * above + carry;
                const int32_t entry = (exact + (1 << (WEIGHT_BITS - 1))) >> WEIGHT_BITS;
                carry = exact - entry * (1 << WEIGHT_BITS);
                blended[at] = (uint8_t)(entry + IQLUT_BIAS);
            }
        }
    }
}

/* 1 if the layers have one shape and one set of shifts. */
static uint32_t layers_match(const iqlut_layer *one, const iqlut_layer *two)
{
    return one->levels == two->levels && one->kernel == two->kernel &&
                   one->channels_in == two->channels_in && one->channels_out == two->channels_out &&
                   one->acc_shift == two->acc_shift && one->shift == two->shift
               ? 1u
               : 0u;
}

static iqlut_status check_blend(const iqlut_model *below, const iqlut_model *above, uint32_t weight,
                                const iqlut_table_memory *memory)
{
    if (below == 0 || above == 0 || memory == 0 || memory->layers == 0 || memory->tables == 0) {
        return IQLUT_NULL;
    }
    if (iqlut_model_is_legal(below) == 0u || iqlut_model_is_legal(above) == 0u ||
        below->scale != above->scale || below->layer_count != above->layer_count ||
        below->symmetry != above->symmetry || below->negative != above->negative) {
        return IQLUT_BAD_MODEL;
    }
    for (uint32_t l = 0; l < below->layer_count; l++) {
        if (layers_match(&below->layers[l], &above->layers[l]) == 0u ||
            below->layers[l].around != 0 || above->layers[l].around != 0) {
            return IQLUT_BAD_MODEL;
        }
    }
    if (weight > (1u << WEIGHT_BITS)) {
        return IQLUT_BAD_WEIGHT;
    }
    if (((uintptr_t)memory->tables & 3u) != 0u) {
        return IQLUT_ALIGNMENT;
    }
    return memory->layer_count < below->layer_count ||
                   memory->table_bytes < iqlut_blend_bytes(below)
               ? IQLUT_MEMORY
               : IQLUT_OK;
}

iqlut_status iqlut_blend(const iqlut_model *below, const iqlut_model *above, uint32_t weight,
                         const iqlut_table_memory *memory, iqlut_model *blended)
{
    const iqlut_status status =
        blended == 0 ? IQLUT_NULL : check_blend(below, above, weight, memory);
    if (status != IQLUT_OK) {
        return status;
    }
    uint32_t *free_words = (uint32_t *)memory->tables;
    for (uint32_t l = 0; l < below->layer_count; l++) {
        const iqlut_layer *const one = &below->layers[l];
        const iqlut_layer *const two = &above->layers[l];
        const uint8_t *const sets[2] = {one->lut, two->lut};
        const uint32_t shape[4] = {iqlut_stored_inputs(below, l), one->levels,
                                   (uint32_t)one->kernel * one->kernel,
                                   iqlut_stored_outputs(below, l)};
        int32_t *const bias = (int32_t *)(void *)free_words;
        const uint32_t biases = shape[3];
        for (uint32_t o = 0; o < biases; o++) { /* arithmetic.blend_biases */
            const int64_t exact =
                (int64_t)(16 - (int32_t)weight) * one->bias[o] + (int64_t)weight * two->bias[o];
            bias[o] = (int32_t)((exact + 8) >> WEIGHT_BITS);
        }
        uint8_t *const lut = (uint8_t *)(void *)(free_words + biases);
        blend_entries(sets, (int32_t)weight, shape, lut);
        memory->layers[l] = *one;
        memory->layers[l].lut = lut;
        memory->layers[l].bias = bias;
        free_words += biases + entry_words(below, l);
    }
    *blended = *below;
    blended->layers = memory->layers;
    return IQLUT_OK;
}

iqlut_status iqlut_blend_strength(const iqlut_restoration *restoration, uint32_t strength,
                                  const iqlut_table_memory *memory, iqlut_model *blended)
{
    if (restoration == 0 || restoration->sets == 0 || restoration->strengths == 0) {
        return IQLUT_NULL;
    }
    if (restoration->count < 2u || strength < restoration->strengths[0] ||
        strength > restoration->strengths[restoration->count - 1u]) {
        return IQLUT_BAD_STRENGTH;
    }
    uint32_t m = 0;
    while (m + 2u < restoration->count && strength >= restoration->strengths[m + 1u]) {
        m++;
    }
    /* section 7 of the specification, in exact fractions */
    const uint32_t gap = (uint32_t)restoration->strengths[m + 1u] - restoration->strengths[m];
    const uint32_t weight = (2u * 16u * (strength - restoration->strengths[m]) + gap) / (2u * gap);
    return iqlut_blend(&restoration->sets[m], &restoration->sets[m + 1u], weight, memory, blended);
}
