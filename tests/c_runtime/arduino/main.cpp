// Calls a sketch as Arduino's core does, with one round of the loop.
#include "Arduino.h"

SerialPort Serial;

int main()
{
    setup();
    loop();
    return 0;
}
