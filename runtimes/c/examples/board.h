/* What an example needs of a machine: somewhere to print, an end, and a count of instructions. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

void board_write(const char *text);

/* End the emulation with this exit code. */
void board_exit(uint32_t code);

/* Instructions executed so far, to about 40, if qemu runs with `-icount shift=0`. */
uint64_t board_instructions(void);

/* Called by the start code. */
int main(void);

#endif
