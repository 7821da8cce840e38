#!/usr/bin/env bash
# bench/analyze_large.sh [GIGABYTES...]: what `gable analyze` costs on files of 1 and 2 GB of weights, time and peak memory,
# beside ONNX's own checker and shape inference in Python on the same file. The weights are holes in the file.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x build/gable ] || make >&2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

make_file() { # make_file FILE GIGABYTES: MatMul and Relu in turn, 4096 x 4096 weights
    /usr/bin/python3 -B - "$1" "$2" <<'PYTHON'
import math, sys
path, gigabytes = sys.argv[1], float(sys.argv[2])
side, n = 4096, math.ceil(gigabytes * 1e9 / (4096 * 4096 * 4))
def varint(v):
    out = b''
    while v > 127: out, v = out + bytes([v & 127 | 128]), v >> 7
    return out + bytes([v])
def field(number, body): return varint(number << 3 | 2) + varint(len(body)) + body
def number(field, v): return varint(field << 3) + varint(v)
def value(name): return field(1, name) + field(2, field(1, number(1, 1) + field(2, field(1, number(1, 1)) + field(1, number(1, side)))))
nodes = b''
for i in range(n):
    nodes += field(1, field(1, b'x%d' % i) + field(1, b'w%d' % i) + field(2, b'm%d' % i) + field(4, b'MatMul'))
    nodes += field(1, field(1, b'm%d' % i) + field(2, b'x%d' % (i + 1)) + field(4, b'Relu'))
ends = field(11, value(b'x0')) + field(12, value(b'x%d' % n)) + field(2, b'large')
raw = side * side * 4
heads = [number(1, side) + number(1, side) + number(2, 1) + field(8, b'w%d' % i) + varint(9 << 3 | 2) + varint(raw) for i in range(n)]
heads = [varint(5 << 3 | 2) + varint(len(h) + raw) + h for h in heads]
graph = len(nodes) + len(ends) + sum(len(h) + raw for h in heads)
with open(path, 'wb') as f:
    f.write(number(1, 8) + field(8, number(2, 17)) + varint(7 << 3 | 2) + varint(graph) + nodes + ends)
    for h in heads:
        f.write(h)
        f.seek(raw, 1)
    f.truncate()
PYTHON
}

cost() { # cost NAME COMMAND...: the least wall time of five runs, and the most memory
    /usr/bin/python3 -B - "$@" <<'PYTHON'
import resource, subprocess, sys, time
best = None
for _ in range(5):
    start = time.perf_counter()
    failed = subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    took = time.perf_counter() - start
    if failed.returncode:
        print(f'{sys.argv[1]:32} fails: {failed.stderr.decode().strip().splitlines()[-1][:80]}')
        sys.exit()
    best = took if best is None else min(best, took)
    if took > 2: break
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f'{sys.argv[1]:32} {best * 1e3:9.1f} ms {peak:9.1f} MiB')
PYTHON
}

for gigabytes in "${@:-1 2}"; do
    for size in $gigabytes; do
        make_file "$work/large.onnx" "$size"
        echo "$(stat -c %s "$work/large.onnx") bytes"
        cost "gable analyze" build/gable analyze "$work/large.onnx" --json
        cost "gable analyze, resnet18 (zoo)" build/gable analyze resnet18 --json
        cost "onnx.checker (Python)" /usr/bin/python3 -B -c 'import onnx, sys; onnx.checker.check_model(sys.argv[1])' "$work/large.onnx"
        cost "onnx.shape_inference (Python)" /usr/bin/python3 -B -c \
            'import onnx, sys; onnx.shape_inference.infer_shapes_path(sys.argv[1], sys.argv[1] + ".out")' "$work/large.onnx"
        cost "onnx.load (Python)" /usr/bin/python3 -B -c 'import onnx, sys; onnx.load(sys.argv[1])' "$work/large.onnx"
    done
done
