# The other architecture's kernels, where a cross compiler and an emulator are installed.
find_program(AARCH64_GCC aarch64-linux-gnu-gcc)
find_program(QEMU_AARCH64 NAMES qemu-aarch64 qemu-aarch64-static)
if(AARCH64_GCC AND QEMU_AARCH64)
  add_test(NAME machine.arm_kernels COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/machine/arm/run.sh ${AARCH64_GCC}
    ${QEMU_AARCH64} ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_BINARY_DIR}/arm)
endif()
