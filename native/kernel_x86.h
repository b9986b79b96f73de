/* The kernel for x86 vectors of bytes, included once for each instruction set by kernel_avx2.c and kernel_avx512.c,
 * which define before it: ISA its name, LANES the int16 lanes of a vector, `vec` and `half` (a vector and half of one),
 * PREPARE, SOURCE, PIXEL and LOOKUP (see kernel_x86_expand.h), and the operations used below. */
#include <string.h>

#include "kernel_colour.h"
#include "kernel_upsample.h"

#define CAT_(a, b) a##b
#define CAT(a, b) CAT_(a, b)
/* Without it the compiler regroups sums into trees of more parts than there are registers. */
#define KEEP_ORDER(v) __asm__("" : "+v"(v))

#define partial int16_t
#define ENTRY_BYTES 2
#define STEPS(layer) ((layer)->group_channels)
#define APART(layer) ((layer)->apart)
#define add add16
#define half_add half_add16

/* arithmetic.blend of the entries at `row`, (32 - t) * below + t * above in each int16 lane, added to `sum`. */
static inline vec blend_add(vec sum, vec weights, const uint8_t *row) {
    sum = add16(sum, maddubs(weights, load(row)));
    KEEP_ORDER(sum);
    return sum;
}

static inline half half_blend_add(half sum, half weights, const uint8_t *row) {
    sum = half_add16(sum, half_maddubs(weights, half_load(row)));
    KEEP_ORDER(sum);
    return sum;
}

#include "kernel_x86_expand.h"

/* The constants of LANES lanes, in the order of unpacking: `low` holds the first four of every eight lanes. */
typedef struct {
    vec centre_low, centre_high, factors_low, factors_high, bias_low, bias_high, acc_shift, shift;
} constants;

static inline constants constants_at(const iqlut_packed *l, int lane) {
    int32_t split[6][LANES / 2];
    for (int n = 0; n < LANES; n++) {
        const int high = n / 4 % 2, to = n / 8 * 4 + n % 4;
        split[high][to] = l->centre[lane + n];
        memcpy(&split[2 + high][to], l->gain_skip[lane + n], 4);
        split[4 + high][to] = l->bias[lane + n];
    }
    return (constants){loadu(split[0]), loadu(split[1]), loadu(split[2]),     loadu(split[3]),
                       loadu(split[4]), loadu(split[5]), all32(l->acc_shift), all32(l->shift)};
}

/* arithmetic.requantise for LANES lanes at `n`, to int16 lanes that the caller clamps to 0..255. */
INLINE vec requantise_vector(const constants *k, const int16_t *const *rows, const int row_count, vec skip,
                             ptrdiff_t n) {
    const vec ones = all16(1);
    vec low = k->centre_low, high = k->centre_high;
    UNROLL for (int r = 0; r < row_count; r += 2) {
        const vec a = loadu(rows[r] + n), b = r + 1 < row_count ? loadu(rows[r + 1] + n) : zero();
        low = add32(low, madd(unpack_low(a, b), ones));
        high = add32(high, madd(unpack_high(a, b), ones));
    }
    const vec acc = pack32(shift32(low, k->acc_shift), shift32(high, k->acc_shift));
    low = add32(madd(unpack_low(acc, skip), k->factors_low), k->bias_low);
    high = add32(madd(unpack_high(acc, skip), k->factors_high), k->bias_high);
    return pack32(shift32(low, k->shift), shift32(high, k->shift));
}

/* `sets` of constants: one, if they repeat from vector to vector. */
INLINE void requantise_rows(const iqlut_packed *l, const int16_t *const *rows, const int row_count, const uint8_t *skip,
                            const int16_t *base, uint8_t *out, int count, const int sets) {
    constants k[PERIOD / LANES];
    for (int part = 0; part < sets; part++) k[part] = constants_at(l, part * LANES);
    for (ptrdiff_t n = 0; n < count; n += PERIOD) {
        UNROLL for (int part = 0; part < PERIOD / LANES; part += 2) {
            const ptrdiff_t m = n + part * LANES;
            const vec s0 = base ? loadu(base + m) : load_bytes(skip + m);
            const vec s1 = base ? loadu(base + m + LANES) : load_bytes(skip + m + LANES);
            const vec q0 = requantise_vector(&k[part % sets], rows, row_count, s0, m);
            const vec q1 = requantise_vector(&k[(part + 1) % sets], rows, row_count, s1, m + LANES);
            storeu(out + m, pack_bytes(q0, q1));
        }
    }
}

/* The numbers of rows of the published models are constants, as is where the skip comes from. */
#define ROWS(ROW_COUNT, SETS)                                                 \
    (base ? requantise_rows(l, rows, ROW_COUNT, NULL, base, out, count, SETS) \
          : requantise_rows(l, rows, ROW_COUNT, skip, NULL, out, count, SETS))

static void requantise(const iqlut_packed *l, const void *const *partials, int row_count, const uint8_t *skip,
                       const int16_t *base, uint8_t *out, int count) {
    const int16_t *rows[ROWS_MAX];
    for (int r = 0; r < row_count; r++) rows[r] = partials[r];
    if (l->lanes > LANES) ROWS(row_count, PERIOD / LANES);
    else if (row_count == 2) ROWS(2, 1);
    else if (row_count == 3) ROWS(3, 1);
    else if (row_count == 4) ROWS(4, 1);
    else if (row_count == 6) ROWS(6, 1);
    else ROWS(row_count, 1);
}

const iqlut_isa CAT(iqlut_isa_, ISA) = {.name = STRING(ISA),
                                        .vector_lanes = LANES,
                                        .sets_apart = 1,
                                        .prepare = PREPARE,
                                        .expand = expand_any,
                                        .requantise = requantise,
                                        .bilinear = bilinear,
                                        .shuffle = shuffle,
                                        .split = split,
                                        .join = join};
