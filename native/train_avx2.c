/* The training kernel for avx2. */
#define KERNEL iqlut_train_avx2
#define CHUNK 2
#include "train_body.h"
