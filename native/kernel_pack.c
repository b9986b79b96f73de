/* Packs a layer for an instruction set: how its rows are laid out, split into groups and bounded. */
#include <stdlib.h>
#include <string.h>

#include "kernel.h"

#define FRACTION_BITS 5 /* arithmetic.FRACTION_BITS */
#define PARTIAL_MAX 32767
#define PAIRED_BYTES_MAX 196608 /* of all rows of a block, whose most used stay in the second cache */
#define APART_CHANNELS_MAX 8    /* whose blends of one tap always fit int16 (docs/arithmetic.md) */
#define GROUP_CHANNELS_MAX 32   /* so that offsets in units of ALIGNMENT fit uint16 */

/* The table of a layer moved so that the least and the largest entry of each (channel, tap, output)
 * lie around 0. Every tap reads some pixel, so `taken` from an entry adds ONE * taken to all accumulators. */
typedef struct {
    const iqlut_layer *layer;
    int8_t *taken, *largest; /* [channel][tap row][tap column][output]; the largest |entry - taken| */
} centred;

static int round_up(int value, int step) { return (value + step - 1) / step * step; }

static size_t tap_index(const iqlut_layer *l, int c, int i, int j, int d) {
    return ((size_t)(c * l->kernel + i) * l->kernel + j) * l->channels_out + d;
}

static int entry(const iqlut_layer *l, int c, int level, int i, int j, int d) {
    return l->lut[(((size_t)(c * l->levels + level) * l->kernel + i) * l->kernel + j) * l->channels_out + d];
}

static void centre(const centred *t) {
    const iqlut_layer *l = t->layer;
    for (int c = 0; c < l->channels_in; c++)
        for (int i = 0; i < l->kernel; i++)
            for (int j = 0; j < l->kernel; j++)
                for (int d = 0; d < l->channels_out; d++) {
                    int least = 127, most = -127;
                    for (int level = 0; level < l->levels; level++) {
                        const int e = entry(l, c, level, i, j, d);
                        least = e < least ? e : least;
                        most = e > most ? e : most;
                    }
                    const int middle = (least + most) >> 1;
                    t->taken[tap_index(l, c, i, j, d)] = (int8_t)middle;
                    t->largest[tap_index(l, c, i, j, d)] = (int8_t)(most - middle);
                }
}

/* The largest partial sum any signals can give: ONE * largest over the columns of taps and a group. Sums of fewer of
 * its blends, as there are on the way, are no larger. With `apart` the last tap of the middle row is a sum of its own,
 * of APART_CHANNELS_MAX channels at most: `largest` is at most 127, and 8 * 32 * 127 = 32,512 fits. */
static int partial_bound(const centred *t, int group_channels, int apart) {
    const iqlut_layer *l = t->layer;
    int bound = 0;
    for (int first = 0; first < l->channels_in; first += group_channels)
        for (int i = 0; i < l->kernel; i++)
            for (int d = 0; d < l->channels_out; d++) {
                int sum = 0;
                for (int c = first; c < first + group_channels && c < l->channels_in; c++)
                    for (int j = 0; j < l->kernel - (apart && i == 1); j++)
                        sum += ONE * t->largest[tap_index(l, c, i, j, d)];
                bound = sum > bound ? sum : bound;
            }
    return bound;
}

/* Where the lanes of tap (i, j) begin in a row. Each column of taps has vectors of its own, with
 * its rows one after another; where two of three tap rows fill a vector, the third rows share vectors. */
static int shares_vectors(const iqlut_packed *p) { return p->kernel == 3 && p->vector_lanes == 2 * p->block; }

static int tap_lane(const iqlut_packed *p, int i, int j) {
    if (shares_vectors(p)) return (i < 2 ? 2 * j + i : 6 + j) * p->block;
    return j * round_up(p->kernel * p->block, p->vector_lanes) + i * p->block;
}

