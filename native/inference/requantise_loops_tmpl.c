/* Requantise in short loops, each of a form that compilers turn into vectors: the products are of
 * int16, which SSE2 has. Whoever includes it defines `partial_sum` before, a lane of a partial row.
 */
#include "isa.h"

#define RQ_LANES IQLUT_PERIOD
#define RQ_VECTORS 1
#define RQ_ROWS 1
#define RQ_ROW_COUNTS(X) X(1) X(2) X(3) X(4) X(6)
#define RQ_EACH_LANE(n) for (int n = 0; n < RQ_LANES; n++)

typedef struct {
    const iqlut_packed *layer;
    int16_t gain[RQ_LANES], factor[RQ_LANES];
    int acc_shift, shift;
} rq_constants;

typedef struct {
    int32_t lane[RQ_LANES];
} rq_sums;

typedef struct {
    const int16_t *lane;
    int16_t spread[RQ_LANES];
} rq_skip;

typedef struct {
    int32_t lane[RQ_LANES];
} rq_signals;

IQLUT_INLINE void rq_load_constants(const iqlut_packed *l, int lane, rq_constants *k) {
    k->layer = l, k->acc_shift = l->acc_shift, k->shift = l->shift;
    RQ_EACH_LANE(n)
        k->gain[n] = l->gain_skip[lane + n][0], k->factor[n] = l->gain_skip[lane + n][1];
}

IQLUT_INLINE void rq_begin(const rq_constants *k, rq_sums *sums) {
    RQ_EACH_LANE(n) sums->lane[n] = k->layer->sum_offset[n];
}

IQLUT_INLINE void rq_add_rows(rq_sums *sums, const partial_sum *row, const partial_sum *unused) {
    (void)unused;
    RQ_EACH_LANE(n) sums->lane[n] += row[n];
}

IQLUT_INLINE void rq_load_skip(rq_skip *skips, const uint8_t *skip) {
    RQ_EACH_LANE(n) skips->spread[n] = skip[n];
    skips->lane = skips->spread;
}

IQLUT_INLINE void rq_load_base(rq_skip *skips, const int16_t *base) { skips->lane = base; }

IQLUT_INLINE void rq_finish(const rq_constants *k, const rq_sums *sums, const rq_skip *skips,
                            rq_signals *signals) {
    const int16_t *const skip = skips->lane;
    int16_t acc[RQ_LANES];
    RQ_EACH_LANE(n) acc[n] = (int16_t)(sums->lane[n] >> k->acc_shift);
    RQ_EACH_LANE(n) signals->lane[n] = acc[n] * k->gain[n] + k->layer->bias[n];
    RQ_EACH_LANE(n) signals->lane[n] += skip[n] * k->factor[n];
    RQ_EACH_LANE(n) signals->lane[n] >>= k->shift;
}

IQLUT_INLINE void rq_store(uint8_t *out, const rq_signals *signals) {
    RQ_EACH_LANE(n) {
        const int32_t value = signals->lane[n], low = value < 0 ? 0 : value;
        out[n] = (uint8_t)(low > IQLUT_SIGNAL_MAX ? IQLUT_SIGNAL_MAX : low);
    }
}

#include "requantise_tmpl.c"
