/* Start code of the machine "virt" of qemu-system-riscv32. */
#include <stdint.h>

#include "board.h"

#define UART (*(volatile uint8_t *)0x10000000u)
#define TEST_FINISHER (*(volatile uint32_t *)0x00100000u)
#define FINISHER_PASS 0x5555u
#define FINISHER_FAIL 0x3333u

void start(void);

__asm__(".option arch, +zicsr\n" /* for board_instructions */
        ".section .init, \"ax\"\n"
        ".globl _start\n"
        "_start:\n"
        "  la sp, _stack_end\n"
        "  la t0, _bss_start\n"
        "  la t1, _bss_end\n"
        "1: bgeu t0, t1, 2f\n"
        "  sw zero, 0(t0)\n"
        "  addi t0, t0, 4\n"
        "  j 1b\n"
        "2: call start\n"
        ".text\n");

void board_write(const char *text)
{
    while (*text != '\0') {
        UART = (uint8_t)*text++;
    }
}

void board_exit(uint32_t code)
{
    TEST_FINISHER = code == 0u ? FINISHER_PASS : (code << 16) | FINISHER_FAIL;
    for (;;) {
    }
}

uint64_t board_instructions(void)
{
    uint32_t high;
    uint32_t low;
    uint32_t again;
    do {
        __asm__ volatile("csrr %0, 0xB82" : "=r"(high)); /* minstreth */
        __asm__ volatile("csrr %0, 0xB02" : "=r"(low));
        __asm__ volatile("csrr %0, 0xB82" : "=r"(again));
    } while (high != again);
    return ((uint64_t)high << 32) | low;
}

void start(void)
{
    board_exit((uint32_t)main());
}
