#!/usr/bin/env bash
# tests/fuzz/run.sh FUZZ_ONNX OPTION...: a corpus of ONNX's own small files, and a run over it.
set -euo pipefail
fuzz=$1
shift
corpus=$(mktemp -d)
trap 'rm -rf "$corpus"' EXIT
for file in /usr/share/libonnx-testdata/data/*/*/model.onnx; do
    [ "$(stat -c %s "$file")" -gt 4096 ] || cp "$file" "$corpus/$(basename "$(dirname "$file")")"
done
"$fuzz" -max_len=4096 -rss_limit_mb=1024 -malloc_limit_mb=256 -timeout=10 -print_final_stats=1 "$@" "$corpus"
