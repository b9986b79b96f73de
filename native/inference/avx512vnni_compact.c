/* AVX-512 with VNNI: the lookups of compact layers (isa.h).
 *
 * The rows that the codes of the pairs of a pixel address are blended and summed over all pairs of
 * a frame. Then the sums are put into the order of the frame before, whose blends are added. All
 * this happens in registers.
 */
#include <string.h>

#include "avx512vnni.h"

enum { VECTORS_MAX = 14 };

/* The tap of the stored rows that is `tap` in an order, and the inverse; pack_compact.c computes
 * the same. */
IQLUT_INLINE int tap_in_order(const int order, const int tap) {
    const int row = tap / 3, column = tap % 3;
    switch (order) {
        case 0: return tap;
        case 1: return column * 3 + 2 - row;
        case 2: return row * 3 + 2 - column;
        default: return column * 3 + row;
    }
}

IQLUT_INLINE int tap_out_of_order(const int order, const int tap) {
    const int row = tap / 3, column = tap % 3;
    return order == 1 ? (2 - column) * 3 + row : tap_in_order(order, tap);
}

IQLUT_INLINE int vectors_of(const iqlut_compact form) {
    return iqlut_outer_vectors(form.block) + form.centre_vectors;
}

/* Adds the blend of a row of a pair of codes, with all taps or with the centre only. */
IQLUT_INLINE void add_row(const pixel_keys *keys, const int pair, const int row, const int has_all,
                          const iqlut_compact form, vec *sum) {
    const int vectors = vectors_of(form), first = has_all ? 0 : iqlut_outer_vectors(form.block);
    const int before =
        has_all ? row * vectors
                : form.full_rows * vectors + (row - form.full_rows) * form.centre_vectors;
    const uint8_t *at = row_of_pair(keys, pair) + (size_t)before * IQLUT_LINE;
    const vec weights = weights_from(keys, pair);
    IQLUT_FOR_UNROLLED(int v = first; v < vectors; v++)
        sum[v] =
            _mm512_dpbusd_epi32(sum[v], weights, _mm512_load_si512(at + (v - first) * IQLUT_LINE));
    /* In this order: a compiler that computes some of the sums of a pixel first has no registers
     * for what it loaded for the others. */
    IQLUT_FOR_UNROLLED(int v = first; v < vectors; v++) __asm__ volatile("" : "+v"(sum[v]));
}

/* Adds the blends of a frame. The loops unroll where the numbers of rows are constants. */
IQLUT_INLINE void add_frame(const pixel_keys *keys, const int frame, const iqlut_compact form,
                            vec *sum) {
#define ADD_ROWS(FOR)                                       \
    FOR(int r = 0; r < form.full_rows; r++)                 \
    add_row(keys, r *form.frames + frame, r, 1, form, sum); \
    FOR(int r = form.full_rows; r < form.rows; r++)         \
    add_row(keys, r *form.frames + frame, r, 0, form, sum);
    if (__builtin_constant_p(form.rows)) {
        ADD_ROWS(IQLUT_FOR_UNROLLED)
    } else {
        ADD_ROWS(for)
    }
}

/* The vector of `old`, in the order of a frame, with the lanes that `lane` and those after it have
 * in the frame before. */
IQLUT_INLINE vec reordered(const vec *old, const int lane, const int32_t lanes[2][16]) {
    const vec from = _mm512_load_si512(lanes[lane % 16 == 8]);
    return _mm512_permutexvar_epi32(from, old[lane / 16]);
}

/* Puts sums in the order of a frame into the order of the frame before. */
IQLUT_INLINE void to_frame_before(vec *sum, const int frame, const iqlut_compact form,
                                  const int32_t lanes[2][16]) {
    const int block = form.block, wide = block / 16 * 8, centre = iqlut_outer_vectors(block);
    const int order = frame % form.tap_orders, before = (frame - 1) % form.tap_orders;
    vec old[VECTORS_MAX];
    IQLUT_FOR_UNROLLED(int v = 0; v < vectors_of(form); v++) old[v] = sum[v];
    IQLUT_FOR_UNROLLED(int n = 0; n < 8; n++) {
        const int tap = n < 4 ? n : n + 1;
        const int from = tap_in_order(order, tap_out_of_order(before, tap));
        if (wide) sum[n] = reordered(old, iqlut_compact_lane(block, from, 0), lanes);
        if (block % 16 && n < 4)
            sum[wide + n] = reordered(old, iqlut_compact_lane(block, from, block - 8), lanes);
    }
    IQLUT_FOR_UNROLLED(int v = centre; v < vectors_of(form); v++)
        sum[v] = reordered(old, v * 16, lanes);
}

