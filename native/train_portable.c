/* The training kernel for portable. */
#define NAME(function) iqlut_train_##function##_portable
#define CHUNK 2
#include "train_body.h"
