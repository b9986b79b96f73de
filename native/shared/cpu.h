/* What the processor that runs this can execute. */
#ifndef IQLUT_CPU_H
#define IQLUT_CPU_H

#include <stdint.h>

enum {
    IQLUT_CPU_AVX2 = 1,
    IQLUT_CPU_FMA = 2,
    IQLUT_CPU_AVX512 = 4, /* F, BW, VL and DQ */
    IQLUT_CPU_AVX512_VNNI = 8,
    IQLUT_CPU_AVX512_VBMI = 16,
    IQLUT_CPU_NEON = 32,     /* every AArch64 has it */
    IQLUT_CPU_NEON_DOT = 64, /* its dot products of four int8 */
    IQLUT_CPU_AMX = 128,     /* tiles of int8 and bfloat16, with AVX512, VBMI and BF16 */
    IQLUT_CPU_ASKED = 256    /* that it has been asked */
};

/* Whether it has all of these features. */
int iqlut_cpu_has(uint32_t features);

#endif
