/* Finds the compact form (isa.h) of a layer by its table: taps off the centre between few channels
 * only, or the table of a symmetric model (src/iqlut/tables/symmetry.py).
 *
 * The input channels of the latter come in orbits of eight, or of four without flips, whose members
 * 2f and 2f + 1 are each other's rotation by 180 degrees. The tables of this pair, the frame f, are
 * those of the members 0 and 1 with taps and outputs in another order. The order is the same for
 * all orbits and levels. With the negative, an orbit has twice as many members and frames. The
 * tables of the second half are those of the first, with the halves of each orbit of outputs
 * exchanged.
 */
#include "plan.h"

#define COMPACT_BYTES_MAX 131072 /* of all rows of a pass */
#define COMPACT_BYTES_FEW 98304  /* half of the rows, in twice the frames, would not be faster */
#define PAIRED_BYTES_FEW 65536   /* not many more than the L1 cache holds */

#define TAPS 9

/* Where the taps and the outputs of each frame come from. */
typedef struct {
    int tap_orders, frames;
    int are_phases; /* whether the outputs are the phases of the last layer, not orbits */
    uint8_t tap[IQLUT_FRAMES_MAX][TAPS], output[IQLUT_FRAMES_MAX][IQLUT_CHANNELS_MAX];
} frame_orders;

/* The transformation of planes.flips_rotations that belongs to each member of an orbit. */
static const int number_of[2 * IQLUT_FLIPS_ROTATIONS] = {0, 3, 5, 6, 1, 2, 4, 7};

/* Where a place of a transformed square comes from (flips_rotations.flip_rotate). */
static int source(int number, int side, int place) {
    const int first = place / side, second = place % side;
    int row = number & 4 ? second : first, column = number & 4 ? first : second;
    if (number & 2) row = side - 1 - row;
    if (number & 1) column = side - 1 - column;
    return row * side + column;
}

/* Where a tap of a member of an orbit comes from. */
static int tap_source(int member, int tap) { return source(number_of[member], 3, tap); }

/* The member whose transformation after that of a frame is the one of `member`. */
static int member_source(int tap_orders, int frame, int member) {
    const int half = 2 * tap_orders; /* of an orbit with the negative, or all of one without */
    const int negative = (member / half) ^ (frame / tap_orders), first = 2 * (frame % tap_orders);
    int other = 0, tap = 0;
    while (tap < TAPS) {
        if (tap_source(other, tap_source(first, tap)) == tap_source(member % half, tap)) tap++;
        else other++, tap = 0;
    }
    return negative * half + other;
}

static int root_of(int square) {
    int side = IQLUT_SCALE_MIN;
    while (side * side < square) side++;
    return side;
}

static void set_orders(frame_orders *orders, int outputs) {
    const int orbit = 2 * orders->frames;
    for (int f = 0; f < orders->frames; f++) {
        const int first = 2 * (f % orders->tap_orders);
        for (int tap = 0; tap < TAPS; tap++) orders->tap[f][tap] = (uint8_t)tap_source(first, tap);
        for (int d = 0; d < outputs; d++) {
            const int member = member_source(orders->tap_orders, f, d % orbit);
            orders->output[f][d] =
                (uint8_t)(orders->are_phases ? source(number_of[first], root_of(outputs), d)
                                             : d / orbit * orbit + member);
        }
    }
}

static int has_orders(const iqlut_layer *l, const frame_orders *orders) {
    const int orbit = 2 * orders->frames;
    for (int c = 0; c < l->shape.channels_in; c++) {
        const int f = c % orbit / 2, stored = c / orbit * orbit + c % 2;
        for (int level = 0; f && level < l->shape.levels; level++)
            for (int tap = 0; tap < TAPS; tap++)
                for (int d = 0; d < l->shape.channels_out; d++)
                    if (iqlut_entry_at(l, c, level, tap, d) !=
                        iqlut_entry_at(l, stored, level, orders->tap[f][tap], orders->output[f][d]))
                        return 0;
    }
    return 1;
}

/* The upsampler has no frames of the negative, with which its entries change their sign. */
static int find_orders(const iqlut_layer *l, int tap_orders, int frames, frame_orders *orders) {
    const int inputs = l->shape.channels_in, outputs = l->shape.channels_out;
    const int orbit = 2 * frames, root = root_of(outputs);
    if (inputs % orbit) return 0;
    for (int phases = 0; phases < (frames > tap_orders ? 1 : 2); phases++) {
        if (phases ? root * root != outputs : outputs % orbit) continue;
        *orders = (frame_orders){.tap_orders = tap_orders, .frames = frames, .are_phases = phases};
        set_orders(orders, outputs);
        if (has_orders(l, orders)) return 1;
    }
    return 0;
}

