/* Plain C. */
#define TRAIN_ISA portable
#define TRAIN_NEEDS 0
#define TRAIN_LANES 4
#define BACKWARD_CHUNK 4
#define FORWARD_CHUNK 4
#include "layer_tmpl.c"
