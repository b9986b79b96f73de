/* Plain C. */
#define TRAIN_ISA portable
#define TRAIN_NEEDS 0
#define TRAIN_LANES 4
#define TRAIN_CHUNK 5
#include "layer_tmpl.c"
