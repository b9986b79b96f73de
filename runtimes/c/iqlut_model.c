/* Models: which are legal, and what a stream of them needs. */
#include "iqlut_internal.h"

/* 1 if a layer has tables, and a shape within the limits, behind `channels` channels. */
static uint32_t layer_is_legal(const iqlut_layer *layer, uint32_t channels)
{
    return layer->lut != 0 && layer->curve != 0 && layer->gain != 0 && layer->skip != 0 &&
                   layer->bias != 0 && layer->channels_in == channels &&
                   layer->channels_out >= 1u && layer->channels_out <= IQLUT_CHANNELS_MAX &&
                   layer->kernel >= 1u && layer->kernel <= IQLUT_KERNEL_MAX &&
                   layer->levels >= 2u && layer->levels <= 256u &&
                   layer->acc_shift <= 15u && layer->shift <= 30u
               ? 1u
               : 0u;
}

uint32_t iqlut_is_last(const iqlut_model *model, uint32_t index)
{
    return index + 1u == model->layer_count ? 1u : 0u;
}

uint32_t iqlut_stored_inputs(const iqlut_model *model, uint32_t index)
{
    return model->layers[index].channels_in /
           (iqlut_is_last(model, index) != 0u ? IQLUT_ORBIT(model) : 1u);
}

uint32_t iqlut_stored_outputs(const iqlut_model *model, uint32_t index)
{
    return model->layers[index].channels_out /
           (iqlut_is_last(model, index) != 0u ? 1u : IQLUT_ORBIT(model));
}

/* 1 if a layer has all taps, or those off the centre between inputs and outputs that it stores, of
 * whole orbits. */
static uint32_t taps_are_legal(const iqlut_model *model, uint32_t index)
{
    const iqlut_layer *const layer = &model->layers[index];
    const uint32_t is_whole = iqlut_is_last(model, index) != 0u || layer->channels_in == 1u ||
                                      layer->around_in % IQLUT_ORBIT(model) == 0u
                                  ? 1u
                                  : 0u;
    return layer->around == 0 ||
                   (layer->kernel == 3u && is_whole != 0u &&
                    layer->around_in <= iqlut_stored_inputs(model, index) &&
                    layer->around_out <= iqlut_stored_outputs(model, index))
               ? 1u
               : 0u;
}

uint32_t iqlut_model_is_legal(const iqlut_model *model)
{
    uint32_t channels = 1;
    if (model == 0 || model->layers == 0 || model->layer_count < 2u || model->scale < 2u ||
        model->scale > 4u) {
        return 0;
    }
    const uint32_t symmetry = model->symmetry;
    if (symmetry == 0u || symmetry > IQLUT_SYMMETRY_MAX || (symmetry & (symmetry - 1u)) != 0u ||
        model->negative > 1u) {
        return 0;
    }
    const uint32_t n = IQLUT_ORBIT(model);
    for (uint32_t l = 0; l < model->layer_count; l++) {
        const iqlut_layer *const layer = &model->layers[l];
        const uint32_t in_groups = iqlut_is_last(model, l) == 0u ? layer->channels_out : channels;
        if (layer_is_legal(layer, channels) == 0u || in_groups % n != 0u ||
            (symmetry > 1u && layer->kernel == 2u) || taps_are_legal(model, l) == 0u) {
            return 0;
        }
        channels = layer->channels_out;
    }
    return channels == (uint32_t)model->scale * model->scale ? 1u : 0u;
}

void iqlut_measure(iqlut_stream *stream, const iqlut_model *model)
{
    stream->signal_bytes = 0;
    stream->channels = 1;
    stream->delay = 0;
    for (uint32_t l = 0; l < model->layer_count; l++) {
        const iqlut_layer *const layer = &model->layers[l];
        if (l > 0u) {
            stream->signal_bytes += (layer->kernel - 1u) * layer->channels_in;
        }
        stream->channels = IQLUT_MAX(stream->channels, (uint32_t)layer->channels_in);
        stream->delay += layer->kernel / 2u;
    }
}

uint32_t iqlut_memory_bytes(const iqlut_model *model, uint32_t width)
{
    iqlut_stream stream;
    if (iqlut_model_is_legal(model) == 0u || width == 0u || width > IQLUT_WIDTH_MAX) {
        return 0;
    }
    iqlut_measure(&stream, model);
    return IQLUT_BYTES(width, stream.signal_bytes, stream.delay, stream.channels,
                       (uint32_t)model->scale);
}
