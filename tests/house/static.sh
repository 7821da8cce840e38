#!/usr/bin/env bash
# A function that no other file names is static, or part of the public interface.
set -uo pipefail
cd "$(dirname "$0")/../.."
mapfile -t files < <(find src tests $([ -d bench ] && echo bench) -name node_modules -prune -o -name '*.c' -print | sort)
words=$(mktemp)
trap 'rm -f "$words"' EXIT
for file in "${files[@]}"; do grep -oE '\b[a-z_][a-z0-9_]+\b' "$file" | sort -u | sed "s|\$| $file|"; done >"$words"
ctags -x --languages=C --kinds-C=f --_xformat='%N %F %n %{file} %C' $(find src -name '*.c') |
    awk -v words="$words" '
        BEGIN {
            while ((getline line <words) > 0) { split(line, w, " "); uses[w[1]]++ }
            while (("grep -ohE \"gable_[a-z0-9_]+\" include/gable/gable.h" | getline name) > 0) public[name] = 1
        }
        $4 == "-" && $5 != "INLINE" && $1 !~ /^[A-Z_0-9]+$/ && $1 != "main" && !($1 in public) && uses[$1] < 2 { print $2 ":" $3 ": " $1 " is used here alone: make it static"; n++ }
        END { exit n > 0 }'
