/* What files and arguments may hold at most: the readers have their numbers from here, `gable --help limits` lists
   them. Beyond one the input is refused by a sentence that says the number. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H
#include <stdint.h>

#define LIMIT_NESTING 100
#define LIMIT_GRAPHS 32
#define LIMIT_FUNCTIONS 10000
#define LIMIT_CALLS 100
#define LIMIT_NODES 1000000
#define LIMIT_NODES_EXPANDED 4000000
#define LIMIT_TENSORS 2000000
#define LIMIT_OPERANDS 4096
#define LIMIT_ATTRIBUTES 256
#define LIMIT_ATTRIBUTE_ELEMENTS 16777216
#define LIMIT_NAME_BYTES 65536
#define LIMIT_RANK 64
#define LIMIT_DIMENSION (INT64_C(1) << 48)
#define LIMIT_VALUES 1024
#define LIMIT_MODEL_BYTES (32 << 20)
#define LIMIT_MODEL_BYTES_PER_BYTE 64
#define LIMIT_PIPED_BYTES (UINT64_C(1) << 31)
#define LIMIT_LOCATION_BYTES 4096
#define LIMIT_CHIPS_BYTES (1 << 20)
#define LIMIT_ARGUMENT_BYTES 4096
#define LIMIT_ERROR_BYTES 500
#endif
