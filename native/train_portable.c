/* The training kernel for portable. */
#define KERNEL iqlut_train_portable
#define LANES 4
#define CHUNK 5
#include "train_body.h"
