/* The training kernel for avx512. */
#define NAME(function) iqlut_train_##function##_avx512
#define CHUNK 5
#include "train_body.h"
