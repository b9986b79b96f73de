/* What check.c offers to the programs around it. */
#ifndef CHECK_H
#define CHECK_H

#include <stdint.h>

#ifndef CHECK_MEMORY_BYTES
#define CHECK_MEMORY_BYTES 262144u
#endif
#ifndef CHECK_TABLE_BYTES
#define CHECK_TABLE_BYTES 65536u
#endif

/* Differences between the runtime and what is expected, over all cases of a blob; 0 is right. */
uint32_t check_cases(const uint8_t *blob, uint32_t *cases);

#endif
