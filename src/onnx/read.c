#include "onnx/onnx.h"

#include "base/input.h"
#include "onnx/reader.h"
#include "onnx/scan.h"

#include <string.h>

/* What people give by mistake, told apart by a few bytes at a place. */
static const char *foreign_kind(const uint8_t *b, size_t len)
{
    static const struct {
        size_t at, n;
        const char *magic, *what;
    } kinds[] = {
        {0, 23, "version https://git-lfs", "a Git LFS pointer, not a model: run git lfs pull"},
        {0, 4, "PK\3\4", "a zip archive (a PyTorch checkpoint?), not an ONNX model: export it with torch.onnx.export"},
        {0, 2, "\x80\2", "a Python pickle, not an ONNX model: export it with torch.onnx.export"},
        {0, 4, "\x7f\x45LF", "a program, not an ONNX model"},
        {0, 1, "<", "HTML or XML, not an ONNX model: was a web page saved instead of the file?"},
        {0, 1, "{", "JSON, not an ONNX model"},
        {0, 4, "\x89HDF", "an HDF5 file (Keras?), not an ONNX model: export it with tf2onnx"},
        {0, 4, "GGUF", "a GGUF file, not an ONNX model"},
        {7, 3, "\0{\"", "a safetensors file: weights without a graph, not an ONNX model"},
        {3, 5, "\0TFL3", "a TensorFlow Lite model, not an ONNX model: convert it with tf2onnx"},
        {0, 6, "\x93NUMPY", "a NumPy array, not an ONNX model"},
        {257, 5, "ustar", "a tar archive, not an ONNX model: unpack it first"},
        {0, 2, "\x1f\x8b", "compressed by gzip, not an ONNX model: unpack it first"},
        {0, 6, "\xfd\x37zXZ", "compressed by xz, not an ONNX model: unpack it first"},
        {0, 4, "\x89PNG", "an image, not an ONNX model"},
        {0, 11, "ir_version:", "an ONNX model as text: convert it with onnx.parser or google.protobuf.text_format"},
    };
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (kinds[i].at <= len && kinds[i].n <= len - kinds[i].at &&
            !memcmp(b + kinds[i].at, kinds[i].magic, kinds[i].n))
            return kinds[i].what;
    return NULL;
}

static gable_status read_graph(const Onnx__ModelProto *m, const struct mapping *file, const char *path,
                               const struct onnx_options *options, struct reader r, struct graph **out)
{
    const char *slash = strrchr(path, '/');
    struct functions *functions = NULL;
    struct given given;
    r.g = graph_new(slash ? slash + 1 : path, path, LIMIT_MODEL_BYTES + LIMIT_MODEL_BYTES_PER_BYTE * file->len);
    r.names = names_new();
    gable_status s = r.g && r.names ? GABLE_OK : error_set(r.e, GABLE_NO_MEMORY, "no memory for the graph");
    for (size_t i = 0; !s && i < m->n_opset_import; i++) {
        const char *domain = m->opset_import[i]->domain;
        if (!domain || !*domain || !strcmp(domain, "ai.onnx")) r.g->opset = (int)m->opset_import[i]->version;
    }
    if (!s) s = functions_new(m, &functions, r.e);
    if (!s) s = given_match(&given, m->graph, options, r.e);
    r.functions = functions;
    r.given = &given;
    r.has_weights = reader_has_weights(m->graph);
    if (!s) s = reader_graph(&r, m->graph);
    functions_free(functions);
    names_free(r.names);
    if (s)
        graph_free(r.g);
    else
        *out = r.g;
    return s;
}

/* In the file's order, as nearly all have it; else once more, sorted. */
static gable_status read_model(const Onnx__ModelProto *m, const struct mapping *file, const char *path,
                               const struct onnx_options *options, struct graph **out, gable_error *e)
{
    bool is_unsorted = false;
    struct reader r = {.file = file, .options = options, .prefix = "", .is_unsorted = &is_unsorted, .e = e};
    if (!m->graph) return error_set(e, GABLE_BAD_INPUT, "holds no graph; this is not an ONNX model");
    gable_status s = read_graph(m, file, path, options, r, out);
    if (!s || !is_unsorted) return s;
    if (e) *e = (gable_error){0};
    r.sorts = true;
    return read_graph(m, file, path, options, r, out);
}

gable_status onnx_read(const char *path, const struct onnx_options *options, struct graph **out, gable_error *e)
{
    const struct onnx_options defaults = {0};
    struct mapping file = {0};
    struct slim slim = {0};
    Onnx__ModelProto *m = NULL;
    struct graph *g = NULL;
    gable_status s = mapping_open(&file, path, e);
    const char *foreign = s ? NULL : foreign_kind(file.bytes, file.len);
    if (foreign) s = error_set(e, GABLE_BAD_INPUT, "is %s", foreign);
    if (!s) s = scan_model(file.bytes, file.len, &slim, e);
    if (!s) {
        m = onnx__model_proto__unpack(NULL, slim.len, slim.bytes);
        if (!m) s = error_set(e, GABLE_BAD_INPUT, "is not an ONNX model, or a damaged one");
    }
    if (!s) s = read_model(m, &file, input_name(path), options ? options : &defaults, &g, e);
    gable_status cut = mapping_check(&file, e); /* whatever else was found then */
    if (cut) s = cut;
    if (m) onnx__model_proto__free_unpacked(m, NULL);
    slim_release(&slim);
    mapping_close(&file);
    if (!s) {
        *out = g;
        return GABLE_OK;
    }
    graph_free(g);
    return error_within(e, "%s", input_name(path));
}

bool onnx_is_path(const char *word)
{
    size_t n = strlen(word);
    return input_is_stdin(word) || strchr(word, '/') || (n > 5 && !strcmp(word + n - 5, ".onnx"));
}
