// list_operators: every version of every operator of ai.onnx that libonnx's registry knows and opset 7 or a later one
// means, a line each:
// "NAME VERSION LEAST-INPUTS MOST-INPUTS LEAST-OUTPUTS MOST-OUTPUTS".
#include <onnx/defs/schema.h>

#include <iostream>

static bool is_read(const onnx::OpSchema &s)
{
    const auto *first = onnx::OpSchemaRegistry::Schema(s.Name(), 7, s.domain());
    return s.domain() == onnx::ONNX_DOMAIN && (!first || s.SinceVersion() >= first->SinceVersion());
}

int main()
{
    for (const auto &s : onnx::OpSchemaRegistry::get_all_schemas_with_history())
        if (is_read(s))
            std::cout << s.Name() << ' ' << s.SinceVersion() << ' ' << s.min_input() << ' ' << s.max_input() << ' '
                      << s.min_output() << ' ' << s.max_output() << '\n';
    return 0;
}
