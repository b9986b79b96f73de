/* Packs a layer, or a part of it, for an instruction set: its rows and constants. */
#include <stdlib.h>
#include <string.h>

#include "pack.h"

static void centre(const centred *t) {
    const iqlut_layer *l = t->layer;
    const size_t taps = tap_index(l, 1, 0, 0, 0);
    for (int c = 0; c < l->shape.channels_in; c++) {
        const int8_t *entries = l->lut + (size_t)(c * l->shape.levels) * taps;
        int8_t *least = t->taken + (size_t)c * taps, *most = t->largest + (size_t)c * taps;
        memcpy(least, entries, taps);
        memcpy(most, entries, taps);
        for (int level = 1; level < l->shape.levels; level++) {
            entries += taps;
            for (size_t at = 0; at < taps; at++) {
                least[at] = entries[at] < least[at] ? entries[at] : least[at];
                most[at] = entries[at] > most[at] ? entries[at] : most[at];
            }
        }
        for (size_t at = 0; at < taps; at++) {
            const int middle = (least[at] + most[at]) >> 1;
            least[at] = (int8_t)middle, most[at] = (int8_t)(most[at] - middle);
        }
    }
}

/* The row of a channel, at its code, of a pair of channels or of one. */
static size_t row_at(const iqlut_packed *p, int c) {
    const iqlut_compact *form = &p->compact;
    if (!p->paired) return (size_t)(c % p->group_channels) * p->row_bytes;
    const int row = form->frames ? c / 2 / form->frames : c / 2;
    const int full = form->frames && row > form->full_rows ? form->full_rows : row;
    return (size_t)full * p->row_bytes + (size_t)((row - full) * form->centre_vectors) * IQLUT_LINE;
}

/* The lane of a row for a tap of a channel and an output of a block; less than 0 if no row holds
 * it. */
static int lane_of(const iqlut_packed *p, int c, int tap, int block, int output) {
    const iqlut_compact *form = &p->compact;
    if (p->lines) return iqlut_line_lane(p, tap, block, output);
    if (!form->frames) return iqlut_tap_lane(p, tap / p->kernel, tap % p->kernel) + output;
    const int has_all_taps = c / 2 / form->frames < form->full_rows && output < form->block;
    if (c / 2 / form->frames >= form->full_rows && tap == 4) return output;
    return has_all_taps || tap == 4 ? iqlut_compact_lane(form->block, tap, output) : -1;
}

/* Writes an entry and the one above it to a lane of a row. */
static void put(uint8_t *row, int row_form, int vector_lanes, int lane, int below, int above) {
    const size_t at = (size_t)(lane / vector_lanes * 2 * vector_lanes + lane % vector_lanes);
    if (row_form == IQLUT_ROW_SPLIT) {
        row[at] = (uint8_t)below, row[at + (size_t)vector_lanes] = (uint8_t)above;
    } else if (row_form == IQLUT_ROW_WIDE) {
        int16_t *const wide = (int16_t *)row + at;
        wide[0] = (int16_t)(IQLUT_ONE * below), wide[vector_lanes] = (int16_t)(above - below);
    } else {
        row[2 * lane] = (uint8_t)below, row[2 * lane + 1] = (uint8_t)above;
    }
}

/* Where the rows of a channel are: that of its first code, and bytes from one code to the next. */
typedef struct {
    uint8_t *first;
    size_t code_bytes;
    int form;
} channel_rows;

/* The rows of one channel for a block of outputs. */
static void pack_channel(const iqlut_packed *p, const centred *t, int c, int block,
                         channel_rows rows) {
    const iqlut_layer *l = t->layer;
    const int first = block * p->block, end = first + p->block, taps = p->kernel * p->kernel;
    for (int tap = 0; tap < taps; tap++)
        for (int d = first; d < end && d < p->channels_out; d++) {
            const int taken = t->taken[tap_index(l, c, 0, tap, d)];
            const int lane = lane_of(p, c, tap, block, d - first);
            for (int code = 0; lane >= 0 && code < p->codes; code++)
                put(rows.first + (size_t)code * rows.code_bytes, rows.form, p->vector_lanes, lane,
                    iqlut_entry_at(l, c, code, tap, d) - taken,
                    iqlut_entry_at(l, c, code + 1, tap, d) - taken);
        }
}

/* The rows of every two codes of the channels c and c + 1: the bytes of both in turn. `alone` has
 * room for the rows of each channel alone. */
