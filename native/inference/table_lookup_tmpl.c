/* The look-ups of one walk over a row of pixels: the rows that the signals of each pixel select are
 * blended, summed over the channels of the group, and overlap-added along the row. This is the one
 * expansion of table rows, included once by each instruction set, which defines before it
 *
 *     vec                   a vector of partial sums, EXPAND_LANES lanes of type partial_sum
 *     EXPAND_ENTRY_BYTES    bytes of a row for one lane
 *     EXPAND_CHAINED        1: the sums of a pixel go on from those of the pixel before, which
 *                           needs fewer registers; 0: they start anew, a shorter chain of additions
 *     EXPAND_SHARED         whether there are half vectors, for expand_shared
 *     EXPAND_APART          whether a layer may set a tap apart
 *     EXPAND_ADDS           whether tap rows other than the first are added to sums, for which
 *                           there are v_add_block and, with EXPAND_SHARED, half_loadu
 *     EXPAND_LINES          whether a layer may be of lines, for which there are v_and, v_and_not
 *     EXPAND_STEPS(X)       X(n) for each number of look-ups of a pixel that is compiled in, and
 *     EXPAND_FOR_STEPS      IQLUT_FOR_UNROLLED, or `for` where none is
 *     v_zero, v_add, v_blend_add, v_store_block
 *     half, half_zero, half_add, half_blend_add, half_store, v_lower, v_upper, v_lower_to_upper
 *                           with EXPAND_SHARED
 *     steps_of(layer)       the look-ups of a pixel
 *     lookups, lookups_begin, lookups_of_pixel, look_up
 *                           what is known of a walk's look-ups; before its first pixel; at each
 *                           pixel; and the row and the weights of one of its look-ups
 */
#include <string.h>

#include "isa.h"

enum {
    EXPAND_VECTOR_BYTES = EXPAND_ENTRY_BYTES * EXPAND_LANES,
    EXPAND_BLOCK_MAX = 16,
    EXPAND_VECTORS_MAX = (IQLUT_KERNEL_MAX * EXPAND_BLOCK_MAX - 1) / EXPAND_LANES + 1
};

/* Stores the sums of a tap row, with EXPAND_ADDS added to what is at `addend`. */
IQLUT_INLINE void finish_block(partial_sum *to, const partial_sum *addend, const vec *vectors,
                               const int tap_row, const int block) {
#if EXPAND_ADDS
    if (tap_row) {
        v_add_block(to, addend, vectors, tap_row * block, block);
        return;
    }
#endif
    (void)addend;
    v_store_block(to, vectors, tap_row * block, block);
}

/* The shape in which each column of taps has vectors of its own. Column j of the input pixel x is
 * part of the output pixel x - j: the overlap-add along the row (IQ-LUT eq. 2) is one addition to
 * `acc`, which then moves on by one. With `apart` the last tap of the middle row goes to
 * IQLUT_APART; what the lanes of that row hold after adding it may have wrapped and is not used. */
IQLUT_INLINE void expand_columns(const iqlut_pass *pass, const iqlut_tap_rows *rows,
                                 const int kernel, const int block, const int steps,
                                 const int apart) {
    const int vectors = (kernel * block + EXPAND_LANES - 1) / EXPAND_LANES;
    const int row_bytes = kernel * vectors * EXPAND_VECTOR_BYTES, last = kernel - 1;
    const int lanes = pass->layer->lanes, count = pass->count;
    partial_sum *to[IQLUT_PARTIALS_MAX];
    vec acc[IQLUT_KERNEL_MAX][EXPAND_VECTORS_MAX], sum[IQLUT_KERNEL_MAX][EXPAND_VECTORS_MAX];
    for (int i = 0; i < kernel; i++) to[i] = (partial_sum *)rows->to[i] - last * lanes;
    if (apart) to[IQLUT_APART] = (partial_sum *)rows->to[IQLUT_APART] - last * lanes;
    const partial_sum *addend =
        EXPAND_ADDS && kernel > 1 ? (const partial_sum *)rows->addend - last * lanes : to[0];
    for (int j = 0; j < kernel; j++)
        for (int v = 0; v < vectors; v++) acc[j][v] = v_zero();
    lookups found = lookups_begin(pass, steps);
    for (int x = 0; x < count + last; x++) {
        lookups_of_pixel(&found, steps);
        IQLUT_FOR_UNROLLED(int j = 0; j < kernel; j++)
            IQLUT_FOR_UNROLLED(int v = 0; v < vectors; v++)
                sum[j][v] = EXPAND_CHAINED && j ? acc[j - 1][v] : v_zero();
        EXPAND_FOR_STEPS(int s = 0; s < steps; s++) {
            const lookup at = look_up(&found, s, steps, row_bytes);
            IQLUT_FOR_UNROLLED(int j = 0; j < kernel; j++)
                IQLUT_FOR_UNROLLED(int v = 0; v < vectors; v++)
                    sum[j][v] = v_blend_add(sum[j][v], at.weights,
                                            at.row + (j * vectors + v) * EXPAND_VECTOR_BYTES);
        }
        if (apart) {
            v_store_block(to[1], acc[last - 1], block, block);
            v_store_block(to[IQLUT_APART], sum[last], block, block);
            to[IQLUT_APART] += lanes;
        }
        IQLUT_FOR_UNROLLED(int v = 0; v < vectors; v++) {
            IQLUT_FOR_UNROLLED(int j = last; j > 0; j--)
                acc[j][v] = EXPAND_CHAINED ? sum[j][v] : v_add(acc[j - 1][v], sum[j][v]);
            acc[0][v] = sum[0][v];
        }
        IQLUT_FOR_UNROLLED(int i = 0; i < kernel; to[i] += lanes, i++)
            if (i != 1 || !apart) finish_block(to[i], i == 1 ? addend : to[i], acc[last], i, block);
        addend += lanes;
    }
}

