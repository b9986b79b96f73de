/* Runs the cases that are linked in (cases.S) on an emulated board. */
#include "board.h"
#include "check.h"

extern const uint8_t cases_blob[];

static void write_number(uint32_t value)
{
    char text[11];
    char *digit = text + 10;
    *digit = '\0';
    do {
        *--digit = (char)('0' + value % 10u);
        value /= 10u;
    } while (value > 0u);
    board_write(digit);
}

int main(void)
{
    uint32_t cases = 0;
    const uint32_t differences = check_cases(cases_blob, &cases);
    write_number(cases);
    board_write(" cases: ");
    write_number(differences);
    board_write(" differences\n");
    return differences != 0u ? 1 : 0;
}
