/* The training kernel for avx2. */
#define KERNEL iqlut_train_avx2
#define LANES 8
#define CHUNK 5
#include "train_body.h"
