/* AVX2 with FMA. */
#define TRAIN_ISA avx2
#define TRAIN_NEEDS (IQLUT_CPU_AVX2 | IQLUT_CPU_FMA)
#define TRAIN_LANES 8
#define TRAIN_CHUNK 5
#include "layer_tmpl.c"
