# docs/COUNTING.md holds the program's own counts.
add_executable(counting_doc ${CMAKE_SOURCE_DIR}/tools/counting_doc.c)
target_link_libraries(counting_doc PRIVATE libgable)
add_test(NAME zoo.counting_doc COMMAND counting_doc ${CMAKE_SOURCE_DIR}/docs/COUNTING.md)
