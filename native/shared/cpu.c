/* Asks the processor by the detection that the compiler provides. */
#include "cpu.h"

static uint32_t features_here(void) {
    uint32_t found = 0;
#if defined __x86_64__ || defined _M_X64
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2")) found |= IQLUT_CPU_AVX2;
    if (__builtin_cpu_supports("fma")) found |= IQLUT_CPU_FMA;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        found |= IQLUT_CPU_AVX512;
    if (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vbmi"))
        found |= IQLUT_CPU_VNNI_VBMI;
#elif defined __aarch64__ || defined _M_ARM64
    found |= IQLUT_CPU_NEON;
#endif
    return found;
}

int iqlut_cpu_has(uint32_t features) { return (features_here() & features) == features; }
