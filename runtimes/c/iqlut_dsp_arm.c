/* The inner loops of iqlut_dsp.c for cores with the DSP extension, in assembly: compilers need more
 * registers for them than there are. iqlut_dsp.c has the same loops in C.
 *
 * A look-up takes 15 instructions for eight outputs; eight of them 18 more to widen the sums. */
#include "iqlut_dsp.h"

#ifdef IQLUT_DSP_ARM

/* clang-format off */
#define FUNCTION(name)                                                                             \
    ".syntax unified\n.thumb\n.text\n.balign 4\n.thumb_func\n.global " name "\n"                   \
    ".type " name ", %function\n" name ":\n"

/* One signal of a channel: lr signals, r12 entries, r3 look-ups, r4 to r6 the shape. */
#define FILL                                                                                       \
    "ldrb r8, [lr], #1\n"                                                                          \
    "ldrb r8, [r4, r8]\n"                                                                          \
    "and r10, r8, #31\n"                                                                           \
    "lsr r9, r8, #5\n"                                                                             \
    "mla r9, r9, r5, r12\n"                                                                        \
    "rsb r11, r10, #32\n"                                                                          \
    "stmia r3!, {r9-r11}\n"                                                                        \
    "add r12, r12, r6\n"

__asm__(FUNCTION("iqlut_fill_arm")
    "push {r4-r11, lr}\n"
    "ldmia r0, {r4-r7, r12}\n"
    "ldr r0, [r0, #20]\n"
    "sub r7, r7, r6, lsl #3\n"     /* from the last channel of a row to the first of the next */
    "1:\n"
    "ldrd r8, r9, [r1], #8\n"      /* iqlut_pixel */
    "sub r9, r2, r9\n"
    "add lr, r8, r9, lsl #3\n"
    ".rept 8\n" FILL ".endr\n"
    "add r12, r12, r7\n"
    "subs r0, r0, #1\n"
    "bne.w 1b\n"
    "pop {r4-r11, pc}\n");

/* One row of entries times its weight: r8, r10 whole words and r9, r11 odd lanes, of outputs 0 to 3
 * and 4 to 7. */
#define SET(sum, entries, weight) "mul " sum ", " entries ", " weight "\n"
#define ADD(sum, entries, weight) "mla " sum ", " entries ", " weight ", " sum "\n"
#define ROW(SUM, offset, weight)                                                                   \
    "ldrd r5, r12, [r4, #" offset "]\n"                                                            \
    SUM("r8", "r5", weight)                                                                        \
    "uxtb16 r5, r5, ror #8\n"                                                                      \
    SUM("r9", "r5", weight)                                                                        \
    SUM("r10", "r12", weight)                                                                      \
    "uxtb16 r12, r12, ror #8\n"                                                                    \
    SUM("r11", "r12", weight)

/* One look-up: r4 address, r6 and r7 weights. */
#define LOOK_UP(SUM, below, above)                                                                 \
    "ldmia r0!, {r4, r6, r7}\n"                                                                    \
    ROW(SUM, below, "r7")                                                                          \
    ROW(ADD, above, "r6")

/* Add the lanes of four outputs to their sums. */
#define WIDEN(even, odd)                                                                           \
    "uxtah r4, r4, " even "\n"                                                                     \
    "uxtah r5, r5, " odd "\n"                                                                      \
    "add r6, r6, " even ", lsr #16\n"                                                              \
    "add r7, r7, " odd ", lsr #16\n"

/* Eight outputs of one output pixel: r2 their sums, which start from what stands `next` bytes on. A
 * group has `more` look-ups after its first. */
#define PASS(more, next, below, above)                                                             \
    "add lr, r2, #" next "\n"                                                                      \
    "1:\n"                                                                                         \
    LOOK_UP(SET, below, above)                                                                     \
    ".rept " more "\n" LOOK_UP(ADD, below, above) ".endr\n"                                        \
    "sub r8, r8, r9, lsl #8\n"                                                                     \
    "sub r10, r10, r11, lsl #8\n"                                                                  \
    "ldmia lr!, {r4-r7}\n"                                                                         \
    WIDEN("r8", "r9")                                                                              \
    "stmia r2!, {r4-r7}\n"                                                                         \
    "ldm lr, {r4-r7}\n"                                                                            \
    WIDEN("r10", "r11")                                                                            \
    "stm r2, {r4-r7}\n"                                                                            \
    "sub r2, r2, #16\n"                                                                            \
    "mov lr, r2\n"                                                                                 \
    "subs r1, r1, #1\n"                                                                            \
    "bne.w 1b\n"                                                                                   \
    "ldrd r0, r1, [sp]\n"                                                                          \
    "add r2, r2, #32\n"

