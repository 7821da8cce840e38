#include "mutate.h"

#include "base/arena.h"
#include "ops/ops.h"

#include <onnx/onnx.pb-c.h>
#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 4096, DEPTH_MAX = 40, MEMORY_MAX = 32 << 20, NAMES_MAX = 256 };

/* A field of one of the model's messages. */
struct place {
    ProtobufCMessage *message;
    const ProtobufCFieldDescriptor *field;
};
struct garden {
    struct arena *arena;
    ProtobufCAllocator allocator;
    uint64_t random;
    int n_places, n_names;
    struct place places[FIELDS_MAX];
    char *names[NAMES_MAX];
};

static void *take(void *arena, size_t bytes) { return arena_alloc(arena, bytes ? bytes : 1); }
static void leave(void *arena, void *bytes) { (void)arena, (void)bytes; }

static uint64_t draw(struct garden *g, uint64_t below) /* splitmix64 */
{
    uint64_t z = g->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    z ^= z >> 31;
    return below ? z % below : z;
}

static void *member(const struct place *p) { return (char *)p->message + p->field->offset; }
static size_t *quantity(const struct place *p)
{
    return (size_t *)(void *)((char *)p->message + p->field->quantifier_offset);
}

static size_t element_bytes(ProtobufCType t)
{
    switch (t) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE: return 8;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE: return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
    default: return 4;
    }
}

/* Is this field what the message holds (of several that share a place at most one is)? */
static bool is_present(const struct place *p)
{
    bool is_one_of = p->field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
    unsigned chosen = is_one_of ? *(unsigned *)(void *)quantity(p) : 0;
    return !is_one_of || chosen == p->field->id;
}

static void walk(struct garden *g, ProtobufCMessage *m, int depth);

static void note_element(struct garden *g, const ProtobufCFieldDescriptor *f, void *element, int depth)
{
    void *pointer;
    memcpy(&pointer, element, sizeof pointer);
    if (!pointer) return;
    if (f->type == PROTOBUF_C_TYPE_MESSAGE)
        walk(g, pointer, depth + 1);
    else if (g->n_names < NAMES_MAX && *(char *)pointer)
        g->names[g->n_names++] = pointer;
}

/* Notes every field of a message and of those in it. */
static void walk(struct garden *g, ProtobufCMessage *m, int depth)
{
    for (unsigned i = 0; i < m->descriptor->n_fields && depth < DEPTH_MAX; i++) {
        const ProtobufCFieldDescriptor *f = &m->descriptor->fields[i];
        struct place p = {m, f};
        if (g->n_places < FIELDS_MAX) g->places[g->n_places++] = p;
        if (!is_present(&p) || (f->type != PROTOBUF_C_TYPE_MESSAGE && f->type != PROTOBUF_C_TYPE_STRING)) continue;
        bool is_list = f->label == PROTOBUF_C_LABEL_REPEATED;
        char *elements = is_list ? *(char **)member(&p) : member(&p);
        for (size_t k = 0; k < (is_list ? *quantity(&p) : 1); k++)
            note_element(g, f, elements + k * sizeof(void *), depth);
    }
}

static int64_t odd_number(struct garden *g, int64_t now)
{
    static const int64_t odd[] = {
        0,         1,         2,         3,           7,         -1,        -2,        255,
        1024,      65536,     INT32_MAX, INT32_MIN,   1LL << 32, 1LL << 40, 1LL << 48, (1LL << 48) + 1,
        1LL << 62, INT64_MAX, INT64_MIN, -(1LL << 40)};
    switch (draw(g, 4)) {
    case 0: return (int64_t)((uint64_t)now + draw(g, 5) - 2);
    case 1: return (int64_t)draw(g, 16);
    default: return odd[draw(g, COUNT_OF(odd))];
    }
}

/* Names of this model, of operators, of attributes, and none. */
static char *odd_text(struct garden *g)
{
    static char *const words[] = {"",      "axis",        "axes",  "ai.onnx", "kernel_shape", "pads",
                                  "value", "body",        "mode",  "\x1b[2J", "\xff",         "strides",
                                  "to",    "then_branch", "group", "equation"};
    switch (draw(g, 4)) {
    case 0: return words[draw(g, COUNT_OF(words))];
    case 1: {
        int n = 0;
        while (op_at(n)) n++;
        return (char *)(uintptr_t)op_at((int)draw(g, (uint64_t)n))->name;
    }
    default: return g->n_names ? g->names[draw(g, (uint64_t)g->n_names)] : words[0];
    }
}

