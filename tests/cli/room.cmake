# plot.c is of the program, not of the library.
target_sources(test_cli_plot PRIVATE ${CMAKE_SOURCE_DIR}/src/cli/plot.c)
