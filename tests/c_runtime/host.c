/* Reads a blob of cases from stdin, and prints how many differences there are. */
#include <stdio.h>
#include <stdlib.h>

#include "check.h"

int main(void)
{
    const size_t most = (size_t)256 << 20;
    uint8_t *const blob = (uint8_t *)malloc(most);
    uint32_t cases = 0;
    uint32_t differences = 1;
    if (blob != NULL && fread(blob, 1, most, stdin) >= 4u) {
        differences = check_cases(blob, &cases);
    }
    free(blob);
    printf("%lu cases: %lu differences\n", (unsigned long)cases, (unsigned long)differences);
    return differences != 0u;
}
