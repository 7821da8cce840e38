# Mutated models: a fixed number is a test of every build. cmake/Fuzz.cmake has the same for libFuzzer.
target_include_directories(test_fuzz_mutated SYSTEM PRIVATE ${onnx_generated})
