/* The training kernel for portable. */
#define KERNEL iqlut_train_portable
#define CHUNK 2
#include "train_body.h"
