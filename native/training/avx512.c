/* AVX-512 (F, BW, VL, DQ). */
#define TRAIN_ISA avx512
#define TRAIN_NEEDS IQLUT_CPU_AVX512
#define TRAIN_LANES 16
#define BACKWARD_CHUNK 9
#define FORWARD_CHUNK 9
#include "layer_tmpl.c"
