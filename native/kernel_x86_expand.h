/* The look-ups for x86 vectors, included once by each instruction set. It defines before it
 *     LANES, vec, half   lanes of a vector of partial sums, that vector, half of it
 *     partial            the type of a lane
 *     ENTRY_BYTES        bytes of a row for one lane
 *     STEPS              the look-ups for each pixel
 *     APART              whether a layer sets a tap apart
 *     SOURCE, PIXEL      what is declared before the loop over pixels; what is read once for each
 *     LOOKUP(s, bytes)   declares `row` and `weights` of look-up s, rows being so many bytes long
 *     blend_add, half_blend_add, and the other operations used below.
 */

/* Stores the block that begins at `lane`, of the vector in which that is. */
#define STORE_BLOCK(to, v, lane)                           \
    do {                                                   \
        if (block == 8) store8(to, v, (lane) % LANES / 8); \
        else store16(to, v, (lane) % LANES / 16);          \
    } while (0)

/* The shape in which each column of taps has vectors of its own. Column j of the input pixel x is part of the output
 * pixel x - j: the overlap-add along the row (IQ-LUT eq. 2) is one addition to `acc`, which then moves on by one.
 * With `apart` the last tap of the middle row goes to part KERNEL_MAX; what the lanes of that row hold after adding it
 * may have wrapped, and is not used. */
INLINE void expand_columns(const iqlut_pass *pass, void *const *out, const int kernel, const int block,
                           const int steps, const int apart) {
    enum { VECTORS_MAX = 3, BYTES = ENTRY_BYTES * LANES };
    const int vectors = (kernel * block + LANES - 1) / LANES, row_bytes = kernel * vectors * BYTES;
    const int lanes = pass->layer->lanes, stride = pass->stride, count = pass->count;
    const uint8_t *rows = pass->rows;
    partial *to[PARTS_MAX];
    vec acc[KERNEL_MAX][VECTORS_MAX], sum[KERNEL_MAX][VECTORS_MAX];
    for (int i = 0; i < kernel; i++) to[i] = (partial *)out[i] - (kernel - 1) * lanes;
    if (kernel == KERNEL_MAX) to[KERNEL_MAX] = apart ? (partial *)out[KERNEL_MAX] - (kernel - 1) * lanes : NULL;
    for (int j = 0; j < KERNEL_MAX; j++)
        for (int v = 0; v < VECTORS_MAX; v++) acc[j][v] = zero();
    SOURCE;
    for (int x = 0; x < count + kernel - 1; x++) {
        PIXEL;
        UNROLL for (int j = 0; j < kernel; j++)
            UNROLL for (int v = 0; v < vectors; v++) sum[j][v] = zero();
        UNROLL for (int s = 0; s < steps; s++) {
            LOOKUP(s, row_bytes);
            UNROLL for (int j = 0; j < kernel; j++)
                UNROLL for (int v = 0; v < vectors; v++)
                    sum[j][v] = blend_add(sum[j][v], weights, row + (j * vectors + v) * BYTES);
        }
        if (kernel == KERNEL_MAX && apart) {
            STORE_BLOCK(to[1], acc[kernel - 2][block / LANES], block);
            STORE_BLOCK(to[KERNEL_MAX], sum[kernel - 1][block / LANES], block);
            to[KERNEL_MAX] += lanes;
        }
        UNROLL for (int v = 0; v < vectors; v++) {
            UNROLL for (int j = kernel - 1; j > 0; j--) acc[j][v] = add(acc[j - 1][v], sum[j][v]);
            acc[0][v] = sum[0][v];
        }
        UNROLL for (int i = 0; i < kernel; i++, to[i - 1] += lanes) {
            const int lane = i * block;
            if (i != 1 || !apart) STORE_BLOCK(to[i], acc[kernel - 1][lane / LANES], lane);
        }
    }
}

/* The shape for 3x3 taps where two tap rows fill a vector: a vector for each column of the first two rows, one and a
 * half for the third row. `third` holds columns 0 and 1 of that, `last` column 2. `apart` as above. */
