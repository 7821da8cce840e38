#!/usr/bin/env bash
# exported.sh GABLE CHECK_MODEL: every model of the zoo, exported, is clean to ONNX's checker and counts the same integers
# when it is read again; with their weights two of them give the zoo's outputs, bit by bit.
set -euo pipefail
gable=$1 check=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
counts() { "$gable" analyze "$1" --json | node -e '
    const m = JSON.parse(require("fs").readFileSync(0)).models[0];
    console.log(m.params, m.macs, m.flops, m.memory.weights, m.inputs.map(i => i.shape).join())'; }
failed=0 n=0
for model in $("$gable" models --json | node -e '
    JSON.parse(require("fs").readFileSync(0)).models.forEach(m => console.log(m.name))'); do
    file=$work/$model.onnx
    "$gable" export "$model" --no-weights -o "$file" >/dev/null
    "$check" "$file" >/dev/null || failed=1
    n=$((n + 1))
    [ "$(counts "$model")" = "$(counts "$file")" ] || { echo "$model: $(counts "$model") became $(counts "$file")"; failed=1; }
done
# Every node has a name of its own: ONNX Runtime refuses a model with two of one.
for model in resnet18 efficientnet_b0; do
    twice=$("$gable" analyze "$work/$model.onnx" --json | node -e '
        const seen = new Set(), nodes = JSON.parse(require("fs").readFileSync(0)).models[0].nodes;
        console.log(nodes.map(n => n.name).filter(n => seen.size === seen.add(n).size).join())')
    [ -z "$twice" ] || { echo "$model: two nodes called $twice"; failed=1; }
done
for model in squeezenet1_1 shufflenet_v2_x0_5; do
    "$gable" export "$model" --batch 2 --seed 5 -o "$work/$model.onnx" >/dev/null
    "$check" "$work/$model.onnx" >/dev/null || failed=1
    "$gable" run "$model" --batch 2 --seed 5 -o "$work/zoo" >/dev/null
    "$gable" run "$work/$model.onnx" --seed 5 -o "$work/file" >/dev/null
    for output in "$work"/zoo/*.npy; do
        cmp "$output" "$work/file/$(basename "$output")" || failed=1
    done
done
# With notes beside the nodes it is the same model.
"$gable" export shufflenet_v2_x0_5 --batch 2 --seed 5 --annotate --store "$work/none.db" -o "$work/notes.onnx" >/dev/null
"$gable" export "$work/shufflenet_v2_x0_5.onnx" --annotate --chip nvidia_t4 -o "$work/copy.onnx" >/dev/null
for file in notes copy; do
    "$check" "$work/$file.onnx" >/dev/null || failed=1
    [ "$(counts "$work/shufflenet_v2_x0_5.onnx")" = "$(counts "$work/$file.onnx")" ] || failed=1
    "$gable" run "$work/$file.onnx" --seed 5 -o "$work/$file" >/dev/null
    for output in "$work/$file"/*.npy; do
        cmp "$output" "$work/zoo/$(basename "$output")" || failed=1
    done
done
echo "$n models exported and read again"
[ "$n" -ge 27 ] && exit $failed
