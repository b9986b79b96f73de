/* The training kernel for avx512. */
#define KERNEL iqlut_train_avx512
#define LANES 16
#define CHUNK 9
#include "train_body.h"
