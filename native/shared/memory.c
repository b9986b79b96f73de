/* Aligned memory from malloc; the address that malloc gave stands in front of it. */
#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Room for the address that malloc gave, which is kept in front of the aligned one. */
#define SURPLUS (IQLUT_LINE + sizeof(void *))

static void *align(char *raw) {
    if (!raw) return NULL;
    const uintptr_t mask = IQLUT_LINE - 1;
    const uintptr_t aligned = ((uintptr_t)raw + sizeof(void *) + mask) & ~mask;
    memcpy((char *)aligned - sizeof(void *), &raw, sizeof(void *));
    return (void *)aligned;
}

void *iqlut_allocate(size_t bytes) { return align(malloc(bytes + SURPLUS)); }

void *iqlut_allocate_zeroed(size_t bytes) { return align(calloc(1, bytes + SURPLUS)); }

void iqlut_release(void *memory) {
    void *raw = NULL;
    if (memory) memcpy(&raw, (char *)memory - sizeof(void *), sizeof(void *));
    free(raw);
}
