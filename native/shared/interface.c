/* The version of the interface, and the limits of a model. */
#include "interface.h"

int32_t iqlut_abi_version(void) { return IQLUT_ABI_VERSION; }

int iqlut_fail(iqlut_problem *problem, iqlut_problem found) {
    if (problem) *problem = found;
    return found.code;
}

/* The code of a quantity that is not in least..most. */
static int check(iqlut_problem *problem, iqlut_problem quantity) {
    const int inside = quantity.least <= quantity.found && quantity.found <= quantity.most;
    return inside ? IQLUT_OK : iqlut_fail(problem, quantity);
}

static int check_layer(const iqlut_shape *s, int layer, iqlut_problem *problem) {
    const iqlut_problem quantities[] = {
        {IQLUT_BAD_CHANNELS_IN, layer, s->channels_in, 1, IQLUT_CHANNELS_MAX},
        {IQLUT_BAD_CHANNELS_OUT, layer, s->channels_out, 1, IQLUT_CHANNELS_MAX},
        {IQLUT_BAD_KERNEL, layer, s->kernel, 1, IQLUT_KERNEL_MAX},
        {IQLUT_BAD_LEVELS, layer, s->levels, IQLUT_LEVELS_MIN, IQLUT_LEVELS_MAX},
    };
    int code = IQLUT_OK;
    for (size_t n = 0; n < sizeof quantities / sizeof *quantities && !code; n++)
        code = check(problem, quantities[n]);
    return code;
}

int iqlut_check_limits(const iqlut_model_shape *model, iqlut_problem *problem) {
    int code = check(problem, (iqlut_problem){IQLUT_BAD_SCALE, -1, model->scale, IQLUT_SCALE_MIN,
                                              IQLUT_SCALE_MAX});
    if (!code)
        code = check(problem, (iqlut_problem){IQLUT_BAD_LAYER_COUNT, -1, model->layer_count, 1,
                                              IQLUT_LAYERS_MAX});
    int channels = 1;
    for (int n = 0; n < model->layer_count && !code; n++) {
        const char *at = (const char *)model->layers + (size_t)n * model->layer_bytes;
        const iqlut_shape *shape = (const iqlut_shape *)at;
        code = check_layer(shape, n, problem);
        if (!code)
            code = check(problem, (iqlut_problem){IQLUT_BAD_CHANNELS_IN, n, shape->channels_in,
                                                  channels, channels});
        channels = shape->channels_out;
    }
    if (code) return code;
    const int phases = model->scale * model->scale;
    return check(problem, (iqlut_problem){IQLUT_BAD_CHANNELS_OUT, model->layer_count - 1, channels,
                                          phases, phases});
}
