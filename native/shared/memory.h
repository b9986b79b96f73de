/* Memory at the start of a cache line. */
#ifndef IQLUT_MEMORY_H
#define IQLUT_MEMORY_H

#include <stddef.h>

#define IQLUT_LINE 64 /* bytes of a cache line, and the longest vector: what memory is aligned to */

/* NULL if there is no memory. */
void *iqlut_allocate(size_t bytes);
void *iqlut_allocate_zeroed(size_t bytes);
void iqlut_release(void *memory); /* NULL: nothing */

/* A number up to the next multiple of `step`. */
static inline int iqlut_round_up(int value, int step) { return (value + step - 1) / step * step; }

/* Bytes up to the next line. */
static inline size_t iqlut_whole_lines(size_t bytes) {
    return (bytes + IQLUT_LINE - 1) / IQLUT_LINE * IQLUT_LINE;
}

#endif