static void change_bytes(struct garden *g, ProtobufCBinaryData *b)
{
    static const double odd[] = {0, -0.0, 1, -1, 1e300, -1e38, 1e-320, 0.5};
    size_t n = draw(g, 4) ? b->len : (size_t)draw(g, 65);
    uint8_t *copy = arena_alloc(g->arena, n + 1);
    if (!copy) return;
    if (b->len) memcpy(copy, b->data, b->len < n ? b->len : n);
    for (uint64_t k = draw(g, 8); k && n; k--) {
        size_t at = (size_t)draw(g, n);
        if (draw(g, 2) && at + 8 <= n) {
            int64_t whole = odd_number(g, 0);
            memcpy(copy + at / 8 * 8, draw(g, 2) ? (const void *)&whole : &odd[draw(g, COUNT_OF(odd))], 8);
        } else {
            copy[at] = (uint8_t)draw(g, 256);
        }
    }
    *b = (ProtobufCBinaryData){n, copy};
}

/* A value at `element` becomes another. */
static void change(struct garden *g, const ProtobufCFieldDescriptor *f, void *element)
{
    int64_t whole = 0;
    double real = (double)odd_number(g, 0) / (draw(g, 2) ? 1 : 3);
    float narrow = (float)real;
    char *text;
    size_t n = element_bytes(f->type);
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING:
        text = odd_text(g);
        memcpy(element, &text, sizeof text);
        break;
    case PROTOBUF_C_TYPE_BYTES: change_bytes(g, element); break;
    case PROTOBUF_C_TYPE_MESSAGE: break;
    case PROTOBUF_C_TYPE_FLOAT: memcpy(element, &narrow, n); break;
    case PROTOBUF_C_TYPE_DOUBLE: memcpy(element, &real, n); break;
    case PROTOBUF_C_TYPE_ENUM:
        whole = (int64_t)draw(g, 18);
        memcpy(element, &whole, n);
        break;
    default:
        memcpy(&whole, element, n);
        whole = odd_number(g, whole);
        memcpy(element, &whole, n);
    }
}

/* A message like one of the same kind elsewhere in the model: an attribute of another node, a node of another graph. A
   copy, for a message that comes to lie within itself has no end. NULL where there is none. */
static ProtobufCMessage *adopted(struct garden *g, const ProtobufCFieldDescriptor *f)
{
    for (int tries = 0; tries < 32; tries++) {
        const struct place *p = &g->places[draw(g, (uint64_t)g->n_places)];
        if (p->field != f || !*quantity(p)) continue;
        ProtobufCMessage *m = (*(ProtobufCMessage ***)member(p))[draw(g, *quantity(p))];
        size_t n = protobuf_c_message_get_packed_size(m);
        uint8_t *bytes = arena_alloc(g->arena, n + 1);
        if (!bytes) return NULL;
        return protobuf_c_message_unpack(m->descriptor, &g->allocator, protobuf_c_message_pack(m, bytes), bytes);
    }
    return NULL;
}

/* Elements are doubled, dropped, exchanged, changed; messages come from elsewhere too, into empty lists as well. */
static void change_list(struct garden *g, const struct place *p)
{
    size_t size = element_bytes(p->field->type), n = *quantity(p);
    char *old = *(char **)member(p), *list = arena_array(g->arena, n + 1, size);
    if (!list) return;
    if (n) memcpy(list, old, n * size);
    size_t i = n ? (size_t)draw(g, n) : 0, k = n ? (size_t)draw(g, n) : 0;
    bool is_message = p->field->type == PROTOBUF_C_TYPE_MESSAGE;
    ProtobufCMessage *other = is_message && (!n || draw(g, 4) == 0) ? adopted(g, p->field) : NULL;
    switch (other ? 4 : draw(g, 4)) {
    case 4:
        memcpy(list + n * size, &other, sizeof other);
        *quantity(p) = n + 1;
        break;
    case 0:
        if (!n && p->field->type >= PROTOBUF_C_TYPE_STRING) return;
        if (n) memcpy(list + n * size, list + i * size, size);
        *quantity(p) = n + 1;
        break;
    case 1:
        if (!n) return;
        memmove(list + i * size, list + (i + 1) * size, (n - 1 - i) * size);
        *quantity(p) = n - 1;
        break;
    case 2:
        if (!n) return;
        memcpy(list + i * size, old + k * size, size);
        memcpy(list + k * size, old + i * size, size);
        break;
    default:
        if (n) change(g, p->field, list + i * size);
    }
    memcpy(member(p), &list, sizeof list);
}

