# The man page and the shells' completions, made from what --help says.
find_program(HELP2MAN help2man)
if(NOT CMAKE_CROSSCOMPILING AND NOT GABLE_SANITIZE AND HELP2MAN)
  set(completion ${CMAKE_SOURCE_DIR}/tools/completion)
  add_custom_command(
    OUTPUT ${CMAKE_BINARY_DIR}/gable.1 ${CMAKE_BINARY_DIR}/gable.bash ${CMAKE_BINARY_DIR}/_gable
    COMMAND ${completion} $<TARGET_FILE:gable> man > gable.h2m
    COMMAND ${completion} $<TARGET_FILE:gable> bash > gable.bash
    COMMAND ${completion} $<TARGET_FILE:gable> zsh > _gable
    COMMAND ${HELP2MAN} --no-info --name=${PROJECT_DESCRIPTION} --include=gable.h2m --output=gable.1 $<TARGET_FILE:gable>
    DEPENDS gable ${completion}
    WORKING_DIRECTORY ${CMAKE_BINARY_DIR}
    VERBATIM)
  add_custom_target(manual ALL DEPENDS ${CMAKE_BINARY_DIR}/gable.1)
  install(FILES ${CMAKE_BINARY_DIR}/gable.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${CMAKE_BINARY_DIR}/gable.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
          RENAME gable)
  install(FILES ${CMAKE_BINARY_DIR}/_gable DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
endif()
