#include "tensors/npy.h"

#include "base/file.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MOST (SIZE_MAX / 4)
enum { PREFIX = 10, HEADER_UNIT = 64 };

static const struct {
    const char *descr; /* without byte order */
    enum dtype dtype;
} types[] = {
    {"f8", DTYPE_F64}, {"f4", DTYPE_F32}, {"f2", DTYPE_F16}, {"i8", DTYPE_S64}, {"i4", DTYPE_S32}, {"i2", DTYPE_S16},
    {"i1", DTYPE_S8},  {"u8", DTYPE_U64}, {"u4", DTYPE_U32}, {"u2", DTYPE_U16}, {"u1", DTYPE_U8},  {"b1", DTYPE_BOOL},
};

struct npy { /* what a header says */
    enum dtype dtype;
    size_t size; /* of an element in the file */
    bool is_swapped, is_fortran, is_ucs4;
    int rank;
    int64_t dim[SHAPE_RANK_MAX];
};

/* The text after 'KEY': in the header, a Python dictionary. */
static const char *after_key(const char *header, const char *key)
{
    char quoted[2][32];
    const char *at = NULL;
    snprintf(quoted[0], sizeof quoted[0], "'%s'", key);
    snprintf(quoted[1], sizeof quoted[1], "\"%s\"", key);
    for (int i = 0; i < 2 && !at; i++)
        if ((at = strstr(header, quoted[i]))) at += strlen(quoted[i]);
    if (!at) return NULL;
    at += strspn(at, " ");
    if (*at++ != ':') return NULL;
    return at + strspn(at, " ");
}

static bool parse_descr(const char *text, struct npy *out)
{
    char descr[16];
    size_t n;
    if (!text || (*text != '\'' && *text != '"')) return false;
    n = strcspn(text + 1, "'\"");
    if (n < 2 || n >= sizeof descr) return false;
    memcpy(descr, text + 1, n);
    descr[n] = '\0';
    if (!strchr("<>|=", descr[0])) return false;
    out->is_swapped = descr[0] == '>';
    if (descr[1] == 'U' || descr[1] == 'S') {
        char *end;
        unsigned long letters = strtoul(descr + 2, &end, 10);
        if (*end || end == descr + 2 || letters > 1 << 24 || descr[2] == '-') return false;
        out->dtype = DTYPE_STRING;
        out->is_ucs4 = descr[1] == 'U';
        out->size = letters * (out->is_ucs4 ? 4 : 1);
        return true;
    }
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (!strcmp(types[i].descr, descr + 1)) {
            out->dtype = types[i].dtype;
            out->size = value_element_bytes(out->dtype);
            return true;
        }
    return false;
}

static bool parse_shape(const char *text, struct npy *out)
{
    if (!text || *text++ != '(') return false;
    for (text += strspn(text, " "); *text != ')'; text += strspn(text, " ,")) {
        char *end;
        if (out->rank == SHAPE_RANK_MAX || *text < '0' || *text > '9') return false;
        out->dim[out->rank++] = strtoll(text, &end, 10);
        text = end;
        if (*text == 'L') text++; /* of Python 2 */
        if (*text != ',' && *text != ')' && *text != ' ') return false;
    }
    return true;
}

/* Of what stands there: a text, or a list of fields. */
static int written_length(const char *descr)
{
    size_t n = *descr == '[' ? strcspn(descr, "]") + 1 : strcspn(descr, ",}");
    return n < 60 ? (int)n : 60;
}

static gable_status parse_header(const char *header, struct npy *out, gable_error *e)
{
    const char *order = after_key(header, "fortran_order"), *descr = after_key(header, "descr");
    if (!order || !descr) return error_set(e, GABLE_BAD_INPUT, "its header lacks descr or fortran_order");
    if (!parse_descr(descr, out))
        return error_set(e, GABLE_BAD_INPUT, "its elements are %.*s: numbers of 1 to 8 bytes, bool and text are read",
                         written_length(descr), descr);
    if (strncmp(order, "True", 4) != 0 && strncmp(order, "False", 5) != 0)
        return error_set(e, GABLE_BAD_INPUT, "its fortran_order is neither True nor False");
    out->is_fortran = *order == 'T';
    if (!parse_shape(after_key(header, "shape"), out))
        return error_set(e, GABLE_BAD_INPUT, "its shape is not a tuple of at most %d sizes", SHAPE_RANK_MAX);
    return GABLE_OK;
}

static uint32_t little(const unsigned char *b, int n)
{
    uint32_t value = 0;
    while (n-- > 0) value = value << 8 | b[n];
    return value;
}

