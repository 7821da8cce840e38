# Files are made with ONNX's own messages.
foreach(test test_onnx_read test_onnx_shapes test_onnx_functions test_onnx_weights)
  target_include_directories(${test} SYSTEM PRIVATE ${onnx_generated})
endforeach()
