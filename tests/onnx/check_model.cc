// check_model FILE...: ONNX's own checker on each; the first complaint ends it. Exit 77 without libonnx's checker.
#include <onnx/checker.h>

#include <iostream>

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) try {
            onnx::checker::check_model(std::string(argv[i]));
            std::cout << argv[i] << ": clean\n";
        } catch (const std::exception &e) {
            std::cerr << argv[i] << ": " << e.what() << "\n";
            return 1;
        }
    return 0;
}
