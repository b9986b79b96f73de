/* Prints the instructions and the stack that upscaling a plane takes, on an emulated board:
 * `instructions pixels stack_bytes stream_bytes`, and of a model the bytes of memory at widths of
 * 160, 320 and 480 pixels. */
#include "board.h"
#ifdef TABLES_HEADER
#include TABLES_HEADER
#else
#include "interpolation.h"
#endif

#define WIDTH 64u
#define HEIGHT 48u
#define SCALE 4u
#define PAINTED 4096u
#define PAINT 0x5Au

static uint8_t luma[WIDTH * HEIGHT];

static void write_number(uint32_t value)
{
    char text[12];
    char *digit = text + 11;
    *digit = '\0';
    *--digit = ' ';
    do {
        *--digit = (char)('0' + value % 10u);
        value /= 10u;
    } while (value > 0u);
    board_write(digit);
}

#ifdef TABLES_HEADER
static uint32_t memory[IQLUT_WORDS(TABLES_BYTES(WIDTH))];

static void ignore(void *user, uint32_t row, uint32_t column, const uint8_t *pixels, uint32_t count)
{
    (void)user;
    (void)row;
    (void)column;
    (void)pixels;
    (void)count;
}

static __attribute__((noinline)) void work(void)
{
    iqlut_stream stream;
    iqlut_output output = {ignore, 0};
    if (iqlut_start(&stream, &TABLES, WIDTH, memory, sizeof memory, output) == IQLUT_OK) {
        for (uint32_t y = 0; y < HEIGHT; y++) {
            (void)iqlut_push(&stream, luma + y * WIDTH);
        }
        (void)iqlut_finish(&stream);
    }
}
#else
static __attribute__((noinline)) void work(void)
{
    static uint8_t out[WIDTH * SCALE];
    static int32_t middle[WIDTH];
    const interpolation job = {luma, WIDTH, HEIGHT, CUBIC};
    interpolate(&job, middle, out);
}
#endif

int main(void)
{
    uint8_t *const bottom = (uint8_t *)__builtin_frame_address(0) - PAINTED - 256u;
    uint32_t free_bytes = 0;
    for (uint32_t i = 0; i < WIDTH * HEIGHT; i++) {
        const uint32_t x = i % WIDTH;
        const uint32_t y = i / WIDTH;
        luma[i] = (uint8_t)((x * x + 3u * y * y + x * y) >> 3);
    }
    for (volatile uint8_t *at = bottom; at < bottom + PAINTED; at++) {
        *at = PAINT;
    }
    const uint64_t begin = board_instructions();
    work();
    const uint64_t end = board_instructions();
    while (free_bytes < PAINTED && ((volatile uint8_t *)bottom)[free_bytes] == PAINT) {
        free_bytes++;
    }
    write_number((uint32_t)(end - begin));
    write_number(WIDTH * HEIGHT * SCALE * SCALE);
    write_number(PAINTED + 256u - free_bytes);
#ifdef TABLES_HEADER
    write_number((uint32_t)sizeof(iqlut_stream));
    write_number(TABLES_BYTES(160u));
    write_number(TABLES_BYTES(320u));
    write_number(TABLES_BYTES(480u));
#else
    write_number(0);
#endif
    board_write("\n");
    return 0;
}
