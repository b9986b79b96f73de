/* The training kernel for avx2. */
#define NAME(function) iqlut_train_##function##_avx2
#define CHUNK 2
#include "train_body.h"