/* Begin with the pixel of passes.first, which is in r3; passes.count is the fifth word. */
#define ENTER(pixel)                                                                               \
    "push {r4-r11, lr}\n"                                                                          \
    "ldr r4, [r0, #24]\n"                                                                          \
    "push {r1, r4}\n"                                                                              \
    "mov r0, r1\n"                                                                                 \
    "mov r1, r4\n"                                                                                 \
    "mov r5, #" pixel "\n"                                                                         \
    "ldr r4, [sp, #44]\n"                                                                          \
    "mla r2, r3, r5, r2\n"                                                                         \
    "cmp r3, #1\n"                                                                                 \
    "mov r3, r4\n"                                                                                 \
    "beq.w 3f\n"                                                                                   \
    "bhi.w 4f\n"
#define NEXT                                                                                       \
    "subs r3, r3, #1\n"                                                                            \
    "beq.w 2f\n"
#define LEAVE                                                                                      \
    "2:\n"                                                                                         \
    "add sp, sp, #8\n"                                                                             \
    "pop {r4-r11, pc}\n"

__asm__(FUNCTION("iqlut_add_3x3_arm")
    ENTER("32")
    PASS("7", "32", "16", "88") NEXT
    "3:\n" PASS("7", "32", "8", "80") NEXT
    "4:\n" PASS("7", "32", "0", "72")
    LEAVE);

__asm__(FUNCTION("iqlut_add_luma_arm")
    ENTER("32")
    PASS("2", "32", "16", "88") NEXT
    "3:\n" PASS("2", "32", "8", "80") NEXT
    "4:\n" PASS("2", "32", "0", "72")
    LEAVE);

__asm__(FUNCTION("iqlut_add_2x2_arm")
    ENTER("64")
    PASS("7", "64", "16", "80") PASS("7", "64", "24", "88") NEXT
    "3:\n" PASS("7", "64", "0", "64") PASS("7", "64", "8", "72")
    "4:\n" LEAVE);

/* Two outputs: r0 sums, r1 skip signals, r2 outputs, r4 to r8 the constants. */
#define REQUANTISE(load, bytes)                                                                    \
    "ldrd r9, r10, [r0], #8\n"                                                                     \
    "ldrd r12, lr, [r6], #8\n"                                                                     \
    "asr r9, r9, r7\n"                                                                             \
    "asr r10, r10, r7\n"                                                                           \
    "ldr r11, [r4], #4\n"                                                                          \
    "smlabb r9, r9, r11, r12\n"                                                                    \
    "smlabt r10, r10, r11, lr\n"                                                                   \
    "ldr r11, [r5], #4\n"                                                                          \
    load " r12, [r1], #" bytes "\n"                                                                \
    load " lr, [r1], #" bytes "\n"                                                                 \
    "smlabb r9, r12, r11, r9\n"                                                                    \
    "smlabt r10, lr, r11, r10\n"                                                                   \
    "asr r9, r9, r8\n"                                                                             \
    "asr r10, r10, r8\n"                                                                           \
    "usat r9, #8, r9\n"                                                                            \
    "usat r10, #8, r10\n"                                                                          \
    "strb r9, [r2], #1\n"                                                                          \
    "strb r10, [r2], #1\n"

#define REQUANTISER(name, load, bytes)                                                             \
    FUNCTION(name)                                                                                 \
    "push {r4-r11, lr}\n"                                                                          \
    "ldmia r3, {r4-r8}\n"                                                                          \
    "ldr r3, [r3, #20]\n"                                                                          \
    "1:\n"                                                                                         \
    ".rept 4\n" REQUANTISE(load, bytes) ".endr\n"                                                  \
    "subs r3, r3, #8\n"                                                                            \
    "bne.w 1b\n"                                                                                   \
    "pop {r4-r11, pc}\n"

__asm__(REQUANTISER("iqlut_requantise8_arm", "ldrb", "1"));
__asm__(REQUANTISER("iqlut_requantise16_arm", "ldrh", "2"));
/* clang-format on */

#endif