/* All blends of a pixel. */
IQLUT_INLINE void sum_pixel(const iqlut_pass *pass, const pixel_keys *keys,
                            const iqlut_compact form, vec *sum) {
    IQLUT_FOR_UNROLLED(int v = 0; v < vectors_of(form); v++) sum[v] = _mm512_setzero_si512();
    IQLUT_FOR_UNROLLED(int frame = form.frames - 1; frame > 0; frame--) {
        add_frame(keys, frame, form, sum);
        to_frame_before(sum, frame, form, pass->layer->frame_lanes[frame]);
    }
    add_frame(keys, 0, form, sum);
}

/* A tap of the first 16 outputs of a block, and of its last 8. */
IQLUT_INLINE vec tap_of(const vec *sum, const int tap, const int block) {
    return sum[iqlut_compact_lane(block, tap, 0) / 16];
}

IQLUT_INLINE half last_of(const vec *sum, const int tap, const int block) {
    const int lane = iqlut_compact_lane(block, tap, block - 8);
    return half_of(sum[lane / LANES], lane);
}

/* The outputs beside the block, which have the tap at the centre only. */
IQLUT_INLINE void store_beside(int32_t *to, const vec *sum, const iqlut_compact form) {
    const int centre = iqlut_outer_vectors(form.block);
    if (form.block == 8) half_store(to + 8, v_upper(sum[centre]));
    IQLUT_FOR_UNROLLED(int v = 1; v < form.centre_vectors; v++)
        _mm512_storeu_si512(to + v * 16, sum[centre + v]);
}

/* Sums of a tap row that wait for the pixels to the right: of the first 16 outputs of a block, and
 * of its last 8. */
typedef struct {
    vec one_column, two_columns;
    half last8_one_column, last8_two_columns;
} waiting_sums;

/* As expand_columns in table_lookup_tmpl.c: column 2 of the taps completes the sums of a pixel, and
 * columns 0 and 1 wait. All tap rows but the first are added to what is at `addend`. */
IQLUT_INLINE void finish_tap_row(waiting_sums *waiting, const vec *sum, const int tap_row,
                                 const int block, const int32_t *addend, int32_t *to) {
    const int taps = 3 * tap_row, last = block - 8;
    if (block >= 16) {
        vec done = _mm512_add_epi32(waiting->two_columns, tap_of(sum, taps + 2, block));
        if (tap_row) done = _mm512_add_epi32(done, _mm512_loadu_si512(addend));
        _mm512_storeu_si512(to, done);
        waiting->two_columns = _mm512_add_epi32(waiting->one_column, tap_of(sum, taps + 1, block));
        waiting->one_column = tap_of(sum, taps, block);
    }
    if (block % 16) {
        half done = half_add(waiting->last8_two_columns, last_of(sum, taps + 2, block));
        if (tap_row) done = half_add(done, half_loadu(addend + last));
        half_store(to + last, done);
        waiting->last8_two_columns =
            half_add(waiting->last8_one_column, last_of(sum, taps + 1, block));
        waiting->last8_one_column = last_of(sum, taps, block);
    }
}

/* The pass and the rows are copied: the compiler would read them again after each store. */
IQLUT_INLINE void expand_form(const iqlut_pass pass, const iqlut_tap_rows rows,
                              const iqlut_compact form) {
    const int stride = pass.layer->lanes, has_beside = pass.layer->block > form.block;
    const int fours = fours_of(form.rows * form.frames);
    waiting_sums waiting[3];
    memset(waiting, 0, sizeof waiting);
    vec sum[VECTORS_MAX];
    pixel_keys next = keys_at(&pass, 0, fours);
    ptrdiff_t at = -PIXELS_BEFORE * (ptrdiff_t)stride;
    for (int x = 0; x < pass.count + PIXELS_BEFORE; x++, at += stride) {
        const pixel_keys now = next; /* read early, so that no row waits for its address */
        next = keys_at(&pass, x + 1, fours);
        sum_pixel(&pass, &now, form, sum);
        IQLUT_FOR_UNROLLED(int i = 0; i < 3; i++)
            finish_tap_row(&waiting[i], sum, i, form.block,
                           (const int32_t *)(i == 1 ? rows.addend : rows.to[i]) + at,
                           (int32_t *)rows.to[i] + at);
        if (has_beside) store_beside((int32_t *)rows.to[1] + at + stride, sum, form);
    }
}

