# Files are made with ONNX's own messages.
file(GLOB onnx_tests CONFIGURE_DEPENDS onnx/test_*.c)
foreach(source ${onnx_tests})
  get_filename_component(test ${source} NAME_WE)
  string(REPLACE test_ test_onnx_ test ${test})
  target_include_directories(${test} SYSTEM PRIVATE ${onnx_generated})
endforeach()
# Exported models before ONNX's own checker (C++, so in a program of its own).
enable_language(CXX)
find_library(ONNX onnx REQUIRED)
find_library(ONNX_PROTO onnx_proto REQUIRED)
find_library(PROTOBUF protobuf REQUIRED)
add_executable(check_model onnx/check_model.cc)
set_target_properties(check_model PROPERTIES CXX_STANDARD 17)
target_compile_definitions(check_model PRIVATE ONNX_ML=1 ONNX_NAMESPACE=onnx)
target_compile_options(check_model PRIVATE -w)
target_link_libraries(check_model PRIVATE ${ONNX} ${ONNX_PROTO} ${PROTOBUF})
add_test(NAME onnx.exported COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/onnx/exported.sh $<TARGET_FILE:gable>
                                    $<TARGET_FILE:check_model>)