static int row_lanes(const iqlut_packed *p) {
    const int taps = shares_vectors(p) ? 9 * p->block : p->kernel * round_up(p->kernel * p->block, p->vector_lanes);
    return round_up(taps, p->vector_lanes);
}

/* Writes an entry and the one above it, of channel `c` at `code`, to every row that has them. */
static void put(const iqlut_packed *p, const iqlut_isa *isa, uint8_t *rows, int c, int code, int lane, int below,
                int above) {
    const int n = p->group_channels, vector = lane / p->vector_lanes, within = lane % p->vector_lanes;
    uint8_t *row = rows + (size_t)(code * n + c % n) * p->row_bytes;
    if (p->paired) {
        for (int other = 0; other < p->codes; other++) {
            const int joint = c % 2 ? other * p->codes + code : code * p->codes + other;
            row = rows + (size_t)(joint * n / 2 + c / 2) * p->row_bytes + 4 * lane + 2 * (c % 2);
            row[0] = (uint8_t)below, row[1] = (uint8_t)above;
        }
    } else if (isa->row_form == ROW_SPLIT) {
        uint8_t *at = row + (size_t)vector * 2 * p->vector_lanes + within;
        at[0] = (uint8_t)below, at[p->vector_lanes] = (uint8_t)above;
    } else if (isa->row_form == ROW_WIDE) {
        int16_t *at = (int16_t *)row + (size_t)vector * 2 * p->vector_lanes + within;
        at[0] = (int16_t)(ONE * below), at[p->vector_lanes] = (int16_t)(above - below);
    } else {
        row[2 * lane] = (uint8_t)below, row[2 * lane + 1] = (uint8_t)above;
    }
}

static void pack_rows(iqlut_packed *p, const centred *t, const iqlut_isa *isa) {
    const iqlut_layer *l = t->layer;
    for (int c = 0; c < l->channels_in; c++)
        for (int i = 0; i < l->kernel; i++)
            for (int j = 0; j < l->kernel; j++)
                for (int d = 0; d < l->channels_out; d++) {
                    const int taken = t->taken[tap_index(l, c, i, j, d)], lane = tap_lane(p, i, j) + d % p->block;
                    uint8_t *rows =
                        p->rows + (size_t)(c / p->group_channels * p->blocks + d / p->block) * p->pass_bytes;
                    for (int code = 0; code < p->codes; code++)
                        put(p, isa, rows, c, code, lane, entry(l, c, code, i, j, d) - taken,
                            entry(l, c, code + 1, i, j, d) - taken);
                }
}

static void pack_curve(iqlut_packed *p, const iqlut_layer *l, const iqlut_isa *isa) {
    memcpy(p->curve, l->curve, sizeof p->curve);
    for (int signal = 0; signal < 256; signal++) {
        const uint32_t code = l->curve[signal], fraction = l->curve[256 + signal], rest = ONE - fraction;
        p->entries[signal].offset = (uint32_t)(code * p->group_channels * p->row_bytes);
        /* Bytes in memory: rest, fraction, rest, fraction. */
        const uint8_t bytes[4] = {(uint8_t)rest, (uint8_t)fraction, (uint8_t)rest, (uint8_t)fraction};
        memcpy(&p->entries[signal].weights, bytes, 4);
        if (isa->row_form == ROW_WIDE) p->entries[signal].weights = fraction;
    }
}

static void pack_constants(iqlut_packed *p, const centred *t) {
    const iqlut_layer *l = t->layer;
    for (int lane = 0; lane < PERIOD; lane++) {
        const int d = lane % p->lanes;
        if (d >= l->channels_out) continue;
        int taken = 0;
        for (int c = 0; c < l->channels_in; c++)
            for (int i = 0; i < l->kernel; i++)
                for (int j = 0; j < l->kernel; j++) taken += t->taken[tap_index(l, c, i, j, d)];
        p->centre[lane] = taken * (1 << FRACTION_BITS) + ((1 << l->acc_shift) >> 1);
        p->gain_skip[lane][0] = l->gain[d];
        p->gain_skip[lane][1] = l->skip[d];
        p->bias[lane] = l->bias[d];
        p->skips |= l->skip[d] != 0;
    }
}

