# Mutated models with coverage as the guide, beside the test of a fixed number under sanitizers (tests/fuzz/test_mutated.c).
# tools/check runs a fixed number of these too. By hand, with -DGABLE_SANITIZE=ON, as long as one likes:
#   tests/fuzz/run.sh build-fuzz/fuzz_onnx -max_total_time=600
# The planned engine's product, which no file of the fuzzer reaches, takes clang's sanitizers five minutes to compile.
set_source_files_properties(src/engine/cpu/kernels/gemm.c PROPERTIES COMPILE_OPTIONS -fno-sanitize=all)
target_compile_options(libgable PRIVATE -fsanitize=fuzzer-no-link)
target_link_options(libgable INTERFACE -fsanitize=fuzzer-no-link)
add_executable(fuzz_onnx tests/fuzz/libfuzzer/fuzz_onnx.c tests/fuzz/answer.c tests/fuzz/mutate.c)
target_include_directories(fuzz_onnx SYSTEM PRIVATE ${onnx_generated})
target_compile_options(fuzz_onnx PRIVATE -fsanitize=fuzzer)
target_link_options(fuzz_onnx PRIVATE -fsanitize=fuzzer)
target_link_libraries(fuzz_onnx PRIVATE libgable)
