# Files are made with ONNX's own messages.
file(GLOB onnx_tests CONFIGURE_DEPENDS onnx/test_*.c)
foreach(source ${onnx_tests})
  get_filename_component(test ${source} NAME_WE)
  string(REPLACE test_ test_onnx_ test ${test})
  target_include_directories(${test} SYSTEM PRIVATE ${onnx_generated})
endforeach()
# ONNX's own checker and shape inference (C++, so in programs of their own).
enable_language(CXX)
find_library(ONNX onnx REQUIRED)
find_library(ONNX_PROTO onnx_proto REQUIRED)
find_library(PROTOBUF protobuf REQUIRED)
foreach(program check_model infer_shapes list_operators)
  add_executable(${program} onnx/${program}.cc)
  set_target_properties(${program} PROPERTIES CXX_STANDARD 17)
  target_compile_definitions(${program} PRIVATE ONNX_ML=1 ONNX_NAMESPACE=onnx)
  target_compile_options(${program} PRIVATE -w)
  target_link_libraries(${program} PRIVATE ${ONNX} ${ONNX_PROTO} ${PROTOBUF})
endforeach()
target_compile_definitions(test_onnx_oracle PRIVATE ORACLE="$<TARGET_FILE:infer_shapes>"
                                                    REFUSED="${CMAKE_CURRENT_SOURCE_DIR}/onnx/refused.txt")
add_dependencies(test_onnx_oracle infer_shapes)
target_compile_definitions(test_onnx_schemas PRIVATE LIST="$<TARGET_FILE:list_operators>")
add_dependencies(test_onnx_schemas list_operators)
add_test(NAME onnx.exported COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/onnx/exported.sh $<TARGET_FILE:gable>
                                    $<TARGET_FILE:check_model>)
# Needs PyTorch: skipped, and said to be, where it is not there.
add_test(NAME onnx.pytorch COMMAND /usr/bin/python3 ${PROJECT_SOURCE_DIR}/bench/exported.py --gable $<TARGET_FILE:gable>
                                   resnet18 efficientnet_b0 mobilenet_v2 mobilenet_v3_small shufflenet_v2_x0_5
                                   squeezenet1_1)
set_tests_properties(onnx.pytorch PROPERTIES SKIP_RETURN_CODE 77)
