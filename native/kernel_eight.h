/* The kernel for vectors of eight int16, included by kernel_portable.c and kernel_neon.c, which define before it
 *     LANES, vec                     8, and that vector
 *     ENTRY_BYTES                    bytes of a row for one lane
 *     blend_weights, load_weights    the weights of a look-up, and how they come from an iqlut_entry
 *     blend_add                      arithmetic.blend of LANES entries of a row, added to a sum
 */
/* See expand_columns in kernel_x86_expand.h: `acc[j]` belongs to the output pixel x - j. */
INLINE void expand_columns(const iqlut_pass *pass, void *const *out, const int kernel, const int block) {
    enum { VECTORS_MAX = KERNEL_MAX * 16 / LANES };
    const int vectors = kernel * block / LANES, row_bytes = kernel * vectors * ENTRY_BYTES * LANES;
    const int lanes = pass->layer->lanes, stride = pass->stride, channels = pass->layer->group_channels;
    const int count = pass->count;
    const iqlut_entry *entries = pass->layer->entries;
    const uint8_t *rows = pass->rows, *signal = pass->signal;
    int16_t *to[KERNEL_MAX];
    vec acc[KERNEL_MAX][VECTORS_MAX] = {{{0}}};
    for (int i = 0; i < kernel; i++) to[i] = (int16_t *)out[i] - (kernel - 1) * lanes;
    for (int x = 0; x < count + kernel - 1; x++, signal += stride) {
        for (int c = 0; c < channels; c++) {
            const iqlut_entry *e = &entries[signal[c]];
            const uint8_t *row = rows + e->offset + (size_t)c * row_bytes;
            const blend_weights weights = load_weights(e);
            UNROLL for (int j = 0; j < kernel; j++)
                UNROLL for (int v = 0; v < vectors; v++)
                    acc[j][v] = blend_add(acc[j][v], weights, row + (j * vectors + v) * ENTRY_BYTES * LANES);
        }
        UNROLL for (int v = 0; v < vectors; v++) {
            memcpy(to[v * LANES / block] + v * LANES % block, &acc[kernel - 1][v], sizeof(vec));
            UNROLL for (int j = kernel - 1; j > 0; j--) acc[j][v] = acc[j - 1][v];
            acc[0][v] = (vec){0};
        }
        UNROLL for (int i = 0; i < kernel; i++) to[i] += lanes;
    }
}

static void expand(const iqlut_pass *pass, void *const *out) {
    switch (pass->layer->kernel * 100 + pass->layer->block) {
        case 108: expand_columns(pass, out, 1, 8); break;
        case 116: expand_columns(pass, out, 1, 16); break;
        case 208: expand_columns(pass, out, 2, 8); break;
        case 216: expand_columns(pass, out, 2, 16); break;
        case 308: expand_columns(pass, out, 3, 8); break;
        default: expand_columns(pass, out, 3, 16); break;
    }
}

/* Several short loops, each of a form that compilers turn into vectors: the products are of int16, which SSE2 has. */
INLINE void requantise_rows(const iqlut_packed *l, const int16_t *const *rows, const int row_count, const uint8_t *skip,
                            const int16_t *base, uint8_t *out, int count) {
    int16_t gain[PERIOD], factor[PERIOD], acc[PERIOD], spread[PERIOD];
    int32_t total[PERIOD];
    const int acc_shift = l->acc_shift, shift = l->shift;
    for (int n = 0; n < PERIOD; n++) gain[n] = l->gain_skip[n][0], factor[n] = l->gain_skip[n][1];
    for (ptrdiff_t m = 0; m < count; m += PERIOD) {
        const int16_t *skips = base ? base + m : spread;
        for (int n = 0; n < PERIOD; n++) total[n] = l->centre[n];
        UNROLL for (int r = 0; r < row_count; r++) {
            const int16_t *row = rows[r] + m;
            for (int n = 0; n < PERIOD; n++) total[n] += row[n];
        }
        for (int n = 0; n < PERIOD; n++) acc[n] = (int16_t)(total[n] >> acc_shift);
        if (!base)
            for (int n = 0; n < PERIOD; n++) spread[n] = skip[m + n];
        for (int n = 0; n < PERIOD; n++) total[n] = acc[n] * gain[n] + l->bias[n];
        for (int n = 0; n < PERIOD; n++) total[n] += skips[n] * factor[n];
        for (int n = 0; n < PERIOD; n++) {
            const int32_t value = total[n] >> shift, low = value < 0 ? 0 : value;
            out[m + n] = (uint8_t)(low > 255 ? 255 : low);
        }
    }
}

/* The numbers of rows of the published models are constants, as is where the skip comes from. */
#define ROWS(ROW_COUNT)                                                 \
    (base ? requantise_rows(l, rows, ROW_COUNT, NULL, base, out, count) \
          : requantise_rows(l, rows, ROW_COUNT, skip, NULL, out, count))

static void requantise(const iqlut_packed *l, const void *const *partials, int row_count, const uint8_t *skip,
                       const int16_t *base, uint8_t *out, int count) {
    const int16_t *rows[ROWS_MAX];
    for (int r = 0; r < row_count; r++) rows[r] = partials[r];
    if (row_count == 2) ROWS(2);
    else if (row_count == 3) ROWS(3);
    else if (row_count == 6) ROWS(6);
    else ROWS(row_count);
}
