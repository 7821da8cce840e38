#!/usr/bin/env bash
# bench/analyze_all.sh: what `gable analyze MODEL --as all --symbolic --memory` costs a process, for every model of the
# zoo; the slowest last. Median of 20, in ms; measure on a quiet machine.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x build/gable ] || make >&2
times=$(mktemp)
trap 'rm -f "$times"' EXIT
build/gable models --json | grep -oE '"name": *"[^"]+"' | cut -d'"' -f4 | while read -r model; do
    hyperfine --shell=none --warmup 3 --runs 20 --output=null --style=none --export-csv "$times" \
        "build/gable analyze $model --as all --symbolic --memory" 2>/dev/null
    awk -F, -v model="$model" 'NR == 2 {printf "%8.2f ms  %s\n", 1e3 * $4, model}' "$times"
done | sort -n
