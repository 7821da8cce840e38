#!/usr/bin/env bash
# Every header compiles alone: it includes what it names. headers.sh COMPILER [FLAG...]
set -uo pipefail
cd "$(dirname "$0")/../.."
failed=0
while read -r header; do
    case $header in
    */kernels/simd_*.h) continue ;; # one of them is the body of simd.h, for the instruction set that it is compiled for
    esac
    printf '#include "%s"\n' "${header#src/}" |
        "$@" -std=c17 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -I include -I src -x c - || {
        echo "$header does not compile alone"
        failed=1
    }
done < <(find src include -name '*.h' | sort)
exit $failed