static void pack_pair(const iqlut_packed *p, const centred *t, int c, int block, uint16_t *alone) {
    const int is_full = !p->compact.frames || c / 2 / p->compact.frames < p->compact.full_rows;
    const size_t bytes = is_full ? p->row_bytes : (size_t)p->compact.centre_vectors * IQLUT_LINE;
    const size_t lanes = bytes / 4, codes = (size_t)p->codes;
    uint8_t *const rows = p->rows + (size_t)block * p->pass_bytes + row_at(p, c);
    memset(alone, 0, codes * bytes);
    for (size_t member = 0; member < 2; member++) {
        uint8_t *const first = (uint8_t *)(alone + member * codes * lanes);
        pack_channel(p, t, c + (int)member, block,
                     (channel_rows){first, bytes / 2, IQLUT_ROW_PAIRS});
    }
    for (size_t joint = 0; joint < codes * codes; joint++) {
        const uint16_t *const even = alone + joint / codes * lanes;
        const uint16_t *const odd = alone + (codes + joint % codes) * lanes;
        uint16_t *const row = (uint16_t *)(rows + joint * p->code_bytes);
        for (size_t lane = 0; lane < lanes; lane++)
            row[2 * lane] = even[lane], row[2 * lane + 1] = odd[lane];
    }
}

static int pack_rows(iqlut_packed *p, const centred *t, const iqlut_isa *isa) {
    uint16_t *alone = p->paired ? malloc((size_t)p->codes * p->row_bytes) : NULL;
    if (p->paired && !alone) return IQLUT_NO_MEMORY;
    const int frames = p->compact.frames;
    for (int block = 0; block < p->blocks; block++)
        for (int c = 0; c < p->channels_in; c++) {
            const size_t pass = (size_t)(c / p->group_channels * p->blocks + block);
            uint8_t *const first = p->rows + pass * p->pass_bytes + row_at(p, c);
            if (!p->paired)
                pack_channel(p, t, c, block, (channel_rows){first, p->code_bytes, isa->row_form});
            else if (c % 2 == 0 && !(frames && c / 2 % frames)) /* frame 0 serves the others */
                pack_pair(p, t, c, block, alone);
        }
    free(alone);
    return IQLUT_OK;
}

static void pack_curve(iqlut_packed *p, const iqlut_layer *l, const iqlut_isa *isa) {
    memcpy(p->curve, l->curve, sizeof p->curve);
    for (int signal = 0; signal < IQLUT_SIGNALS; signal++) {
        const uint32_t code = l->curve[signal], fraction = l->curve[IQLUT_SIGNALS + signal];
        const uint32_t rest = IQLUT_ONE - fraction;
        p->key_of_signal[signal].offset = (uint32_t)(code * p->code_bytes);
        /* Bytes in memory: rest, fraction, rest, fraction. */
        const uint8_t pair[2] = {(uint8_t)rest, (uint8_t)fraction};
        const uint8_t bytes[4] = {pair[0], pair[1], pair[0], pair[1]};
        memcpy(&p->key_of_signal[signal].weights, bytes, 4);
        if (isa->row_form == IQLUT_ROW_WIDE) p->key_of_signal[signal].weights = fraction;
    }
}

static void pack_constants(iqlut_packed *p, const centred *t) {
    const iqlut_layer *l = t->layer;
    for (int lane = 0; lane < IQLUT_PERIOD; lane++) {
        const int d = lane % p->lanes;
        if (d >= l->shape.channels_out) continue;
        int taken = 0;
        for (int c = 0; c < l->shape.channels_in; c++)
            for (int i = 0; i < l->shape.kernel; i++)
                for (int j = 0; j < l->shape.kernel; j++)
                    taken += t->taken[tap_index(l, c, i, j, d)];
        p->sum_offset[lane] = taken * (1 << IQLUT_FRACTION_BITS) + ((1 << l->acc_shift) >> 1);
        p->gain_skip[lane][0] = l->gain[d];
        p->gain_skip[lane][1] = l->skip[d];
        p->bias[lane] = l->bias[d];
        p->skips |= l->skip[d] != 0;
    }
}

int iqlut_pack_part(iqlut_packed *packed, const iqlut_layer *layer, const iqlut_isa *isa) {
    const size_t taps = tap_index(layer, layer->shape.channels_in, 0, 0, 0);
    int8_t *both = malloc(2 * taps);
    if (!both) return IQLUT_NO_MEMORY;
    const centred table = {layer, both, both + taps};
    centre(&table);
    iqlut_shape_packed(packed, isa, &table);
    const size_t walks = (size_t)(packed->groups * packed->blocks);
    packed->rows = iqlut_allocate_zeroed(packed->pass_bytes * walks);
    const int code = packed->rows ? pack_rows(packed, &table, isa) : IQLUT_NO_MEMORY;
    if (!code) {
        pack_curve(packed, layer, isa);
        pack_constants(packed, &table);
    }
    free(both);
    return code;
}

int iqlut_pack(iqlut_packed *packed, const iqlut_layer *layer, const iqlut_isa *isa) {
    const iqlut_spatial spatial = iqlut_find_spatial(layer);
    if (spatial.are_few && !iqlut_packs_compact(layer, isa))
        return iqlut_pack_parts(packed, layer, isa, &spatial);
    return iqlut_pack_part(packed, layer, isa);
}

void iqlut_free_packed(iqlut_packed *packed) {
    iqlut_release(packed->rows);
    if (packed->spatial) iqlut_release(packed->spatial->rows);
    iqlut_release(packed->spatial);
}
