# The ONNX messages: code generated from libonnx-dev's own onnx.proto.
find_program(PROTOC_C protoc-c REQUIRED)
find_path(ONNX_PROTO_DIR onnx/onnx.proto REQUIRED)
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c)
set(onnx_generated ${CMAKE_BINARY_DIR}/generated)
file(MAKE_DIRECTORY ${onnx_generated})
add_custom_command(
  OUTPUT ${onnx_generated}/onnx/onnx.pb-c.c ${onnx_generated}/onnx/onnx.pb-c.h
  COMMAND ${PROTOC_C} --c_out=${onnx_generated} -I${ONNX_PROTO_DIR} onnx/onnx.proto
  DEPENDS ${ONNX_PROTO_DIR}/onnx/onnx.proto)
add_library(onnx_messages OBJECT ${onnx_generated}/onnx/onnx.pb-c.c ${onnx_generated}/onnx/onnx.pb-c.h)
target_include_directories(onnx_messages SYSTEM PUBLIC ${onnx_generated})
target_link_libraries(onnx_messages PUBLIC PkgConfig::PROTOBUF_C)
target_compile_options(onnx_messages PRIVATE -w)
target_sources(libgable PRIVATE $<TARGET_OBJECTS:onnx_messages>)
add_dependencies(libgable onnx_messages)
target_include_directories(libgable SYSTEM PRIVATE ${onnx_generated})
target_link_libraries(libgable PUBLIC PkgConfig::PROTOBUF_C)