/* Where the elements begin. */
static gable_status read_header(char *bytes, size_t len, struct npy *out, size_t *data, gable_error *e)
{
    const unsigned char *b = (const unsigned char *)bytes;
    if (len < PREFIX || memcmp(bytes, "\x93NUMPY", 6) != 0)
        return error_set(e, GABLE_BAD_INPUT, "is not a .npy file: it does not begin with \\x93NUMPY");
    if (b[6] < 1 || b[6] > 3) return error_set(e, GABLE_BAD_INPUT, "is of format %d, 1 to 3 are read", b[6]);
    size_t prefix = b[6] == 1 ? PREFIX : PREFIX + 2;
    size_t n = len < prefix ? SIZE_MAX : little(b + 8, b[6] == 1 ? 2 : 4);
    if (n > len || n > len - prefix) return error_set(e, GABLE_BAD_INPUT, "ends within its header");
    char *header = malloc(n + 1);
    if (!header) return error_set(e, GABLE_NO_MEMORY, "no memory for its header");
    memcpy(header, bytes + prefix, n);
    header[n] = '\0';
    *data = prefix + n;
    gable_status s = parse_header(header, out, e);
    free(header);
    return s;
}

static void swap_bytes(char *data, size_t n, size_t size)
{
    for (char *at = data, *end = data + n * size; at < end; at += size)
        for (size_t i = 0; i < size / 2; i++) {
            char low = at[i];
            at[i] = at[size - 1 - i];
            at[size - 1 - i] = low;
        }
}

/* Element i of the file, in Fortran's order, is that element of the tensor. */
static int64_t fortran_place(const struct npy *h, int64_t i)
{
    int64_t place = 0, stride = 1, index[SHAPE_RANK_MAX] = {0};
    for (int a = 0; a < h->rank; a++) index[a] = i % h->dim[a], i /= h->dim[a];
    for (int a = h->rank - 1; a >= 0; a--) place += index[a] * stride, stride *= h->dim[a];
    return place;
}

static bool decode_text(const struct npy *h, const char *from, struct value *v, int64_t place)
{
    struct text t = {0};
    text_add(&t, "");
    for (size_t i = 0; i < h->size; i += h->is_ucs4 ? 4 : 1) {
        uint32_t c = (unsigned char)from[i];
        char utf8[5] = {0};
        if (h->is_ucs4) {
            c = little((const unsigned char *)from + i, 4);
            if (h->is_swapped) c = __builtin_bswap32(c);
        }
        if (!c) break;
        if (!h->is_ucs4 || c < 0x80)
            utf8[0] = (char)c;
        else if (c < 0x800)
            utf8[0] = (char)(0xc0 | c >> 6), utf8[1] = (char)(0x80 | (c & 63));
        else if (c < 0x10000)
            utf8[0] = (char)(0xe0 | c >> 12), utf8[1] = (char)(0x80 | (c >> 6 & 63)), utf8[2] = (char)(0x80 | (c & 63));
        else
            utf8[0] = (char)(0xf0 | (c >> 18 & 7)), utf8[1] = (char)(0x80 | (c >> 12 & 63)),
            utf8[2] = (char)(0x80 | (c >> 6 & 63)), utf8[3] = (char)(0x80 | (c & 63));
        text_add(&t, utf8);
    }
    bool ok = !t.failed && value_set_string(v, place, t.data);
    text_release(&t);
    return ok;
}

static gable_status decode(const struct npy *h, const char *data, struct value *v, gable_error *e)
{
    size_t size = h->size;
    if (h->dtype == DTYPE_STRING) {
        for (int64_t i = 0; i < v->n; i++)
            if (!decode_text(h, data + (size_t)i * size, v, h->is_fortran ? fortran_place(h, i) : i))
                return error_set(e, GABLE_NO_MEMORY, "no memory for its text");
        return GABLE_OK;
    }
    if (!h->is_fortran && v->n) memcpy(v->data, data, (size_t)v->n * size);
    for (int64_t i = 0; i < v->n && h->is_fortran; i++)
        memcpy((char *)v->data + (size_t)fortran_place(h, i) * size, data + (size_t)i * size, size);
    if (h->is_swapped) swap_bytes(v->data, (size_t)v->n, size);
    if (h->dtype == DTYPE_BOOL)
        for (int64_t i = 0; i < v->n; i++) ((uint8_t *)v->data)[i] = ((uint8_t *)v->data)[i] != 0;
    return GABLE_OK;
}

static gable_status parse(struct pool *p, char *bytes, size_t len, struct value *out, gable_error *e)
{
    struct npy h = {0};
    size_t data = 0, needed = 0;
    gable_status s = read_header(bytes, len, &h, &data, e);
    if (s) return s;
    const struct shape shape = {h.rank, h.dim};
    count n = shape_product(&shape, 0);
    if (n == COUNT_MAX || __builtin_mul_overflow((size_t)n, h.size, &needed) || needed != len - data)
        return error_set(e, GABLE_BAD_INPUT, "holds %zu bytes of elements, its shape and type need %s%zu", len - data,
                         needed ? "" : "another number than ", needed);
    s = value_new(p, h.dtype, h.rank, h.dim, out, e);
    if (!s) s = decode(&h, bytes + data, out, e);
    if (s) value_release(out);
    return s;
}

