# What the tests look at is of the program, not of the library.
foreach(part plot skyline train_save)
  target_sources(test_cli_${part} PRIVATE ${CMAKE_SOURCE_DIR}/src/cli/${part}.c)
endforeach()
target_include_directories(test_cli_train_save BEFORE PRIVATE ${CMAKE_SOURCE_DIR}/src) # its onnx/write.h