/* Orders of taps, frames, block, vectors of the centre, rows with all taps, rows: of published
 * models. */
#define FORMS(X)         \
    X(1, 1, 8, 1, 4, 8)  \
    X(1, 1, 16, 1, 4, 8) \
    X(2, 2, 16, 1, 4, 4) \
    X(2, 2, 16, 1, 6, 6) \
    X(2, 2, 16, 1, 8, 8) \
    X(2, 4, 16, 1, 2, 2) \
    X(2, 4, 24, 2, 3, 3) \
    X(2, 4, 16, 1, 4, 4) \
    X(2, 4, 16, 1, 6, 6) \
    X(4, 4, 16, 1, 2, 2) \
    X(4, 4, 24, 2, 3, 3) \
    X(4, 4, 16, 1, 3, 3) \
    X(4, 4, 16, 1, 4, 4) \
    X(4, 4, 16, 1, 6, 6) \
    X(4, 4, 16, 1, 8, 8) \
    X(4, 8, 16, 1, 3, 3) \
    X(4, 8, 16, 1, 4, 4)

/* All others, with any number of rows: orders of taps, frames, block, vectors of the centre. */
#define FORMS_OF_ANY_ROWS(X) \
    X(1, 1, 8, 1)            \
    X(1, 1, 8, 2)            \
    X(1, 1, 16, 1)           \
    X(1, 1, 16, 2)           \
    X(2, 2, 8, 1)            \
    X(2, 2, 8, 2)            \
    X(2, 2, 16, 1)           \
    X(2, 2, 16, 2)           \
    X(2, 2, 24, 2)           \
    X(2, 4, 8, 1)            \
    X(2, 4, 8, 2)            \
    X(2, 4, 16, 1)           \
    X(2, 4, 16, 2)           \
    X(2, 4, 24, 2)           \
    X(4, 4, 8, 1)            \
    X(4, 4, 8, 2)            \
    X(4, 4, 16, 1)           \
    X(4, 4, 16, 2)           \
    X(4, 4, 24, 2)           \
    X(4, 8, 16, 1)           \
    X(4, 8, 16, 2)

#define DEFINE_EXPAND(T, F, B, C, FULL, ROWS)                                                \
    static void expand_##T##_##F##_##B##_##C##_##FULL##_##ROWS(const iqlut_pass *pass,       \
                                                               const iqlut_tap_rows *rows) { \
        expand_form(*pass, *rows, (iqlut_compact){T, F, B, C, FULL, ROWS});                  \
    }
FORMS(DEFINE_EXPAND)

#define DEFINE_EXPAND_ANY(T, F, B, C)                                                              \
    static void expand_##T##_##F##_##B##_##C(const iqlut_pass *pass, const iqlut_tap_rows *rows) { \
        const iqlut_compact form = pass->layer->compact;                                           \
        expand_form(*pass, *rows, (iqlut_compact){T, F, B, C, form.full_rows, form.rows});         \
    }
FORMS_OF_ANY_ROWS(DEFINE_EXPAND_ANY)

void iqlut_expand_compact(const iqlut_pass *pass, const iqlut_tap_rows *rows) {
    const iqlut_compact form = pass->layer->compact;
#define IS_FORM(T, F, B, C) \
    (form.tap_orders == T && form.frames == F && form.block == B && form.centre_vectors == C)
#define EXPAND_IF(T, F, B, C, FULL, ROWS)                                     \
    if (IS_FORM(T, F, B, C) && form.full_rows == FULL && form.rows == ROWS) { \
        expand_##T##_##F##_##B##_##C##_##FULL##_##ROWS(pass, rows);           \
        return;                                                               \
    }
#define EXPAND_IF_ANY(T, F, B, C)                 \
    if (IS_FORM(T, F, B, C)) {                    \
        expand_##T##_##F##_##B##_##C(pass, rows); \
        return;                                   \
    }
    FORMS(EXPAND_IF)
    FORMS_OF_ANY_ROWS(EXPAND_IF_ANY)
}
