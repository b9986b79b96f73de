/* Upscales a small synthetic picture row by row, and prints a checksum of the result and the
 * instructions for each output pixel. `make run` builds it with the tables of l8c8-x4 and runs it
 * under qemu. */
#include "board.h"
#include "l8c8_x4_tables.h"

#define WIDTH 40u
#define HEIGHT 30u

IQLUT_CHECK(memory_fits, L8C8_X4_BYTES(WIDTH) <= 16384u);

static uint32_t memory[IQLUT_WORDS(L8C8_X4_BYTES(WIDTH))];

static void add_to_sum(void *user, uint32_t row, uint32_t column, const uint8_t *pixels,
                       uint32_t count)
{
    uint32_t *const sum = (uint32_t *)user;
    for (uint32_t i = 0; i < count; i++) { /* does not depend on the order of spans */
        *sum += (row * 31u + (column + i) * 17u + 1u) * pixels[i];
    }
}

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
    const uint32_t pixels = WIDTH * HEIGHT * L8C8_X4_SCALE * L8C8_X4_SCALE;
    uint32_t sum = 0;
    uint8_t luma[WIDTH];
    iqlut_stream stream;
    iqlut_output output = {add_to_sum, &sum};
    const uint64_t begin = board_instructions();
    if (iqlut_start(&stream, &l8c8_x4, WIDTH, memory, sizeof memory, output) != IQLUT_OK) {
        return 1;
    }
    for (uint32_t y = 0; y < HEIGHT; y++) {
        for (uint32_t x = 0; x < WIDTH; x++) {
            luma[x] = (uint8_t)((x * x + 3u * y * y + x * y) >> 2);
        }
        if (iqlut_push(&stream, luma) != IQLUT_OK) {
            return 1;
        }
    }
    if (iqlut_finish(&stream) != IQLUT_OK) {
        return 1;
    }
    board_write("checksum ");
    write_number(sum);
    board_write(", instructions for each output pixel ");
    write_number((uint32_t)(board_instructions() - begin) / pixels);
    board_write("\n");
    return 0;
}