gable_status npy_read(struct pool *p, const char *path, struct value *out, gable_error *e)
{
    char *bytes = NULL;
    size_t len = 0;
    *out = (struct value){0};
    gable_status s = file_read(path, FILE_MOST, &bytes, &len, e);
    if (s) return s;
    s = parse(p, bytes, len, out, e);
    free(bytes);
    return s ? error_within(e, "%s", path) : GABLE_OK;
}

/* The code point at *at, which moves on; broken bytes stand for themselves. */
static uint32_t next_letter(const unsigned char **at)
{
    uint32_t c = *(*at)++;
    int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
    for (int i = 0; i < more; i++)
        if (((*at)[i] & 0xc0) != 0x80) return c;
    if (more) c &= 0x3fu >> more;
    while (more-- > 0) c = c << 6 | (*(*at)++ & 63u);
    return c;
}

static size_t letters_of(const char *s)
{
    size_t n = 0;
    for (const unsigned char *at = (const unsigned char *)s; *at; n++) next_letter(&at);
    return n;
}

static void add_ucs4(struct text *t, const char *s, size_t letters)
{
    const unsigned char *at = (const unsigned char *)s;
    for (size_t i = 0; i < letters; i++) {
        uint32_t c = *at ? next_letter(&at) : 0;
        text_add_n(t, (const char *)&c, sizeof c);
    }
}

static const char *string_at(const struct value *v, int64_t i)
{
    const char *s = ((char *const *)v->data)[i];
    return s ? s : "";
}

static void add_header(struct text *t, const char *descr, const struct value *v)
{
    struct text h = {0};
    text_addf(&h, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (int i = 0; i < v->rank; i++) text_addf(&h, "%s%" PRId64, i ? ", " : "", v->dim[i]);
    text_add(&h, v->rank == 1 ? ",), }" : "), }");
    while ((PREFIX + h.len + 1) % HEADER_UNIT && !h.failed) text_add(&h, " ");
    text_add(&h, "\n");
    const unsigned char prefix[] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)h.len, (unsigned char)(h.len >> 8)};
    text_add_n(t, (const char *)prefix, sizeof prefix);
    if (h.data) text_add_n(t, h.data, h.len);
    t->failed = t->failed || h.failed;
    text_release(&h);
}

static void add_strings(struct text *t, const struct value *v)
{
    size_t letters = 1;
    char descr[32];
    for (int64_t i = 0; i < v->n; i++)
        if (letters_of(string_at(v, i)) > letters) letters = letters_of(string_at(v, i));
    snprintf(descr, sizeof descr, "<U%zu", letters);
    add_header(t, descr, v);
    for (int64_t i = 0; i < v->n; i++) add_ucs4(t, string_at(v, i), letters);
}

/* Pieces in a type that NumPy has. */
static void add_converted(struct text *t, const struct value *v, enum dtype as)
{
    double wide[128];
    struct value to = {.kind = VALUE_TENSOR, .dtype = as, .data = wide};
    size_t size = value_element_bytes(as), own = value_element_bytes(v->dtype);
    for (int64_t first = 0; first < v->n; first += (int64_t)COUNT_OF(wide)) {
        struct value from = *v;
        from.data = (char *)v->data + (size_t)first * own;
        to.n = v->n - first < (int64_t)COUNT_OF(wide) ? v->n - first : (int64_t)COUNT_OF(wide);
        value_convert(&from, &to);
        text_add_n(t, to.data, (size_t)to.n * size);
    }
}

static void add_numbers(struct text *t, const struct value *v)
{
    char descr[8] = "";
    enum dtype as = v->dtype == DTYPE_BF16 ? DTYPE_F32 : v->dtype == DTYPE_S4 ? DTYPE_S8 : v->dtype;
    size_t size = value_element_bytes(as);
    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (types[i].dtype == as) snprintf(descr, sizeof descr, "%c%s", size > 1 ? '<' : '|', types[i].descr);
    add_header(t, descr, v);
    if (as != v->dtype)
        add_converted(t, v, as);
    else if (v->n)
        text_add_n(t, v->data, (size_t)v->n * size);
}

gable_status npy_write(const char *path, const struct value *v, gable_error *e)
{
    struct text t = {0};
    gable_status s = GABLE_OK;
    if (v->kind != VALUE_TENSOR) return error_set(e, GABLE_BAD_INPUT, "only tensors are written as .npy");
    if (v->dtype == DTYPE_STRING)
        add_strings(&t, v);
    else
        add_numbers(&t, v);
    s = t.failed ? error_set(e, GABLE_NO_MEMORY, "no memory for %s", path) : file_write(path, t.data, t.len, e);
    text_release(&t);
    return s;
}
