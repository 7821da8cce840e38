/* Tensor files: what is written comes back; damaged ones are refused with one line. */
#include "base/file.h"
#include "check.h"
#include "tensors/npy.h"
#include "tensors/proto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/gable-tensors-XXXXXX", path[64];
static struct pool *pool;

static int start(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/value", folder);
    pool = pool_new(1 << 20);
    return pool ? 0 : -1;
}
static int finish(void **state)
{
    (void)state;
    unlink(path);
    rmdir(folder);
    pool_free(pool);
    return 0;
}

static const enum dtype numbers[] = {DTYPE_F64, DTYPE_F32, DTYPE_F16, DTYPE_S64, DTYPE_S32,  DTYPE_S16, DTYPE_S8,
                                     DTYPE_U64, DTYPE_U32, DTYPE_U16, DTYPE_U8,  DTYPE_BOOL, DTYPE_BF16};
static const struct {
    int rank;
    int64_t dim[3];
} shapes[] = {{0, {0}}, {1, {5}}, {3, {2, 3, 4}}, {2, {0, 7}}};

static struct value counted(enum dtype d, int rank, const int64_t *dim)
{
    struct value v, wide;
    gable_error e = {0};
    assert_ok(value_new(pool, d, rank, dim, &v, &e), &e);
    assert_ok(value_new(pool, DTYPE_S64, rank, dim, &wide, &e), &e);
    for (int64_t i = 0; i < wide.n; i++) ((int64_t *)wide.data)[i] = i;
    value_convert(&wide, &v);
    value_release(&wide);
    return v;
}

static void assert_same(const struct value *a, const struct value *b)
{
    assert_int_equal(a->dtype, b->dtype);
    assert_true(value_same_shape(a, b));
    if (a->n) assert_memory_equal(a->data, b->data, (size_t)a->n * value_element_bytes(a->dtype));
}

static void numbers_come_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        for (size_t k = 0; k < COUNT_OF(shapes); k++) {
            gable_error e = {0};
            char name[8];
            struct value v = counted(numbers[i], shapes[k].rank, shapes[k].dim), back;
            assert_ok(proto_write(path, "some name", FORM_TENSOR, &v, &e), &e);
            assert_ok(proto_read(pool, path, FORM_TENSOR, &back, name, sizeof name, &e), &e);
            assert_string_equal(name, "some na");
            assert_same(&v, &back);
            value_release(&back);
            assert_ok(npy_write(path, &v, &e), &e);
            assert_ok(npy_read(pool, path, &back, &e), &e);
            if (numbers[i] == DTYPE_BF16) /* NumPy has none */
                assert_int_equal(back.dtype, DTYPE_F32);
            else
                assert_same(&v, &back);
            if (v.n) assert_true(value_real(&back, v.n - 1) == value_real(&v, v.n - 1));
            value_release(&back);
            value_release(&v);
        }
}

static void text_comes_back(void **state)
{
    (void)state;
    static const char *const words[] = {"", "plain", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"};
    gable_error e = {0};
    struct value v, back[2];
    assert_ok(value_new(pool, DTYPE_STRING, 1, (const int64_t[]){3}, &v, &e), &e);
    for (int i = 0; i < 3; i++) value_set_string(&v, i, words[i]);
    assert_ok(npy_write(path, &v, &e), &e);
    assert_ok(npy_read(pool, path, &back[0], &e), &e);
    assert_ok(proto_write(path, "", FORM_TENSOR, &v, &e), &e);
    assert_ok(proto_read(pool, path, FORM_TENSOR, &back[1], NULL, 0, &e), &e);
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < 3; i++) assert_string_equal(((char **)back[k].data)[i], words[i]);
        value_release(&back[k]);
    }
    value_release(&v);
}

static void sequences_and_optionals_come_back(void **state)
{
    (void)state;
    gable_error e = {0};
    struct value s, back, nothing = {0};
    assert_ok(value_new_sequence(pool, DTYPE_F32, 2, &s, &e), &e);
    for (int i = 0; i < 2; i++) value_items(&s)[i] = counted(DTYPE_F32, 1, (const int64_t[]){i + 1});
    static const enum tensor_form forms[] = {FORM_SEQUENCE, FORM_OPTIONAL_SEQUENCE};
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        assert_ok(proto_write(path, "s", forms[i], &s, &e), &e);
        assert_ok(proto_read(pool, path, forms[i], &back, NULL, 0, &e), &e);
        assert_int_equal(back.kind, VALUE_SEQUENCE);
        assert_int_equal(back.n, 2);
        assert_same(&value_items(&s)[1], &value_items(&back)[1]);
        value_release(&back);
    }
    assert_ok(proto_write(path, "o", FORM_OPTIONAL, &value_items(&s)[0], &e), &e);
    assert_ok(proto_read(pool, path, FORM_OPTIONAL, &back, NULL, 0, &e), &e);
    assert_same(&value_items(&s)[0], &back);
    value_release(&back);
    assert_ok(proto_write(path, "o", FORM_OPTIONAL, &nothing, &e), &e);
    assert_ok(proto_read(pool, path, FORM_OPTIONAL, &back, NULL, 0, &e), &e);
    assert_int_equal(back.kind, VALUE_ABSENT);
    assert_int_equal(proto_write(path, "o", FORM_TENSOR, &nothing, &e), GABLE_BAD_INPUT);
    assert_int_equal(npy_write(path, &s, &e), GABLE_BAD_INPUT);
    value_release(&s);
}

