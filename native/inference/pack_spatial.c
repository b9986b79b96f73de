/* Packs a layer that has taps off the centre between few channels only as two parts: a layer of the
 * taps between those, and one of the tap at the centre between all others. */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* The last inputs come first, because those of a layer with all its taps decide at once. */
iqlut_spatial iqlut_find_spatial(const iqlut_layer *l) {
    const iqlut_shape *s = &l->shape;
    iqlut_spatial found = {0};
    if (s->kernel != IQLUT_KERNEL_MAX) return found;
    for (int c = s->channels_in; c-- && found.outputs < s->channels_out;)
        for (int level = 0; level < s->levels; level++)
            for (int tap = 0; tap < s->kernel * s->kernel; tap++)
                for (int d = 0; d < s->channels_out && tap != s->kernel * s->kernel / 2; d++)
                    if (iqlut_entry_at(l, c, level, tap, d)) {
                        found.inputs = c + 1 > found.inputs ? c + 1 : found.inputs;
                        found.outputs = d + 1 > found.outputs ? d + 1 : found.outputs;
                    }
    found.are_few =
        found.inputs && (found.inputs < s->channels_in || found.outputs < s->channels_out);
    return found;
}

/* A layer of the first inputs and outputs of `l` with the taps of `kernel` at its centre, without
 * those between the first `less_in` inputs and `less_out` outputs; `lut` has room for it. */
static iqlut_layer part_of(const iqlut_layer *l, iqlut_shape shape, int less_in, int less_out,
                           int8_t *lut) {
    const int first = (l->shape.kernel - shape.kernel) / 2;
    iqlut_layer part = *l;
    part.shape = shape, part.lut = lut;
    for (int c = 0; c < shape.channels_in; c++)
        for (int level = 0; level < shape.levels; level++)
            for (int tap = 0; tap < shape.kernel * shape.kernel; tap++)
                for (int d = 0; d < shape.channels_out; d++) {
                    const int row = first + tap / shape.kernel, column = first + tap % shape.kernel;
                    const int left_out = c < less_in && d < less_out;
                    *lut++ = (int8_t)(left_out ? 0
                                               : iqlut_entry_at(l, c, level,
                                                                row * l->shape.kernel + column, d));
                }
    return part;
}

/* The two parts of a layer, `lut` being room for their entries. */
static int pack_both(iqlut_packed *packed, const iqlut_layer *l, const iqlut_isa *isa,
                     const iqlut_shape *few, int8_t *lut) {
    const iqlut_shape *s = &l->shape;
    const iqlut_shape centre_only = {s->channels_in, s->channels_out, 1, s->levels};
    const size_t few_entries = (size_t)(few->channels_in * s->levels * 9 * few->channels_out);
    const iqlut_layer near = part_of(l, *few, 0, 0, lut);
    const iqlut_layer centre =
        part_of(l, centre_only, few->channels_in, few->channels_out, lut + few_entries);
    packed->spatial = iqlut_allocate_zeroed(sizeof *packed->spatial);
    if (!packed->spatial) return IQLUT_NO_MEMORY;
    const int code = iqlut_pack_part(packed->spatial, &near, isa);
    return code ? code : iqlut_pack_part(packed, &centre, isa);
}

/* Makes one layer of two packed parts. */
static void join_parts(iqlut_packed *packed, const iqlut_layer *l) {
    iqlut_packed *spatial = packed->spatial;
    const int half = (1 << l->acc_shift) >> 1; /* of which each part has one */
    for (int lane = 0; lane < IQLUT_PERIOD; lane++) {
        const int d = lane % packed->lanes;
        if (d < spatial->channels_out) packed->sum_offset[lane] += spatial->sum_offset[d] - half;
    }
    packed->before = spatial->before, packed->after = spatial->after;
    spatial->lanes = packed->lanes;
}

/* Sums of paired parts have another type, so both are paired or none. */
int iqlut_pack_parts(iqlut_packed *packed, const iqlut_layer *l, const iqlut_isa *isa,
                     const iqlut_spatial *spatial) {
    const iqlut_shape *s = &l->shape;
    const iqlut_shape few = {spatial->inputs, spatial->outputs, IQLUT_KERNEL_MAX, s->levels};
    int8_t *lut = malloc((size_t)(s->channels_in * s->levels * s->channels_out) * 10);
    int code = lut ? pack_both(packed, l, isa, &few, lut) : IQLUT_NO_MEMORY;
    if (!code && packed->paired != packed->spatial->paired) {
        iqlut_isa unpaired = *isa;
        unpaired.paired_lanes = 0;
        iqlut_free_packed(packed);
        memset(packed, 0, sizeof *packed);
        code = pack_both(packed, l, &unpaired, &few, lut);
    }
    if (!code) join_parts(packed, l);
    free(lut);
    return code;
}
