/* Sums of look-ups with two 16-bit lanes in each 32-bit register; compiled with -DIQLUT_DSP.
 *
 * Entries are stored with a bias of 128, so that no lane is negative and eight channels of one tap
 * fit: 8 * 32 * 255 < 65536. Of a word of four entries w = e0 + 2^8 o0 + 2^16 e1 + 2^24 o1 the
 * lanes (e0, e1) are taken out by one UXTB16 and summed by one MLA; the sum of the whole words is
 * kept in 64 bits by one UMLAL, and what it exceeds the first sum by is 2^8 times the lanes (o0,
 * o1). With the load that is 3.5 instructions for four entries, where two UXTB16 and two MLA would
 * be 4.5.
 *
 * It is plain C and gives the same pixels everywhere; on Cortex-M4, M7, M33 and later UXTB16 is one
 * instruction (the DSP extension). Layers that do not fit are left to iqlut_layer.c. */
#include "iqlut_internal.h"

#ifdef IQLUT_DSP

#include <string.h>

#if defined(__ARM_FEATURE_SIMD32)
#include <arm_acle.h>
#define EVEN(word) __uxtb16(word)
#else
#define EVEN(word) ((word) & 0x00FF00FFu)
#endif

#if defined(__GNUC__)
#define ASSUME_ALIGNED(pointer) __builtin_assume_aligned(pointer, 4)
#else
#define ASSUME_ALIGNED(pointer) (pointer)
#endif

#define GROUP 8u /* channels whose sums fit a lane, and outputs that are computed together */

/* The sums of four outputs. */
typedef struct {
    uint32_t even;
    uint64_t whole;
} lanes;

static inline uint32_t load(const uint8_t *entries)
{
    uint32_t word;
    memcpy(&word, ASSUME_ALIGNED(entries), sizeof word);
    return word;
}

static inline void add(lanes *sum, uint32_t word, uint32_t weight)
{
    sum->even += EVEN(word) * weight;
    sum->whole += (uint64_t)word * weight;
}

/* Add the lanes to four accumulators, in the order of the bytes of a little-endian word. */
static inline void widen(const lanes *sum, int32_t *acc)
{
    const uint32_t odd = (uint32_t)((sum->whole - sum->even) >> 8);
    acc[0] += (int32_t)(sum->even & 0xFFFFu);
    acc[1] += (int32_t)(odd & 0xFFFFu);
    acc[2] += (int32_t)(sum->even >> 16);
    acc[3] += (int32_t)(odd >> 16);
}

/* Add one look-up of eight outputs. */
static inline void look_up(lanes *sums, const uint8_t *entries, uint32_t position,
                           uint32_t level_bytes)
{
    const uint32_t fraction = IQLUT_FRACTION(position);
    const uint32_t rest = (uint32_t)IQLUT_ONE - fraction;
    const uint8_t *const below = entries + IQLUT_OFFSET(position);
    const uint8_t *const above = below + level_bytes;
    add(&sums[0], load(below), rest);
    add(&sums[1], load(below + 4), rest);
    add(&sums[0], load(above), fraction);
    add(&sums[1], load(above + 4), fraction);
}

/* Sum `count` channels of one tap for eight outputs. */
static inline void add_tap(const uint8_t *entries, const uint32_t *positions, uint32_t level_bytes,
                           uint32_t count, int32_t *acc)
{
    lanes sums[2] = {{0, 0}, {0, 0}};
    for (uint32_t c = 0; c < count; c++) {
        look_up(sums, entries, positions[c], level_bytes);
    }
    widen(&sums[0], acc);
    widen(&sums[1], acc + 4);
}

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && defined(__GNUC__)
/* add_tap of eight channels. r4, r5: the even lanes; r6 to r9: the whole words; compilers need more
 * registers for it than there are. Each look-up takes 19 instructions. */