#if EXPAND_SHARED
/* The same for a tap row other than the first. */
IQLUT_INLINE void finish_half(partial_sum *to, const partial_sum *addend, half sums) {
#if EXPAND_ADDS
    sums = half_add(sums, half_loadu(addend));
#endif
    (void)addend;
    half_store(to, sums);
}

/* The shape for 3x3 taps where two tap rows fill a vector: a vector for each column of the first
 * two rows, one and a half for the third row. `third` holds columns 0 and 1 of that, `last` column
 * 2. `apart` as above. */
IQLUT_INLINE void expand_shared(const iqlut_pass *pass, const iqlut_tap_rows *rows, const int steps,
                                const int apart) {
    enum { BYTES = EXPAND_VECTOR_BYTES, ROW_BYTES = 5 * BYTES };
    const int lanes = pass->layer->lanes, count = pass->count;
    partial_sum *to0 = (partial_sum *)rows->to[0] - 2 * lanes;
    partial_sum *to1 = (partial_sum *)rows->to[1] - 2 * lanes;
    partial_sum *to2 = (partial_sum *)rows->to[2] - 2 * lanes;
    partial_sum *to3 = apart ? (partial_sum *)rows->to[IQLUT_APART] - 2 * lanes : to1;
    const partial_sum *addend = EXPAND_ADDS ? (const partial_sum *)rows->addend - 2 * lanes : to1;
    vec acc0 = v_zero(), acc1 = v_zero(), acc_third = v_zero();
    lookups found = lookups_begin(pass, steps);
    for (int x = 0; x < count + 2; x++, to0 += lanes, to1 += lanes, to2 += lanes, to3 += lanes) {
        vec sum0 = v_zero(), sum1 = v_zero(), sum2 = v_zero(), third = v_zero();
        half last = half_zero();
        lookups_of_pixel(&found, steps);
        IQLUT_FOR_UNROLLED(int s = 0; s < steps; s++) {
            const lookup at = look_up(&found, s, steps, ROW_BYTES);
            sum0 = v_blend_add(sum0, at.weights, at.row);
            sum1 = v_blend_add(sum1, at.weights, at.row + BYTES);
            sum2 = v_blend_add(sum2, at.weights, at.row + 2 * BYTES);
            third = v_blend_add(third, at.weights, at.row + 3 * BYTES);
            last = half_blend_add(last, v_lower(at.weights), at.row + 4 * BYTES);
        }
        const vec done = v_add(acc1, sum2);
        half_store(to0, v_lower(done));
        finish_half(to1, addend, v_upper(apart ? acc1 : done));
        if (apart) half_store(to3, v_upper(sum2));
        finish_half(to2, to2, half_add(v_upper(acc_third), last));
        addend += lanes;
        acc1 = v_add(acc0, sum1);
        acc0 = sum0;
        acc_third = v_add(v_lower_to_upper(acc_third), third);
    }
}
#endif

#if EXPAND_LINES
/* The shape of layers of lines: of a block of 16 outputs, a vector or two each for the taps before,
 * at and after the centre. Those of a row are overlap-added along the row, those of a column belong
 * to other tap rows. */
