# Loops from the definitions over whole networks are worth the compiler's effort; ONNX's own tensors come as its messages.
foreach(test test_reference_operators test_reference_models)
  if(TARGET ${test})
    target_include_directories(${test} SYSTEM PRIVATE ${onnx_generated})
    target_compile_options(${test} PRIVATE -O3)
  endif()
endforeach()
# Timed candidates and spinning barriers want the machine to themselves.
set_tests_properties(reference.test_models PROPERTIES RUN_SERIAL ON TIMEOUT 900)
