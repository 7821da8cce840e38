/* cmocka with what it needs before it, and the few checks that our tests share. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"

/* A call that must succeed; its sentence is shown when it does not. */
#define assert_ok(call, error)                                                    \
    do {                                                                          \
        if ((call) != GABLE_OK) fail_msg("%s: %s", (error)->where, (error)->why); \
    } while (0)
/* A sentence (or any text) holds a part. */
#define assert_contains(text, part)                                                   \
    do {                                                                              \
        if (!strstr(text, part)) fail_msg("\"%s\" does not hold \"%s\"", text, part); \
    } while (0)
#endif
