/* A row of sums to a row of signals: the one translation of arithmetic.requantise for vectors,
 * included once by each instruction set, which defines before it
 *
 *     RQ_LANES          lanes that are computed together, and RQ_VECTORS, how often that is done
 *                       before signals are stored
 *     RQ_ROWS           partial rows that are added at once
 *     RQ_ROW_COUNTS(X)  X(n) for each number of partial rows that is compiled in
 *     partial_sum       the type of a lane of a partial row
 *     rq_constants, rq_sums, rq_skip, rq_signals
 *                       a layer's constants for RQ_LANES lanes; int32 sums; what is multiplied by
 *                       skip; what comes out, still to be clamped
 *     rq_load_constants, rq_begin, rq_add_rows, rq_load_skip, rq_load_base, rq_finish, rq_store
 *                       the operations, in the order below
 */
#include "isa.h"

/* The sums of RQ_LANES lanes at `m`. `fixed` says whether row_count is known when this is compiled:
 * only then is the loop over rows unrolled. */
IQLUT_INLINE void rq_add_all(rq_sums *sums, const partial_sum *const *rows, ptrdiff_t m,
                             const int row_count, const int fixed) {
#define RQ_ADD_FROM(r) rq_add_rows(sums, rows[r] + m, r + 1 < row_count ? rows[r + 1] + m : NULL)
    if (fixed) {
        IQLUT_FOR_UNROLLED(int r = 0; r < row_count; r += RQ_ROWS) RQ_ADD_FROM(r);
    } else {
        for (int r = 0; r < row_count; r += RQ_ROWS) RQ_ADD_FROM(r);
    }
}

/* `sets` of constants: one, if they repeat from vector to vector. */
IQLUT_INLINE void requantise_rows(const iqlut_requantise *call, const int row_count,
                                  const int has_base, const int sets, const int fixed) {
    const partial_sum *rows[IQLUT_ROWS_MAX];
    const int16_t *const base = call->base;
    const uint8_t *const skip = call->skip;
    uint8_t *const out = call->out;
    const int count = call->count;
    rq_constants k[IQLUT_PERIOD / RQ_LANES];
    for (int r = 0; r < row_count; r++) rows[r] = call->rows[r];
    for (int set = 0; set < sets; set++) rq_load_constants(call->layer, set * RQ_LANES, &k[set]);
    for (ptrdiff_t n = 0; n < count; n += IQLUT_PERIOD) {
        IQLUT_FOR_UNROLLED(int first = 0; first < IQLUT_PERIOD / RQ_LANES; first += RQ_VECTORS) {
            rq_signals signals[RQ_VECTORS];
            IQLUT_FOR_UNROLLED(int v = 0; v < RQ_VECTORS; v++) {
                const ptrdiff_t m = n + (first + v) * RQ_LANES;
                const rq_constants *const own = &k[(first + v) % sets];
                rq_sums sums;
                rq_skip skips;
                rq_begin(own, &sums);
                rq_add_all(&sums, rows, m, row_count, fixed);
                if (has_base) rq_load_base(&skips, base + m);
                else rq_load_skip(&skips, skip + m);
                rq_finish(own, &sums, &skips, &signals[v]);
            }
            rq_store(out + n + first * RQ_LANES, signals);
        }
    }
}

IQLUT_INLINE void requantise_skips(const iqlut_requantise *call, const int row_count,
                                   const int sets, const int fixed) {
    if (call->base) requantise_rows(call, row_count, 1, sets, fixed);
    else requantise_rows(call, row_count, 0, sets, fixed);
}

/* The numbers of rows of the published models are constants, as is where the skip comes from. */
static void requantise(const iqlut_requantise *call) {
    const int row_count = call->row_count;
#define REQUANTISE_CASE(n)                               \
    if (row_count == n) requantise_skips(call, n, 1, 1); \
    else
    if (call->layer->lanes > RQ_LANES)
        requantise_skips(call, row_count, IQLUT_PERIOD / RQ_LANES, 0);
    else RQ_ROW_COUNTS(REQUANTISE_CASE) requantise_skips(call, row_count, 1, 0);
}
