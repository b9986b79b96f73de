/* How the rows of a packed layer are laid out, grouped and bounded. */
#include "pack.h"

#define PARTIAL_MAX INT16_MAX
#define APART_CHANNELS_MAX 8  /* whose blends of one tap always fit int16 (docs/arithmetic.md) */
#define GROUP_CHANNELS_MAX 32 /* so that offsets in units of IQLUT_LINE fit uint16 */

/* The largest partial sum any signals can give: IQLUT_ONE * largest over the columns of taps and a
 * group. Sums of fewer of its blends, as there are on the way, are no larger. With `apart` the last
 * tap of the middle row is a sum of its own, of APART_CHANNELS_MAX channels at most: `largest` is
 * at most 127, and 8 * 32 * 127 = 32,512 fits. */
static int partial_bound(const centred *t, int group_channels, int apart) {
    const iqlut_layer *l = t->layer;
    int bound = 0;
    for (int first = 0; first < l->shape.channels_in; first += group_channels)
        for (int i = 0; i < l->shape.kernel; i++)
            for (int d = 0; d < l->shape.channels_out; d++) {
                int sum = 0;
                for (int c = first; c < first + group_channels && c < l->shape.channels_in; c++)
                    for (int j = 0; j < l->shape.kernel - (apart && i == 1); j++)
                        sum += IQLUT_ONE * t->largest[tap_index(l, c, i, j, d)];
                bound = sum > bound ? sum : bound;
            }
    return bound;
}

/* Where the lanes of tap (i, j) begin in a row. Each column of taps has vectors of its own, with
 * its rows one after another; where two of three tap rows fill a vector, the third rows share
 * vectors. */
static int shares_vectors(const iqlut_packed *p) {
    return p->kernel == 3 && p->vector_lanes == 2 * p->block;
}

int iqlut_tap_lane(const iqlut_packed *p, int i, int j) {
    if (shares_vectors(p)) return (i < 2 ? 2 * j + i : 6 + j) * p->block;
    return j * iqlut_round_up(p->kernel * p->block, p->vector_lanes) + i * p->block;
}

static int row_lanes(const iqlut_packed *p) {
    if (p->lines) return 3 * iqlut_round_up(p->block, p->vector_lanes);
    int taps = p->kernel * iqlut_round_up(p->kernel * p->block, p->vector_lanes);
    if (shares_vectors(p)) taps = 9 * p->block;
    return iqlut_round_up(taps, p->vector_lanes);
}

/* Splits the input channels into as few groups as keep every partial sum in int16. */
static void split_groups(iqlut_packed *p, const centred *t, const iqlut_isa *isa) {
    do {
        p->groups++;
        p->group_channels = (p->channels_in + p->groups - 1) / p->groups;
        const int fits = partial_bound(t, p->group_channels, 0) <= PARTIAL_MAX;
        p->apart = !fits && isa->sets_apart && p->kernel == IQLUT_KERNEL_MAX && !p->lines &&
                   p->group_channels <= APART_CHANNELS_MAX;
    } while (p->group_channels > GROUP_CHANNELS_MAX ||
             partial_bound(t, p->group_channels, p->apart) > PARTIAL_MAX);
    p->groups = (p->channels_in + p->group_channels - 1) / p->group_channels;
}

static void set_blocks(iqlut_packed *p, int vector_lanes, int block) {
    p->vector_lanes = vector_lanes;
    p->block = block;
    p->blocks = (p->channels_out + block - 1) / block;
}

/* Blocks of 8 outputs where they fill vectors as well as 16 would, and leave fewer lanes empty; or
 * where the sums of 16 would take more vectors than there are registers. */
static int best_block(const iqlut_packed *p, int vector_lanes) {
    const int over = p->channels_out % 16, halves = vector_lanes == 16 && over > 0 && over <= 8;
    return p->lanes < 16 || halves || vector_lanes < 8 ? 8 : 16;
}

static void set_bytes(iqlut_packed *p, int lane_bytes, int rows, int codes) {
    p->row_bytes = (size_t)(row_lanes(p) * lane_bytes);
    p->code_bytes = p->row_bytes * (size_t)rows;
    p->pass_bytes = p->code_bytes * (size_t)codes;
}

/* Passes of as many outputs as there is room for, if the layer is of lines. */
static int try_paired_lines(iqlut_packed *paired, const iqlut_layer *l, const iqlut_isa *isa) {
    iqlut_packed lines = *paired;
    if (!isa->compacts || iqlut_find_spatial(l).are_few || !iqlut_find_lines(&lines, l)) return 0;
    int block = iqlut_round_up(l->shape.channels_out, isa->paired_lanes);
    do {
        set_blocks(&lines, isa->paired_lanes, block);
        set_bytes(&lines, 4, l->shape.channels_in / 2, lines.codes * lines.codes);
    } while (lines.pass_bytes > (size_t)isa->paired_bytes && (block -= isa->paired_lanes));
    if (!block) return 0;
    *paired = lines;
    return 1;
}

/* Makes the layer a paired one if its channels are whole eights and all pairs of codes have
 * room. */
static int try_paired(iqlut_packed *p, const iqlut_layer *l, const iqlut_isa *isa) {
    const int c = p->channels_in;
    if (!isa->paired_lanes || c % 8 || p->codes > 127) return 0;
    iqlut_packed paired = *p;
    int block = best_block(p, isa->paired_lanes);
    paired.paired = paired.groups = 1, paired.group_channels = c, paired.partial_bytes = 4;
    if (try_paired_lines(&paired, l, isa)) {
        *p = paired;
        return 1;
    }
    do {
        set_blocks(&paired, isa->paired_lanes, block);
        set_bytes(&paired, 4, c / 2, p->codes * p->codes);
    } while (paired.pass_bytes > (size_t)isa->paired_bytes && (block -= 8));
    if (!(isa->compacts && iqlut_try_compact(&paired, l)) && !block) return 0;
    *p = paired;
    return 1;
}

static void describe(iqlut_packed *p, const iqlut_layer *l) {
    p->channels_in = l->shape.channels_in, p->channels_out = l->shape.channels_out;
    p->kernel = l->shape.kernel;
    p->before = iqlut_before(l->shape.kernel), p->after = iqlut_after(l->shape.kernel);
    p->acc_shift = l->acc_shift, p->shift = l->shift, p->codes = l->shape.levels - 1;
    p->lanes = 8;
    while (p->lanes < l->shape.channels_out) p->lanes *= 2;
}

int iqlut_packs_compact(const iqlut_layer *layer, const iqlut_isa *isa) {
    iqlut_packed packed = {0};
    describe(&packed, layer);
    return try_paired(&packed, layer, isa) && packed.compact.frames;
}

void iqlut_shape_packed(iqlut_packed *p, const iqlut_isa *isa, const centred *t) {
    const iqlut_layer *l = t->layer;
    describe(p, l);
    if (try_paired(p, l, isa)) return;
    const int has_lines = isa->has_lines && iqlut_find_lines(p, l);
    set_blocks(p, isa->vector_lanes, has_lines ? 16 : best_block(p, isa->vector_lanes));
    split_groups(p, t, isa);
    p->partial_bytes = 2;
    set_bytes(p, isa->row_form == IQLUT_ROW_WIDE ? 4 : 2, p->group_channels, p->codes);
}
