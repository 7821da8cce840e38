# What the tests look at is of the program, not of the library.
foreach(part plot skyline)
  target_sources(test_cli_${part} PRIVATE ${CMAKE_SOURCE_DIR}/src/cli/${part}.c)
endforeach()