static void put(const void *bytes, size_t n)
{
    gable_error e = {0};
    assert_ok(file_write(path, bytes, n, &e), &e);
}

static void put_npy(const char *header, size_t n_data)
{
    char bytes[512] = "\x93NUMPY\x01";
    size_t n = strlen(header);
    bytes[8] = (char)(n & 255);
    bytes[9] = (char)(n >> 8);
    memcpy(bytes + 10, header, n);
    for (size_t i = 0; i < n_data; i++) bytes[10 + n + i] = (char)i;
    put(bytes, 10 + n + n_data);
}

static void other_orders_are_read(void **state)
{
    (void)state;
    gable_error e = {0};
    struct value v;
    put_npy("{'descr': '>i2', 'fortran_order': False, 'shape': (3,)}", 6);
    assert_ok(npy_read(pool, path, &v, &e), &e);
    assert_int_equal(value_int(&v, 1), 0x0203);
    value_release(&v);
    put_npy("{\"shape\": (2L, 3), \"fortran_order\": True, \"descr\": \"|u1\"}", 6);
    assert_ok(npy_read(pool, path, &v, &e), &e);
    static const int rows[] = {0, 2, 4, 1, 3, 5}; /* columns first in the file */
    for (int i = 0; i < 6; i++) assert_int_equal(value_int(&v, i), rows[i]);
    value_release(&v);
}

static const struct {
    const char *header;
    size_t n_data;
    const char *why;
} npy_cases[] = {
    {"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", 8, "its elements are '|O'"},
    {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", 4, "its elements are [('a'"},
    {"{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", 8, "its elements are '<c8'"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", 11,
     "holds 11 bytes of elements, its shape and type need 12"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 4, "its shape is not"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", 4, "need another number"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 4, "holds 4 bytes"},
    {"{'descr': '<f4', 'fortran_order': False, 'shape': (1", 4, "its shape is not"},
    {"{'descr': '<f4', 'fortran_order': maybe, 'shape': (1,)}", 4, "neither True nor False"},
    {"{'descr': '<f4', 'shape': (1,)}", 4, "lacks descr or fortran_order"},
    {"{'descr': '<U99999999999', 'fortran_order': False, 'shape': (1,)}", 4, "its elements are"},
    {"", 0, "lacks descr"},
};

static void damaged_npy_files_are_refused(void **state)
{
    (void)state;
    struct value v;
    for (size_t i = 0; i < COUNT_OF(npy_cases); i++) {
        gable_error e = {0};
        put_npy(npy_cases[i].header, npy_cases[i].n_data);
        if (!npy_read(pool, path, &v, &e)) fail_msg("%s was read", npy_cases[i].header);
        assert_contains(e.why, npy_cases[i].why);
        assert_contains(e.where, "value");
    }
    gable_error e = {0};
    put("PK\x03\x04", 4);
    assert_int_equal(npy_read(pool, path, &v, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "is not a .npy file");
    put("\x93NUMPY\x02\0\xff\xff\xff\xff", 12);
    assert_int_equal(npy_read(pool, path, &v, &e), GABLE_BAD_INPUT);
}

/* Every prefix of a file, and every byte changed, is read or refused; sanitizers watch. */
static void broken_files_do_no_harm(void **state)
{
    (void)state;
    struct value v = counted(DTYPE_S64, 2, (const int64_t[]){3, 4}), s, got;
    gable_error e = {0};
    assert_ok(value_new_sequence(pool, DTYPE_S64, 2, &s, &e), &e);
    for (int i = 0; i < 2; i++) value_share(&v, &value_items(&s)[i]);
    for (int kind = 0; kind < 3; kind++) {
        enum tensor_form form = kind == 1 ? FORM_SEQUENCE : FORM_TENSOR;
        char *bytes = NULL;
        size_t len, held;
        assert_ok(kind == 2 ? npy_write(path, &v, &e) : proto_write(path, "n", form, kind ? &s : &v, &e), &e);
        assert_ok(file_read(path, 1 << 20, &bytes, &len, &e), &e);
        for (size_t i = 0; i < 2 * len; i++) {
            gable_error why = {0};
            held = i < len ? i : len;
            if (i >= len) bytes[i - len] ^= 0x55;
            put(bytes, held);
            gable_status status =
                kind == 2 ? npy_read(pool, path, &got, &why) : proto_read(pool, path, form, &got, NULL, 0, &why);
            if (i >= len) bytes[i - len] ^= 0x55;
            if (status)
                assert_true(why.why[0] != '\0');
            else
                value_release(&got);
        }
        free(bytes);
    }
    value_release(&s);
    value_release(&v);
}

static void a_few_bytes_cannot_ask_for_gigabytes(void **state)
{
    (void)state;
    /* dims: 2^40; data_type: 1 */
    static const uint8_t huge[] = {0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 0x10, 0x01};
    struct value v;
    gable_error e = {0};
    put(huge, sizeof huge);
    assert_int_equal(proto_read(pool, path, FORM_TENSOR, &v, NULL, 0, &e), GABLE_BAD_INPUT);
    assert_contains(e.why, "fewer bytes than its shape has elements");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_come_back),
        cmocka_unit_test(text_comes_back),
        cmocka_unit_test(other_orders_are_read),
        cmocka_unit_test(sequences_and_optionals_come_back),
        cmocka_unit_test(damaged_npy_files_are_refused),
        cmocka_unit_test(broken_files_do_no_harm),
        cmocka_unit_test(a_few_bytes_cannot_ask_for_gigabytes),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