INLINE void expand_shared(const iqlut_pass *pass, void *const *out, const int steps, const int apart) {
    enum { BYTES = ENTRY_BYTES * LANES, ROW_BYTES = 5 * BYTES };
    const int lanes = pass->layer->lanes, stride = pass->stride, count = pass->count;
    const uint8_t *rows = pass->rows;
    partial *to0 = (partial *)out[0] - 2 * lanes, *to1 = (partial *)out[1] - 2 * lanes;
    partial *to2 = (partial *)out[2] - 2 * lanes;
    partial *to3 = apart ? (partial *)out[KERNEL_MAX] - 2 * lanes : to1;
    vec acc0 = zero(), acc1 = zero(), acc_third = zero();
    SOURCE;
    for (int x = 0; x < count + 2; x++, to0 += lanes, to1 += lanes, to2 += lanes, to3 += lanes) {
        vec sum0 = zero(), sum1 = zero(), sum2 = zero(), third = zero();
        half last = half_zero();
        PIXEL;
        UNROLL for (int s = 0; s < steps; s++) {
            LOOKUP(s, ROW_BYTES);
            sum0 = blend_add(sum0, weights, row);
            sum1 = blend_add(sum1, weights, row + BYTES);
            sum2 = blend_add(sum2, weights, row + 2 * BYTES);
            third = blend_add(third, weights, row + 3 * BYTES);
            last = half_blend_add(last, lower(weights), row + 4 * BYTES);
        }
        const vec done = add(acc1, sum2);
        store_half(to0, lower(done));
        store_half(to1, upper(apart ? acc1 : done));
        if (apart) store_half(to3, upper(sum2));
        store_half(to2, half_add(upper(acc_third), last));
        acc1 = add(acc0, sum1);
        acc0 = sum0;
        acc_third = add(lower_to_upper(acc_third), third);
    }
}

/* The look-ups of the published models are constants, so that the loops over them unroll. */
#define DEFINE_EXPAND(KERNEL, BLOCK)                                                  \
    static void expand_##KERNEL##_##BLOCK(const iqlut_pass *pass, void *const *out) { \
        const int steps = STEPS(pass->layer);                                         \
        if (KERNEL == KERNEL_MAX && APART(pass->layer)) {                             \
            if (steps == 6) SHAPE(KERNEL, BLOCK, 6, 1);                               \
            else if (steps == 8) SHAPE(KERNEL, BLOCK, 8, 1);                          \
            else SHAPE(KERNEL, BLOCK, steps, 1);                                      \
        } else if (steps == 1) SHAPE(KERNEL, BLOCK, 1, 0);                            \
        else if (steps == 2) SHAPE(KERNEL, BLOCK, 2, 0);                              \
        else if (steps == 4) SHAPE(KERNEL, BLOCK, 4, 0);                              \
        else if (steps == 6) SHAPE(KERNEL, BLOCK, 6, 0);                              \
        else if (steps == 8) SHAPE(KERNEL, BLOCK, 8, 0);                              \
        else if (steps == 12) SHAPE(KERNEL, BLOCK, 12, 0);                            \
        else if (steps == 16) SHAPE(KERNEL, BLOCK, 16, 0);                            \
        else SHAPE(KERNEL, BLOCK, steps, 0);                                          \
    }
#define SHAPE(KERNEL, BLOCK, COUNT, APART_)                                      \
    (KERNEL == 3 && LANES == 2 * BLOCK ? expand_shared(pass, out, COUNT, APART_) \
                                       : expand_columns(pass, out, KERNEL, BLOCK, COUNT, APART_))
DEFINE_EXPAND(1, 8)
DEFINE_EXPAND(1, 16)
DEFINE_EXPAND(2, 8)
DEFINE_EXPAND(2, 16)
DEFINE_EXPAND(3, 8)
DEFINE_EXPAND(3, 16)

static void expand_any(const iqlut_pass *pass, void *const *out) {
    static void (*const shapes[KERNEL_MAX][2])(const iqlut_pass *, void *const *) = {
        {expand_1_8, expand_1_16}, {expand_2_8, expand_2_16}, {expand_3_8, expand_3_16}};
    shapes[pass->layer->kernel - 1][pass->layer->block == 16](pass, out);
}