/* Splits the input channels into as few groups as keep every partial sum in int16. */
static void split_groups(iqlut_packed *p, const centred *t, const iqlut_isa *isa) {
    do {
        p->groups++;
        p->group_channels = (p->channels_in + p->groups - 1) / p->groups;
        const int fits = partial_bound(t, p->group_channels, 0) <= PARTIAL_MAX;
        p->apart = !fits && isa->sets_apart && p->kernel == KERNEL_MAX && p->group_channels <= APART_CHANNELS_MAX;
    } while (p->group_channels > GROUP_CHANNELS_MAX || partial_bound(t, p->group_channels, p->apart) > PARTIAL_MAX);
    p->groups = (p->channels_in + p->group_channels - 1) / p->group_channels;
}

static void set_blocks(iqlut_packed *p, int vector_lanes, int block) {
    p->vector_lanes = vector_lanes;
    p->block = block;
    p->blocks = (p->channels_out + block - 1) / block;
}

/* Blocks of 8 outputs where they fill vectors as well as 16 would, and leave fewer lanes empty. */
static int best_block(const iqlut_packed *p, int vector_lanes) {
    const int over = p->channels_out % 16, halves = vector_lanes == 16 && over > 0 && over <= 8;
    return p->lanes < 16 || halves ? 8 : 16;
}

/* Makes the layer a paired one if its channels are whole eights and all pairs of codes have room. */
static int try_paired(iqlut_packed *p, const iqlut_isa *isa) {
    const int c = p->channels_in;
    if (!isa->paired_lanes || c % 8 || p->codes > 127) return 0;
    iqlut_packed paired = *p;
    int block = best_block(p, isa->paired_lanes);
    do {
        set_blocks(&paired, isa->paired_lanes, block);
        paired.row_bytes = (size_t)row_lanes(&paired) * 4;
        paired.pass_bytes = paired.row_bytes * (size_t)(p->codes * p->codes * (c / 2));
    } while (paired.pass_bytes > PAIRED_BYTES_MAX && (block -= 8));
    if (!block) return 0;
    *p = paired;
    p->paired = p->groups = 1, p->group_channels = c, p->partial_bytes = 4;
    return 1;
}

static void shape(iqlut_packed *p, const iqlut_layer *l, const iqlut_isa *isa, const centred *t) {
    p->channels_in = l->channels_in, p->channels_out = l->channels_out, p->kernel = l->kernel;
    p->before = (l->kernel - 1) / 2, p->after = l->kernel / 2; /* arithmetic.footprint */
    p->acc_shift = l->acc_shift, p->shift = l->shift, p->codes = l->levels - 1;
    p->lanes = 8;
    while (p->lanes < l->channels_out) p->lanes *= 2;
    if (try_paired(p, isa)) return;
    set_blocks(p, isa->vector_lanes, best_block(p, isa->vector_lanes));
    split_groups(p, t, isa);
    p->partial_bytes = 2;
    p->row_bytes = (size_t)row_lanes(p) * (isa->row_form == ROW_WIDE ? 4 : 2);
    p->pass_bytes = p->row_bytes * (size_t)(p->codes * p->group_channels);
}

int iqlut_pack(iqlut_packed *packed, const iqlut_layer *layer, const iqlut_isa *isa) {
    const size_t taps = tap_index(layer, layer->channels_in, 0, 0, 0);
    int8_t *both = malloc(2 * taps);
    if (!both) return -1;
    const centred table = {layer, both, both + taps};
    centre(&table);
    shape(packed, layer, isa, &table);
    packed->rows = iqlut_allocate(packed->pass_bytes * (size_t)(packed->groups * packed->blocks));
    if (packed->rows) {
        pack_rows(packed, &table, isa);
        pack_curve(packed, layer, isa);
        pack_constants(packed, &table);
    }
    free(both);
    return packed->rows ? 0 : -1;
}
