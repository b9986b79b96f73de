/* Asks an x86 processor with the instruction cpuid: __builtin_cpu_supports does the same, but in
 * the libraries of some compilers what it calls is a stub, which finds nothing. On AArch64 the
 * operating system is asked. */
#include "cpu.h"

#include <stdatomic.h>

#if defined __x86_64__ || defined _M_X64
#include <cpuid.h>

/* The registers that the operating system saves when it switches threads: bits of XCR0. */
enum { SAVES_YMM = 0x6, SAVES_ZMM = 0xe6 };

static uint32_t saved_registers(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
#ifdef __APPLE__
    low |= SAVES_ZMM; /* macOS sets these bits when a thread first uses such a register */
#endif
    return low;
}

static int has(uint32_t found, uint32_t needed) { return (found & needed) == needed; }

static uint32_t features_here(void) {
    const uint32_t foundation = bit_AVX512F | bit_AVX512BW | bit_AVX512VL | bit_AVX512DQ;
    uint32_t a, b, c, d, found = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !has(c, bit_OSXSAVE)) return 0;
    const uint32_t saved = saved_registers(), basic = c;
    if (!has(saved, SAVES_YMM) || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    if (has(basic, bit_FMA)) found |= IQLUT_CPU_FMA;
    if (has(b, bit_AVX2)) found |= IQLUT_CPU_AVX2;
    if (has(saved, SAVES_ZMM) && has(b, foundation)) {
        found |= IQLUT_CPU_AVX512;
        if (has(c, bit_AVX512VNNI)) found |= IQLUT_CPU_AVX512_VNNI;
        if (has(c, bit_AVX512VBMI)) found |= IQLUT_CPU_AVX512_VBMI;
    }
    return found;
}
#elif defined __aarch64__ || defined _M_ARM64
#if defined __linux__
#include <sys/auxv.h>

enum { HWCAP_DOT_PRODUCTS = 1 << 20 };

static int has_dot_products(void) { return (getauxval(AT_HWCAP) & HWCAP_DOT_PRODUCTS) != 0; }
#elif defined _WIN32
#include <windows.h>

enum { PF_DOT_PRODUCTS = 43 }; /* PF_ARM_V82_DP_INSTRUCTIONS_AVAILABLE, which old headers lack */

static int has_dot_products(void) { return IsProcessorFeaturePresent(PF_DOT_PRODUCTS) != 0; }
#elif defined __APPLE__
static int has_dot_products(void) { return 1; } /* of every Mac with AArch64 */
#else
static int has_dot_products(void) { return 0; }
#endif

static uint32_t features_here(void) {
    return IQLUT_CPU_NEON | (has_dot_products() ? IQLUT_CPU_NEON_DOT : 0);
}
#else
static uint32_t features_here(void) { return 0; }
#endif

int iqlut_cpu_has(uint32_t features) {
    static _Atomic uint32_t known; /* a virtual machine may take microseconds for each cpuid */
    uint32_t found = atomic_load_explicit(&known, memory_order_relaxed);
    if (!found) {
        found = features_here() | IQLUT_CPU_ASKED;
        atomic_store_explicit(&known, found, memory_order_relaxed);
    }
    return (found & features) == features;
}
