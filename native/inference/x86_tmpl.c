/* What AVX2 and AVX-512 share, for sums in int16: included by avx2.c and avx512.c, which define
 * before it X86_ISA, the name; X86_NEEDS; X86_LANES, the int16 lanes of a vector; X86_PREPARE;
 * `vec` and `half`, a vector and half of one; their operations; and what table_lookup_tmpl.c
 * needs. */
#include <string.h>

#include "isa.h"

typedef int16_t partial_sum;

#define EXPAND_LANES X86_LANES
#define EXPAND_ENTRY_BYTES 2
#define EXPAND_CHAINED 0
#define EXPAND_SHARED 1
#define EXPAND_APART 1
#define EXPAND_ADDS 0
#define EXPAND_LINES 1
#define EXPAND_STEPS(X) X(1) X(2) X(4) X(6) X(8) X(12) X(16)
#define EXPAND_FOR_STEPS IQLUT_FOR_UNROLLED

/* Without it the compiler regroups sums into trees of more terms than there are registers. */
#define KEEP_ORDER(v) __asm__("" : "+v"(v))

/* arithmetic.blend of the entries at `row`, (32 - t) * below + t * above in each lane, added to
 * `sum`. */
IQLUT_INLINE vec v_blend_add(vec sum, vec weights, const uint8_t *row) {
    sum = v_add(sum, v_maddubs(weights, v_load(row)));
    KEEP_ORDER(sum);
    return sum;
}

IQLUT_INLINE half half_blend_add(half sum, half weights, const uint8_t *row) {
    sum = half_add(sum, half_maddubs(weights, half_load(row)));
    KEEP_ORDER(sum);
    return sum;
}

static inline int steps_of(const iqlut_packed *layer) { return layer->group_channels; }

#include "table_lookup_tmpl.c"

#define RQ_LANES X86_LANES
#define RQ_VECTORS 2
#define RQ_ROWS 2
#define RQ_ROW_COUNTS(X) X(2) X(3) X(4) X(6)

/* In the order of unpacking: `low` holds the first four of every eight lanes. */
typedef struct {
    vec centre_low, centre_high, factors_low, factors_high, bias_low, bias_high, acc_shift, shift;
} rq_constants;

typedef struct {
    vec low, high;
} rq_sums;

typedef vec rq_skip, rq_signals;

IQLUT_INLINE void rq_load_constants(const iqlut_packed *l, int lane, rq_constants *k) {
    int32_t split[6][RQ_LANES / 2];
    for (int n = 0; n < RQ_LANES; n++) {
        const int high = n / 4 % 2, to = n / 8 * 4 + n % 4;
        split[high][to] = l->sum_offset[lane + n];
        memcpy(&split[2 + high][to], l->gain_skip[lane + n], 4);
        split[4 + high][to] = l->bias[lane + n];
    }
    *k = (rq_constants){v_loadu(split[0]),     v_loadu(split[1]), v_loadu(split[2]),
                        v_loadu(split[3]),     v_loadu(split[4]), v_loadu(split[5]),
                        v_set32(l->acc_shift), v_set32(l->shift)};
}

IQLUT_INLINE void rq_begin(const rq_constants *k, rq_sums *sums) {
    sums->low = k->centre_low, sums->high = k->centre_high;
}

IQLUT_INLINE void rq_add_rows(rq_sums *sums, const int16_t *one, const int16_t *other) {
    const vec ones = v_set16(1), a = v_loadu(one), b = other ? v_loadu(other) : v_zero();
    sums->low = v_add32(sums->low, v_madd(v_unpack_low(a, b), ones));
    sums->high = v_add32(sums->high, v_madd(v_unpack_high(a, b), ones));
}

IQLUT_INLINE void rq_load_skip(rq_skip *skips, const uint8_t *skip) { *skips = v_load_bytes(skip); }
IQLUT_INLINE void rq_load_base(rq_skip *skips, const int16_t *base) { *skips = v_loadu(base); }

IQLUT_INLINE void rq_finish(const rq_constants *k, const rq_sums *sums, const rq_skip *skips,
                            rq_signals *signals) {
    const vec acc_low = v_shift32(sums->low, k->acc_shift);
    const vec acc = v_pack32(acc_low, v_shift32(sums->high, k->acc_shift));
    const vec low = v_add32(v_madd(v_unpack_low(acc, *skips), k->factors_low), k->bias_low);
    const vec high = v_add32(v_madd(v_unpack_high(acc, *skips), k->factors_high), k->bias_high);
    *signals = v_pack32(v_shift32(low, k->shift), v_shift32(high, k->shift));
}

IQLUT_INLINE void rq_store(uint8_t *out, const rq_signals *signals) {
    v_storeu(out, v_pack_bytes(signals[0], signals[1]));
}

#include "../shared/bilinear_tmpl.c"
#include "colour_tmpl.c"
#include "cubic_tmpl.c"
#include "pixel_shuffle_tmpl.c"
#include "requantise_tmpl.c"

#define X86_STRING_(x) #x
#define X86_STRING(x) X86_STRING_(x)
#define X86_JOIN_(a, b) a##b
#define X86_JOIN(a, b) X86_JOIN_(a, b)

const iqlut_isa X86_JOIN(iqlut_isa_, X86_ISA) = {.name = X86_STRING(X86_ISA),
                                                 .needs = X86_NEEDS,
                                                 .vector_lanes = X86_LANES,
                                                 .has_lines = 1,
                                                 .sets_apart = 1,
                                                 .prepare = X86_PREPARE,
                                                 .expand = expand,
                                                 .requantise = requantise,
                                                 .bilinear = bilinear,
                                                 .shuffle = shuffle,
                                                 .split = split,
                                                 .join = join,
                                                 .upscale_samples = upscale_samples};
