/* Asks an x86 processor with the instruction cpuid: __builtin_cpu_supports does the same, but in
 * the libraries of some compilers what it calls is a stub, which finds nothing. On AArch64 the
 * operating system is asked. */
#include "cpu.h"

#include <stdatomic.h>

#if defined __x86_64__ || defined _M_X64
#include <cpuid.h>

/* The registers that the operating system saves when it switches threads: bits of XCR0. */
enum { SAVES_YMM = 0x6, SAVES_ZMM = 0xe6, SAVES_TILES = 0x60000 };

static uint32_t saved_registers(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
#ifdef __APPLE__
    low |= SAVES_ZMM; /* macOS sets these bits when a thread first uses such a register */
#endif
    return low;
}

static int has(uint32_t found, uint32_t needed) { return (found & needed) == needed; }

/* Leaf 7 of cpuid, a part of it, in the order of the registers: eax, ebx, ecx, edx. */
static int leaf_7(uint32_t part, uint32_t r[4]) {
    return __get_cpuid_count(7, part, &r[0], &r[1], &r[2], &r[3]);
}

static int has_tiles(uint32_t saved, const uint32_t first[4]) {
    enum { AMX_BF16 = 1 << 22, AMX_TILE = 1 << 24, AMX_INT8 = 1 << 25, AVX512_BF16 = 1 << 5 };
    uint32_t second[4];
    return has(saved, SAVES_TILES) && has(first[3], AMX_BF16 | AMX_TILE | AMX_INT8) &&
           has(first[2], bit_AVX512VBMI) && leaf_7(1, second) && has(second[0], AVX512_BF16);
}

static uint32_t features_here(void) {
    const uint32_t foundation = bit_AVX512F | bit_AVX512BW | bit_AVX512VL | bit_AVX512DQ;
    uint32_t a, b, c, d, leaf[4], found = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !has(c, bit_OSXSAVE)) return 0;
    const uint32_t saved = saved_registers();
    if (!has(saved, SAVES_YMM) || !leaf_7(0, leaf)) return 0;
    if (has(c, bit_FMA)) found |= IQLUT_CPU_FMA;
    if (has(leaf[1], bit_AVX2)) found |= IQLUT_CPU_AVX2;
    if (has(saved, SAVES_ZMM) && has(leaf[1], foundation)) {
        found |= IQLUT_CPU_AVX512;
        if (has(leaf[2], bit_AVX512VNNI)) found |= IQLUT_CPU_AVX512_VNNI;
        if (has(leaf[2], bit_AVX512VBMI)) found |= IQLUT_CPU_AVX512_VBMI;
        if (has_tiles(saved, leaf)) found |= IQLUT_CPU_AMX;
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
