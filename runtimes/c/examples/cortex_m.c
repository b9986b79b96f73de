/* Start code of an Arm MPS2 board with a Cortex-M, as qemu emulates it (mps2-an385, -an386,
 * -an500). */
#include <stdint.h>

#include "board.h"

#define SYS_WRITE0 4u
#define SYS_EXIT_EXTENDED 0x20u
#define APPLICATION_EXIT 0x20026u

#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014u)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018u)
#define SYST_MASK 0x00FFFFFFu
#define INSTRUCTIONS_PER_TICK 40u /* one instruction a nanosecond, and a clock of 25 MHz */

extern uint32_t _stack_end, _data_load, _data_start, _data_end, _bss_start, _bss_end;

void reset_handler(void);

static uint32_t semihost(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

void board_write(const char *text)
{
    (void)semihost(SYS_WRITE0, text);
}

void board_exit(uint32_t code)
{
    const uint32_t block[2] = {APPLICATION_EXIT, code};
    (void)semihost(SYS_EXIT_EXTENDED, block);
    for (;;) {
    }
}

static uint32_t wraps;

static void systick_handler(void)
{
    wraps++;
}

uint64_t board_instructions(void)
{
    uint32_t before;
    uint32_t ticks;
    do {
        before = wraps;
        ticks = (SYST_MASK + 1u - SYST_CVR) & SYST_MASK; /* it counts down, from 0 at first */
    } while (before != wraps);
    return ((uint64_t)before * (SYST_MASK + 1u) + ticks) * INSTRUCTIONS_PER_TICK;
}

static void fault_handler(void)
{
    board_write("fault\n");
    board_exit(2);
}

void reset_handler(void)
{
    const uint32_t *from = &_data_load;
    for (uint32_t *to = &_data_start; to < &_data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = &_bss_start; to < &_bss_end; to++) {
        *to = 0;
    }
    SYST_RVR = SYST_MASK;
    SYST_CVR = 0;
    SYST_CSR = 7; /* the processor's clock, an interrupt at each wrap, on */
    board_exit((uint32_t)main());
}

__attribute__((section(".vectors"), used)) static void (*const vectors[16])(void) = {
    (void (*)(void))(void *)&_stack_end,
    reset_handler,
    fault_handler,
    fault_handler,
    fault_handler,
    fault_handler,
    fault_handler,
    0,
    0,
    0,
    0,
    fault_handler,
    0,
    0,
    fault_handler,
    systick_handler};
