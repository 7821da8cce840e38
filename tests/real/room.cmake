# Real models beside ONNX Runtime: minutes, npm and PyTorch; `make check-deep` runs them.
option(GABLE_DEEP "tests that fetch real models and take minutes, labelled slow" OFF)
if(GABLE_DEEP)
  find_program(NODE node REQUIRED)
  add_test(NAME real.prepare COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/real/prepare ${CMAKE_BINARY_DIR}/real)
  add_test(NAME real.models WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
           COMMAND ${NODE} tests/real/real.mjs $<TARGET_FILE:gable> ${CMAKE_BINARY_DIR}/real)
  set_tests_properties(real.prepare PROPERTIES FIXTURES_SETUP real_models LABELS slow TIMEOUT 1800)
  set_tests_properties(real.models PROPERTIES FIXTURES_REQUIRED real_models LABELS slow TIMEOUT 1800)
endif()