__attribute__((naked)) static void add_tap8(const uint8_t *entries, const uint32_t *positions,
                                            uint32_t level_bytes, int32_t *acc)
{
    __asm__("push {r3-r11, lr}\n"
            "movs r4, #0\n"
            "movs r5, #0\n"
            "movs r6, #0\n"
            "movs r7, #0\n"
            "mov r8, #0\n"
            "mov r9, #0\n"
            ".rept 8\n"
            "ldr r3, [r1], #4\n"
            "add lr, r0, r3, lsr #8\n"
            "uxtb r3, r3\n"
            "rsb r12, r3, #32\n"
            "ldrd r10, r11, [lr]\n"
            "umlal r6, r7, r10, r12\n"
            "uxtb16 r10, r10\n"
            "mla r4, r10, r12, r4\n"
            "umlal r8, r9, r11, r12\n"
            "uxtb16 r11, r11\n"
            "mla r5, r11, r12, r5\n"
            "add lr, lr, r2\n"
            "ldrd r10, r11, [lr]\n"
            "umlal r6, r7, r10, r3\n"
            "uxtb16 r10, r10\n"
            "mla r4, r10, r3, r4\n"
            "umlal r8, r9, r11, r3\n"
            "uxtb16 r11, r11\n"
            "mla r5, r11, r3, r5\n"
            ".endr\n"
            "pop {r3}\n"
            "subs r6, r6, r4\n" /* the odd lanes: (whole - even) >> 8 */
            "sbc r7, r7, #0\n"
            "lsr r6, r6, #8\n"
            "orr r6, r6, r7, lsl #24\n"
            "ldm r3, {r0, r1, r2, r12}\n"
            "uxtah r0, r0, r4\n"
            "uxtah r1, r1, r6\n"
            "add r2, r2, r4, lsr #16\n"
            "add r12, r12, r6, lsr #16\n"
            "stm r3!, {r0, r1, r2, r12}\n"
            "subs r8, r8, r5\n"
            "sbc r9, r9, #0\n"
            "lsr r8, r8, #8\n"
            "orr r8, r8, r9, lsl #24\n"
            "ldm r3, {r0, r1, r2, r12}\n"
            "uxtah r0, r0, r5\n"
            "uxtah r1, r1, r8\n"
            "add r2, r2, r5, lsr #16\n"
            "add r12, r12, r8, lsr #16\n"
            "stm r3, {r0, r1, r2, r12}\n"
            "pop {r4-r11, pc}\n");
}
#else
#define add_tap8(entries, positions, level_bytes, acc)                                             \
    add_tap(entries, positions, level_bytes, GROUP, acc)
#endif

/* Sum one tap of layers whose channels come in eights. */
static inline void add_groups(const uint8_t *entries, const uint32_t *positions,
                              const iqlut_layer *layer, uint32_t level_bytes, int32_t *acc)
{
    int32_t *const end = acc + layer->channels_out;
    for (uint32_t c = layer->channels_in; c != 0u; c -= GROUP) {
        const uint8_t *from = entries;
        for (int32_t *to = acc; to != end; to += GROUP) {
            add_tap8(from, positions, level_bytes, to);
            from += GROUP;
        }
        positions += GROUP;
    }
}

/* Sum one tap of layers with any number of channels. */
static void add_channels(const uint8_t *entries, const uint32_t *positions,
                         const iqlut_layer *layer, uint32_t level_bytes, int32_t *acc)
{
    for (uint32_t o = 0; o < layer->channels_out; o += GROUP) {
        for (uint32_t c = 0; c < layer->channels_in; c += GROUP) {
            const uint32_t left = layer->channels_in - c;
            add_tap(entries + o, positions + c, level_bytes, left < GROUP ? left : GROUP, acc + o);
        }
    }
}

uint32_t iqlut_accumulate_dsp(const iqlut_window *window, const uint32_t *const *columns,
                              int32_t *acc)
{
    const iqlut_layer *const layer = window->layer;
    const uint32_t channels = layer->channels_in;
    const uint32_t d = layer->channels_out;
    const uint32_t kernel = layer->kernel;
    const uint32_t level_bytes = kernel * kernel * d;
    const uint8_t *entries = layer->lut;
    if (window->symmetry != 1u || d % GROUP != 0u || ((uintptr_t)entries & 3u) != 0u) {
        return 0;
    }
    for (uint32_t o = 0; o < d; o++) {
        acc[o] = -IQLUT_BIAS * IQLUT_ONE * (int32_t)(kernel * kernel * channels);
    }
    for (uint32_t row = 0; row < kernel * channels; row += channels) {
        for (uint32_t j = 0; j < kernel; j++) {
            if (channels % GROUP == 0u) {
                add_groups(entries, columns[j] + row, layer, level_bytes, acc);
            } else {
                add_channels(entries, columns[j] + row, layer, level_bytes, acc);
            }
            entries += d;
        }
    }
    return 1;
}

#endif
