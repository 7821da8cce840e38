#!/usr/bin/env bash
# No file is longer than 700 lines, no function longer than 90.
set -uo pipefail
cd "$(dirname "$0")/../.."
mapfile -t files < <(find src include tests $([ -d bench ] && echo bench) -name node_modules -prune -o -name '*.[ch]' -print | sort)
long_files=$(wc -l "${files[@]}" | awk '$2 != "total" && $1 > 700 {print $2 ": " $1 " lines, at most 700"}')
long_functions=$(ctags -x --languages=C --kinds-C=f --_xformat='%F %n %{end} %N' "${files[@]}" |
    awk '$3 - $2 + 1 > 90 {print $1 ":" $2 ": " $4 " has " $3 - $2 + 1 " lines, at most 90"}')
[ -z "$long_files$long_functions" ] || { printf '%s\n' "$long_files" "$long_functions"; exit 1; }
