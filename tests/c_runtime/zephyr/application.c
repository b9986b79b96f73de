/* Prints the memory of a stream, which needs the library and its tables. */
#include <stdio.h>

#include TABLES_HEADER

int main(void)
{
    printf("%u\n", (unsigned)iqlut_memory_bytes(&TABLES, 160));
    return 0;
}
