# Fuzz targets: clang's libFuzzer only. A short, bounded run over ONNX's own files is a test; longer ones are run by hand:
#   build-clang/tests/fuzz_onnx -max_total_time=600 CORPUS
if(CMAKE_C_COMPILER_ID STREQUAL "Clang" AND GABLE_SANITIZE)
  target_compile_options(libgable PRIVATE -fsanitize=fuzzer-no-link) # coverage guides the fuzzer
  add_executable(fuzz_onnx fuzz/fuzz_onnx.c)
  target_compile_options(fuzz_onnx PRIVATE -fsanitize=fuzzer)
  target_link_options(fuzz_onnx PRIVATE -fsanitize=fuzzer)
  target_link_libraries(fuzz_onnx PRIVATE libgable)
  set(corpus ${CMAKE_CURRENT_BINARY_DIR}/corpus)
  add_test(NAME fuzz.onnx COMMAND sh -c
    "rm -rf '${corpus}' && mkdir -p '${corpus}' && for f in /usr/share/libonnx-testdata/data/*/*/model.onnx; do d=\${f%/*}; cp $f '${corpus}'/\${d##*/}; done && exec $<TARGET_FILE:fuzz_onnx> -runs=20000 -seed=1 -max_len=4096 -rss_limit_mb=512 -timeout=10 '${corpus}'")
endif()
