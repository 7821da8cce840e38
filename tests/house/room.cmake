# What no compiler says of the sources as a whole.
foreach(check layers sizes words static)
  add_test(NAME house.${check} COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/house/${check}.sh)
endforeach()
add_test(NAME house.headers COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/house/headers.sh ${CMAKE_C_COMPILER} -isystem ${onnx_generated})
add_test(NAME house.completion COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/house/completion.sh $<TARGET_FILE:gable>)