IQLUT_INLINE void expand_lines(const iqlut_pass *pass, const iqlut_tap_rows *rows,
                               const int steps) {
    enum {
        VECTORS = (EXPAND_BLOCK_MAX + EXPAND_LANES - 1) / EXPAND_LANES,
        ROW_BYTES = 3 * VECTORS * EXPAND_VECTOR_BYTES
    };
    const int lanes = pass->layer->lanes, count = pass->count;
    partial_sum *above = (partial_sum *)rows->to[0] - lanes;
    partial_sum *level = (partial_sum *)rows->to[1] - 2 * lanes;
    partial_sum *below = (partial_sum *)rows->to[2] - lanes;
    vec in_columns[VECTORS], one_column[VECTORS], two_columns[VECTORS];
    memcpy(in_columns, &pass->layer->in_columns[pass->first_output], sizeof in_columns);
    for (int v = 0; v < VECTORS; v++) one_column[v] = two_columns[v] = v_zero();
    lookups found = lookups_begin(pass, steps);
    for (int x = 0; x < count + 2; x++, above += lanes, level += lanes, below += lanes) {
        vec before[VECTORS], centre[VECTORS], after[VECTORS], done[VECTORS];
        lookups_of_pixel(&found, steps);
        for (int v = 0; v < VECTORS; v++) before[v] = centre[v] = after[v] = v_zero();
        EXPAND_FOR_STEPS(int s = 0; s < steps; s++) {
            const lookup at = look_up(&found, s, steps, ROW_BYTES);
            IQLUT_FOR_UNROLLED(int v = 0; v < VECTORS; v++) {
                const uint8_t *row = at.row + v * 3 * EXPAND_VECTOR_BYTES;
                before[v] = v_blend_add(before[v], at.weights, row);
                centre[v] = v_blend_add(centre[v], at.weights, row + EXPAND_VECTOR_BYTES);
                after[v] = v_blend_add(after[v], at.weights, row + 2 * EXPAND_VECTOR_BYTES);
            }
        }
        IQLUT_FOR_UNROLLED(int v = 0; v < VECTORS; v++) {
            done[v] = v_add(two_columns[v], v_and_not(in_columns[v], after[v]));
            two_columns[v] = v_add(one_column[v], centre[v]);
            one_column[v] = v_and_not(in_columns[v], before[v]);
            before[v] = v_and(in_columns[v], before[v]);
            after[v] = v_and(in_columns[v], after[v]);
        }
        v_store_block(above, before, 0, EXPAND_BLOCK_MAX);
        v_store_block(level, done, 0, EXPAND_BLOCK_MAX);
        v_store_block(below, after, 0, EXPAND_BLOCK_MAX);
    }
}
#endif

/* The shapes, with the look-ups of the published models as constants, so that the loops over them
 * unroll. */
IQLUT_INLINE void expand_shape(const iqlut_pass *pass, const iqlut_tap_rows *rows, const int kernel,
                               const int block, const int steps, const int apart) {
#if EXPAND_SHARED
    if (kernel == 3 && EXPAND_LANES == 2 * block) {
        expand_shared(pass, rows, steps, apart);
        return;
    }
#endif
    expand_columns(pass, rows, kernel, block, steps, apart);
}

IQLUT_INLINE void expand_steps(const iqlut_pass *pass, const iqlut_tap_rows *rows, const int kernel,
                               const int block) {
    const int steps = steps_of(pass->layer);
#if EXPAND_APART
    if (kernel == IQLUT_KERNEL_MAX && pass->layer->apart) {
        if (steps == 6) expand_shape(pass, rows, kernel, block, 6, 1);
        else if (steps == 8) expand_shape(pass, rows, kernel, block, 8, 1);
        else expand_shape(pass, rows, kernel, block, steps, 1);
        return;
    }
#endif
#define EXPAND_CASE(n)                                             \
    if (steps == n) expand_shape(pass, rows, kernel, block, n, 0); \
    else
    EXPAND_STEPS(EXPAND_CASE) expand_shape(pass, rows, kernel, block, steps, 0);
}

#define DEFINE_EXPAND(KERNEL, BLOCK)                                                            \
    static void expand_##KERNEL##_##BLOCK(const iqlut_pass *pass, const iqlut_tap_rows *rows) { \
        expand_steps(pass, rows, KERNEL, BLOCK);                                                \
    }
DEFINE_EXPAND(1, 8)
DEFINE_EXPAND(1, 16)
DEFINE_EXPAND(2, 8)
DEFINE_EXPAND(2, 16)
DEFINE_EXPAND(3, 8)
DEFINE_EXPAND(3, 16)

static void expand(const iqlut_pass *pass, const iqlut_tap_rows *rows) {
#if EXPAND_LINES
    const int steps = steps_of(pass->layer);
#define LINES_CASE(n)                       \
    if (pass->layer->lines && steps == n) { \
        expand_lines(pass, rows, n);        \
        return;                             \
    }
    EXPAND_STEPS(LINES_CASE)
    if (pass->layer->lines) {
        expand_lines(pass, rows, steps);
        return;
    }
#endif
    static void (*const shapes[IQLUT_KERNEL_MAX][2])(const iqlut_pass *, const iqlut_tap_rows *) = {
        {expand_1_8, expand_1_16}, {expand_2_8, expand_2_16}, {expand_3_8, expand_3_16}};
    shapes[pass->layer->kernel - 1][pass->layer->block == 16](pass, rows);
}
