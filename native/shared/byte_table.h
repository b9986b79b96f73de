/* A table of 256 bytes in four vectors, for 64 look-ups at once: AVX-512 with VBMI. */
#ifndef IQLUT_BYTE_TABLE_H
#define IQLUT_BYTE_TABLE_H

#include <immintrin.h>
#include <stdint.h>

#include "compiler.h"

typedef struct {
    __m512i quarters[4];
} iqlut_byte_table;

IQLUT_INLINE iqlut_byte_table iqlut_load_table(const uint8_t table[256]) {
    iqlut_byte_table loaded;
    for (int n = 0; n < 4; n++) loaded.quarters[n] = _mm512_loadu_si512(table + n * 64);
    return loaded;
}

IQLUT_INLINE __m512i iqlut_look_up_bytes(const iqlut_byte_table *table, __m512i index) {
    const __m512i *const quarters = table->quarters;
    const __m512i low = _mm512_permutex2var_epi8(quarters[0], index, quarters[1]);
    const __m512i high = _mm512_permutex2var_epi8(quarters[2], index, quarters[3]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(index), low, high);
}

#endif
