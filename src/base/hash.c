#include "base/hash.h"

#include <sys/random.h>

uint64_t hash_secret(void)
{
    uint64_t secret;
    if (getrandom(&secret, sizeof secret, GRND_NONBLOCK) < 0)
        secret = (uint64_t)(uintptr_t)&secret * UINT64_C(0x9e3779b97f4a7c15);
    return secret | 1;
}