static void change_place(struct garden *g, const struct place *p)
{
    const ProtobufCFieldDescriptor *f = p->field;
    if (!is_present(p)) return;
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        change_list(g, p);
    } else if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
        if (!(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) && draw(g, 8) == 0) memset(member(p), 0, sizeof(void *));
    } else {
        if (f->type != PROTOBUF_C_TYPE_STRING && f->quantifier_offset && !(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
            *(protobuf_c_boolean *)(void *)quantity(p) = draw(g, 8) != 0;
        change(g, f, member(p));
    }
}

static struct garden *garden_new(uint32_t seed)
{
    struct garden *g = calloc(1, sizeof *g);
    if (!g) return NULL;
    g->arena = arena_new(MEMORY_MAX);
    g->allocator = (ProtobufCAllocator){take, leave, g->arena};
    g->random = seed;
    return g;
}
static size_t garden_pack(struct garden *g, const Onnx__ModelProto *m, uint8_t *out, size_t room)
{
    size_t n = onnx__model_proto__get_packed_size(m);
    if (n <= room) onnx__model_proto__pack(m, out);
    arena_free(g->arena);
    free(g);
    return n <= room ? n : 0;
}

size_t mutate_model(uint8_t *bytes, size_t size, size_t room, uint32_t seed)
{
    struct garden *g = garden_new(seed);
    Onnx__ModelProto *m = g ? onnx__model_proto__unpack(&g->allocator, size, bytes) : NULL;
    if (!m) {
        if (g) arena_free(g->arena);
        free(g);
        return 0;
    }
    walk(g, &m->base, 0);
    for (uint64_t k = 1 + draw(g, 4); k; k--) change_place(g, &g->places[draw(g, (uint64_t)g->n_places)]);
    return garden_pack(g, m, bytes, room);
}

/* Lists of messages of one kind: an element of the second model comes into the first. */
size_t cross_models(const uint8_t *one, size_t n_one, const uint8_t *other, size_t n_other, uint8_t *out, size_t room,
                    uint32_t seed)
{
    struct garden *g = garden_new(seed);
    Onnx__ModelProto *a = g ? onnx__model_proto__unpack(&g->allocator, n_one, one) : NULL;
    Onnx__ModelProto *b = a ? onnx__model_proto__unpack(&g->allocator, n_other, other) : NULL;
    if (!b) {
        if (g) arena_free(g->arena);
        free(g);
        return 0;
    }
    walk(g, &a->base, 0);
    int n_first = g->n_places;
    walk(g, &b->base, 0);
    int n_second = g->n_places - n_first;
    for (int tries = 0; n_second && tries < 64; tries++) {
        const struct place *to = &g->places[draw(g, (uint64_t)n_first)];
        const struct place *from =
            &g->places[n_first + (int)draw(g, (uint64_t)n_second)]; /* no message within itself */
        if (to->field != from->field || to->field->label != PROTOBUF_C_LABEL_REPEATED || !*quantity(from)) continue;
        size_t size = element_bytes(to->field->type), n = *quantity(to);
        char *list = arena_array(g->arena, n + 1, size);
        if (!list) break;
        if (n) memcpy(list, *(char **)member(to), n * size);
        size_t at = (size_t)draw(g, n + 1);
        memmove(list + (at + 1) * size, list + at * size, (n - at) * size);
        memcpy(list + at * size, *(char **)member(from) + draw(g, *quantity(from)) * size, size);
        memcpy(member(to), &list, sizeof list);
        *quantity(to) = n + 1;
        break;
    }
    return garden_pack(g, a, out, room);
}
