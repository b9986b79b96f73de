/* Recognises a layer of a symmetric model (src/iqlut/tables/symmetry.py) by its table.
 *
 * Its input channels come in orbits of eight, whose members 2f and 2f + 1 are each other's rotation
 * by 180 degrees. The tables of this pair, the frame f, are those of the members 0 and 1 with taps
 * and outputs in another order. The order is the same for all orbits and levels.
 */
#include "plan.h"

#define ORBIT IQLUT_ORBIT
#define TAPS 9

/* Where the taps and the outputs of each frame come from. */
typedef struct {
    int are_phases; /* whether the outputs are the phases of the last layer, not orbits */
    uint8_t tap[IQLUT_FRAMES][TAPS], output[IQLUT_FRAMES][IQLUT_CHANNELS_MAX];
} frame_orders;

/* The transformation of planes.flips_rotations that belongs to each member of an orbit. */
static const int number_of[ORBIT] = {0, 3, 5, 6, 1, 2, 4, 7};

/* Where a place of a transformed square comes from (flips_rotations.flip_rotate). */
static int source(int number, int side, int place) {
    const int first = place / side, second = place % side;
    int row = number & 4 ? second : first, column = number & 4 ? first : second;
    if (number & 2) row = side - 1 - row;
    if (number & 1) column = side - 1 - column;
    return row * side + column;
}

static int tap_source(int member, int tap) { return source(number_of[member], 3, tap); }

/* The member whose transformation after that of a frame is the one of `member`. */
static int member_source(int frame, int member) {
    for (int other = 0; other < ORBIT; other++) {
        int tap = 0;
        while (tap < 9 && tap_source(other, tap_source(2 * frame, tap)) == tap_source(member, tap))
            tap++;
        if (tap == 9) return other;
    }
    return 0;
}

static int root_of(int square) {
    int side = IQLUT_SCALE_MIN;
    while (side * side < square) side++;
    return side;
}

static void set_orders(frame_orders *orders, int outputs) {
    for (int f = 0; f < IQLUT_FRAMES; f++) {
        for (int tap = 0; tap < TAPS; tap++) orders->tap[f][tap] = (uint8_t)tap_source(2 * f, tap);
        for (int d = 0; d < outputs; d++)
            orders->output[f][d] =
                (uint8_t)(orders->are_phases ? source(number_of[2 * f], root_of(outputs), d)
                                             : d / ORBIT * ORBIT + member_source(f, d % ORBIT));
    }
}

static int has_orders(const iqlut_layer *l, const frame_orders *orders) {
    for (int c = 0; c < l->shape.channels_in; c++) {
        const int f = c % ORBIT / 2, stored = c / ORBIT * ORBIT + c % 2;
        for (int level = 0; f && level < l->shape.levels; level++)
            for (int tap = 0; tap < TAPS; tap++)
                for (int d = 0; d < l->shape.channels_out; d++)
                    if (iqlut_entry_at(l, c, level, tap, d) !=
                        iqlut_entry_at(l, stored, level, orders->tap[f][tap], orders->output[f][d]))
                        return 0;
    }
    return 1;
}

static int find_orders(const iqlut_layer *l, frame_orders *orders) {
    const int outputs = l->shape.channels_out;
    if (l->shape.kernel != 3 || l->shape.channels_in % ORBIT) return 0;
    for (int phases = 0; phases < 2; phases++) {
        if (phases ? root_of(outputs) * root_of(outputs) != outputs : outputs % ORBIT) continue;
        orders->are_phases = phases;
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
    const int width = orders->are_phases ? p->block : ORBIT;
    for (int f = 1; f < IQLUT_FRAMES; f++)
        for (int lane = 0; lane < 16; lane++) {
            const int within = lane % width, used = within < p->channels_out;
            const int from = lane - within + (used ? output_in_frame(orders, f, within) : within);
            p->frame_lanes[f][0][lane] = from;
            p->frame_lanes[f][1][lane] = from ^ 8;
        }
}

/* The largest block that divides the outputs, if they are orbits, or holds all phases. */
static int set_block(iqlut_packed *p, const frame_orders *orders, size_t pass_bytes_max) {
    for (int block = 24; block; block -= 8) {
        const int fits = orders->are_phases ? block == (p->channels_out > 8 ? 16 : 8)
                                            : p->channels_out % block == 0;
        p->block = block, p->blocks = (p->channels_out + block - 1) / block;
        p->row_bytes = (size_t)(block / 16 * 9 + block % 16 / 8 * 5) * IQLUT_LINE;
        p->pass_bytes = p->row_bytes * (size_t)(p->codes * p->codes * p->rows_per_code);
        if (fits && p->pass_bytes <= pass_bytes_max) return 1;
    }
    return 0;
}

int iqlut_try_frames(iqlut_packed *packed, const iqlut_layer *layer, size_t pass_bytes_max) {
    frame_orders orders;
    iqlut_packed framed = *packed;
    framed.framed = 1, framed.rows_per_code = layer->shape.channels_in / ORBIT;
    if (!find_orders(layer, &orders) || !set_block(&framed, &orders, pass_bytes_max)) return 0;
    set_lanes(&framed, &orders);
    *packed = framed;
    return 1;
}
