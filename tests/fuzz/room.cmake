# Mutated models: a fixed number is a test of every build. With clang's libFuzzer coverage guides a longer run by hand:
#   tests/fuzz/run.sh build-fuzz/tests/fuzz_onnx -max_total_time=600
target_include_directories(test_fuzz_mutated SYSTEM PRIVATE ${onnx_generated})
if(CMAKE_C_COMPILER_ID STREQUAL "Clang" AND GABLE_SANITIZE)
  target_compile_options(libgable PRIVATE -fsanitize=fuzzer-no-link)
  add_executable(fuzz_onnx fuzz/libfuzzer/fuzz_onnx.c fuzz/answer.c fuzz/mutate.c)
  target_include_directories(fuzz_onnx SYSTEM PRIVATE ${onnx_generated})
  target_compile_options(fuzz_onnx PRIVATE -fsanitize=fuzzer)
  target_link_options(fuzz_onnx PRIVATE -fsanitize=fuzzer)
  target_link_libraries(fuzz_onnx PRIVATE libgable)
  add_test(NAME fuzz.onnx COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/run.sh $<TARGET_FILE:fuzz_onnx> -runs=6000 -seed=1)
endif()
