// infer_shapes FILE...: what ONNX's own shape inference makes of each file, nothing stated believed: a line
// "file TAB tensor TAB type TAB 1x3x?" for every tensor of which it knows the rank. A file that it refuses: "file TAB !".
#include <onnx/shape_inference/implementation.h>

#include <fstream>
#include <iostream>

static void print(const char *file, const onnx::ValueInfoProto &v)
{
    if (!v.type().has_tensor_type() || !v.type().tensor_type().has_shape()) return;
    const auto &shape = v.type().tensor_type().shape();
    if (v.name().empty() || v.name().find_first_of("\t\n") != std::string::npos) return;
    std::cout << file << '\t' << v.name() << '\t' << v.type().tensor_type().elem_type() << '\t';
    for (int i = 0; i < shape.dim_size(); i++) {
        std::cout << (i ? "x" : "");
        if (shape.dim(i).has_dim_value())
            std::cout << shape.dim(i).dim_value();
        else
            std::cout << '?';
    }
    std::cout << '\n';
}

// Sparse initializers, as which weights that are left out are written, are inputs of their dense type to it.
static void make_dense(onnx::GraphProto *g)
{
    for (const auto &t : g->sparse_initializer()) {
        auto *input = g->add_input();
        input->set_name(t.values().name());
        auto *type = input->mutable_type()->mutable_tensor_type();
        type->set_elem_type(t.values().data_type());
        for (int64_t d : t.dims()) type->mutable_shape()->add_dim()->set_dim_value(d);
    }
    g->clear_sparse_initializer();
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        onnx::ModelProto model;
        std::ifstream in(argv[i], std::ios::binary);
        if (!model.ParseFromIstream(&in)) return 1;
        make_dense(model.mutable_graph());
        model.mutable_graph()->clear_value_info();
        for (auto &v : *model.mutable_graph()->mutable_output())
            if (v.type().has_tensor_type()) v.mutable_type()->mutable_tensor_type()->clear_shape();
        try {
            onnx::ShapeInferenceOptions options(false, 1, true);
            onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(), options);
        } catch (const std::exception &) {
            std::cout << argv[i] << "\t!\n";
            continue;
        }
        for (const auto &v : model.graph().value_info()) print(argv[i], v);
        for (const auto &v : model.graph().output()) print(argv[i], v);
    }
    return 0;
}
