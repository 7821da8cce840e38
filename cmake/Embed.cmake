# gable_embed(TARGET SYMBOL FILE): the file's bytes become `const unsigned char SYMBOL[]` and `const size_t SYMBOL_len`.
function(gable_embed target symbol file)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/embed/${symbol}.S)
  file(WRITE ${source}.new
".section .rodata\n.global ${symbol}\n.balign 16\n${symbol}:\n.incbin \"${file}\"\n1:\n.byte 0\n.balign 8\n.global ${symbol}_len\n${symbol}_len:\n.quad 1b - ${symbol}\n.section .note.GNU-stack,\"\",%progbits\n")
  file(COPY_FILE ${source}.new ${source} ONLY_IF_DIFFERENT)
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS ${file})
  target_sources(${target} PRIVATE ${source})
endfunction()
