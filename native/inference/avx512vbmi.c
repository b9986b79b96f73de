/* AVX-512 with VNNI and VBMI: the keys of 64 signals at once, looked up in tables of bytes. All
 * else is as in avx512vnni.c. */
#include "../shared/byte_table.h"
#include "isa.h"

typedef __m512i vec;

enum { AT_ONCE = 64 };

/* (32 - fraction, fraction) of each signal. */
IQLUT_INLINE void store_weights(vec fraction, uint16_t *weights) {
    const vec rest = _mm512_sub_epi8(_mm512_set1_epi8(IQLUT_ONE), fraction);
    const vec low = _mm512_unpacklo_epi8(rest, fraction);
    const vec high = _mm512_unpackhi_epi8(rest, fraction);
    /* Of every 16 signals, `low` has the first eight and `high` the last eight. */
    const vec first = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    const vec second = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    _mm512_storeu_si512(weights, _mm512_permutex2var_epi64(low, first, high));
    _mm512_storeu_si512(weights + AT_ONCE / 2, _mm512_permutex2var_epi64(low, second, high));
}

/* As store_offsets in avx512.c: the offsets of 64 codes, or of 32 pairs of codes. */
IQLUT_INLINE void store_offsets(const iqlut_packed *l, vec code, uint16_t *offsets) {
    const vec step = _mm512_set1_epi16((short)(l->code_bytes / IQLUT_LINE));
    if (l->paired) { /* at most 127 codes: they fit int8, and the sum int16 */
        const vec pair = _mm512_maddubs_epi16(code, _mm512_set1_epi16((short)(1 << 8 | l->codes)));
        _mm512_storeu_si512(offsets, _mm512_mullo_epi16(pair, step));
        return;
    }
    const vec low = _mm512_cvtepu8_epi16(_mm512_castsi512_si256(code));
    const vec high = _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(code, 1));
    _mm512_storeu_si512(offsets, _mm512_mullo_epi16(low, step));
    _mm512_storeu_si512(offsets + AT_ONCE / 2, _mm512_mullo_epi16(high, step));
}

static void prepare(const iqlut_packed *l, const uint8_t *signal, int count, iqlut_keys keys) {
    const iqlut_byte_table codes = iqlut_load_table(l->curve[0]);
    const iqlut_byte_table fractions = iqlut_load_table(l->curve[1]);
    for (int n = 0; n < count; n += AT_ONCE) {
        const vec index = _mm512_loadu_si512(signal + n);
        store_weights(iqlut_look_up_bytes(&fractions, index), keys.weights + n);
        store_offsets(l, iqlut_look_up_bytes(&codes, index),
                      keys.offsets + (l->paired ? n / 2 : n));
    }
}

const iqlut_isa iqlut_isa_avx512vbmi = {
    .name = "avx512vbmi",
    .needs = IQLUT_CPU_AVX512 | IQLUT_CPU_AVX512_VNNI | IQLUT_CPU_AVX512_VBMI,
    .otherwise = &iqlut_isa_avx512vnni,
    .prepare = prepare};
