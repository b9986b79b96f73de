// Upscales a small synthetic picture row by row, and prints a checksum of the result and the time.
#include <iqlut_tables.h>

static const uint32_t WIDTH = 40;
static const uint32_t HEIGHT = 30;

static uint32_t memory[IQLUT_WORDS(IQLUT_TABLES_BYTES(WIDTH))];
static iqlut_stream stream;

// Receives finished pixels; a display would draw them here.
static void addToSum(void *user, uint32_t row, uint32_t column, const uint8_t *pixels,
                     uint32_t count)
{
    uint32_t *sum = (uint32_t *)user;
    for (uint32_t i = 0; i < count; i++) {
        *sum += (row * 31u + (column + i) * 17u + 1u) * pixels[i];
    }
}

void setup()
{
    uint8_t luma[WIDTH];
    uint32_t sum = 0;
    iqlut_output output = {addToSum, &sum};
    Serial.begin(115200);
    const uint32_t begin = micros();
    iqlut_status status =
        iqlut_start(&stream, &IQLUT_TABLES, WIDTH, memory, sizeof memory, output);
    for (uint32_t y = 0; y < HEIGHT && status == IQLUT_OK; y++) {
        for (uint32_t x = 0; x < WIDTH; x++) {
            luma[x] = (uint8_t)((x * x + 3u * y * y + x * y) >> 2);
        }
        status = iqlut_push(&stream, luma);
    }
    if (status == IQLUT_OK) {
        status = iqlut_finish(&stream);
    }
    Serial.print("status ");
    Serial.print((uint32_t)status);
    Serial.print(", checksum ");
    Serial.print(sum);
    Serial.print(", microseconds ");
    Serial.println((uint32_t)(micros() - begin));
}

void loop()
{
}
