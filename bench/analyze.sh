#!/usr/bin/env bash
# bench/analyze.sh [MODEL]: what counting costs a process: Gable, and a Python counter that gives the same totals.
set -euo pipefail
cd "$(dirname "$0")/.."
model=${1:-efficientnet_b4}
tools/setup build bench >&2
[ -x build/gable ] || make >&2
ours=$(build/gable analyze "$model" --json | grep -oE '"macs": *[0-9]+' | sed -n 1p | grep -oE '[0-9]+')
theirs=$(/usr/bin/python3 -B bench/count_macs.py "$model" | grep -oE '"macs": *[0-9]+' | grep -oE '[0-9]+')
[ "$ours" = "$theirs" ] || { echo "$model: $ours MACs by Gable, $theirs by Python" >&2; exit 1; }
echo "$model: $ours MACs by both"
hyperfine --shell=none --warmup 5 --runs 100 "build/gable analyze $model --json" --output=null
hyperfine --shell=none --warmup 1 --runs 5 "/usr/bin/python3 -B bench/count_macs.py $model" --output=null
