/* Files that a fuzzer found to crash something, each under a name that says what it was: answered now, or refused with
   a sentence. Sanitizers watch in the builds that have them. */
#include "check.h"
#include "fuzz/answer.h"

#include <glob.h>

static void each_is_answered_or_refused(void **state)
{
    glob_t files;
    (void)state;
    assert_int_equal(glob(TESTS_DIR "/hostile/found/*.onnx", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) answer(files.gl_pathv[i]);
    globfree(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_is_answered_or_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
