#!/bin/sh
# run.sh COMPILER EMULATOR SOURCE_FOLDER BUILD_FOLDER: builds aarch64's kernels as room.cmake does and runs them.
set -eu
compiler=$1 emulator=$2 top=$3 out=$4
mkdir -p "$out"
objects=
while read -r file flags; do
  # shellcheck disable=SC2086
  "$compiler" -std=c17 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -I"$top/src" -I"$top/include" $flags \
    -c "$top/src/machine/$file" -o "$out/$(basename "$file" .c)_$(dirname "$file" | tr -d ./).o"
  objects="$objects $out/$(basename "$file" .c)_$(dirname "$file" | tr -d ./).o"
done <<FILES
arm/neon.c -fno-tree-vectorize -fno-tree-slp-vectorize
arm/neon_bf16.c -march=armv8.2-a+bf16
arm/neon_int8.c -march=armv8.2-a+dotprod+i8mm
arm/sve.c -march=armv8.2-a+sve
arm/table.c
arm/clock.c
arm/isa.c
isa.c
kernels.c
chains.c
FILES
# shellcheck disable=SC2086
"$compiler" -std=c17 -D_GNU_SOURCE -O2 -static -I"$top/src" -I"$top/include" "$top/tests/machine/arm/kernels.c" \
  $objects -o "$out/kernels"
for cpu in cortex-a72 max max,sve-max-vq=4; do "$emulator" -cpu "$cpu" "$out/kernels"; done
