/* What the example needs of Arduino, on a host: serial output goes to stdout. */
#ifndef ARDUINO_H
#define ARDUINO_H

#include <stdint.h>
#include <stdio.h>

struct SerialPort {
    void begin(unsigned long) {}
    void print(const char *text) { fputs(text, stdout); }
    void print(uint32_t number) { printf("%lu", (unsigned long)number); }
    void println(uint32_t number) { printf("%lu\n", (unsigned long)number); }
};

extern SerialPort Serial;

static inline unsigned long micros() { return 0; }

void setup();
void loop();

#endif
