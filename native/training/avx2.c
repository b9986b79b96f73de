/* AVX2 with FMA. */
#define TRAIN_ISA avx2
#define TRAIN_NEEDS (IQLUT_CPU_AVX2 | IQLUT_CPU_FMA)
#define TRAIN_LANES 8
#define BACKWARD_CHUNK 4
#define FORWARD_CHUNK 4
#include "layer_tmpl.c"