/* The output whose place in a frame is the one of `output` in the frame before. */
static int output_in_frame(const frame_orders *orders, int frame, int output) {
    int d = 0;
    while (orders->output[frame - 1][d] != output) d++;
    return orders->output[frame][d];
}

static void set_lanes(iqlut_packed *p, const frame_orders *orders) {
    const int width = orders->are_phases ? p->compact.block : 2 * orders->frames;
    for (int f = 1; f < orders->frames; f++)
        for (int lane = 0; lane < 16; lane++) {
            const int within = lane % width, used = within < p->channels_out;
            const int from = lane - within + (used ? output_in_frame(orders, f, within) : within);
            p->frame_lanes[f][0][lane] = from;
            p->frame_lanes[f][1][lane] = from ^ 8;
        }
}

/* Passes of `outputs`, of which `block` have all taps. Whether their rows have room. */
static int set_form(iqlut_packed *p, const frame_orders *orders, int block, int outputs,
                    int spatial_inputs) {
    const int pairs = 2 * orders->frames; /* channels of which a row is kept */
    const iqlut_compact form = {.tap_orders = orders->tap_orders,
                                .frames = orders->frames,
                                .block = block,
                                .centre_vectors = (outputs + 15) / 16,
                                .full_rows = (spatial_inputs + pairs - 1) / pairs,
                                .rows = p->channels_in / pairs};
    const int vectors =
        form.full_rows * iqlut_outer_vectors(block) + form.rows * form.centre_vectors;
    p->compact = form;
    p->block = outputs, p->blocks = (p->channels_out + outputs - 1) / outputs;
    p->row_bytes = (size_t)(iqlut_outer_vectors(block) + form.centre_vectors) * IQLUT_LINE;
    p->code_bytes = (size_t)vectors * IQLUT_LINE;
    p->pass_bytes = p->code_bytes * (size_t)(p->codes * p->codes);
    return form.centre_vectors <= 2 && p->pass_bytes <= COMPACT_BYTES_MAX;
}

/* One pass, where only few outputs have all taps. The outputs of an orbit lie in one block. */
static int set_partial(iqlut_packed *p, const frame_orders *orders, const iqlut_spatial *spatial) {
    const int outputs = p->channels_out > 8 ? (p->channels_out + 15) / 16 * 16 : 8;
    const int block = spatial->outputs > 8 || 2 * orders->frames > 8 ? 16 : 8;
    return spatial->outputs <= 16 && set_form(p, orders, block, outputs, spatial->inputs);
}

/* Passes of the largest block that divides the outputs, if they are orbits, or holds all phases. */
static int set_whole(iqlut_packed *p, const frame_orders *orders) {
    const int c = p->channels_in, d = p->channels_out, orbit = 2 * orders->frames;
    if (orders->are_phases) return set_form(p, orders, d > 8 ? 16 : 8, d > 8 ? 16 : 8, c);
    for (int block = orbit > 8 ? 16 : 24; block >= (orbit > 8 ? orbit : 8); block -= 8)
        if (d % block == 0 && set_form(p, orders, block, block, c)) return 1;
    return 0;
}

/* The form of a symmetric layer with this many frames. */
static int try_frames(iqlut_packed *packed, const iqlut_layer *layer, int tap_orders, int frames) {
    iqlut_packed compact = *packed;
    const iqlut_spatial spatial = iqlut_find_spatial(layer);
    frame_orders orders;
    if (!find_orders(layer, tap_orders, frames, &orders)) return 0;
    if (!(spatial.are_few && set_partial(&compact, &orders, &spatial)) &&
        !set_whole(&compact, &orders))
        return 0;
    set_lanes(&compact, &orders);
    *packed = compact;
    return 1;
}

int iqlut_try_compact(iqlut_packed *packed, const iqlut_layer *layer) {
    const frame_orders no_frames = {.tap_orders = 1, .frames = 1};
    iqlut_packed compact = *packed;
    const iqlut_spatial spatial = iqlut_find_spatial(layer);
    if (layer->shape.kernel != 3) return 0;
    if (spatial.are_few && set_partial(&compact, &no_frames, &spatial)) {
        *packed = compact;
        return 1;
    }
    if (packed->pass_bytes <= PAIRED_BYTES_FEW) return 0;
    const int all = IQLUT_FLIPS_ROTATIONS, has_four = try_frames(packed, layer, all, all);
    if (has_four && packed->block > 8 && packed->pass_bytes <= COMPACT_BYTES_FEW) return 1;
    if (try_frames(packed, layer, all, 2 * all) || has_four) return 1;
    return try_frames(packed, layer, IQLUT_ROTATIONS, 2 * IQLUT_ROTATIONS) ||
           try_frames(packed, layer, IQLUT_ROTATIONS, IQLUT_ROTATIONS);
}
