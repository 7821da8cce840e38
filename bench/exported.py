#!/usr/bin/python3
"""exported.py [--gable PATH] [MODEL...]: torchvision's models exported by PyTorch as people export them (batch norms folded,
equal initializers merged), with their batch norms kept, and as they are trained, read by gable: MACs, and parameters before export, must be the zoo's
and PyTorch's own; exit 1 where one differs, 77 without PyTorch. Needs Debian's python3-torchvision and python3-onnx."""
import argparse
import io
import json
import subprocess
import sys
import tempfile
import warnings

try:
    import torch
    import torchvision
except ImportError:
    sys.exit(77)

warnings.filterwarnings("ignore")
LOST = {  # what a file does not show
    "vgg16_bn": "a convolution's own bias, folded into its norm's shift, is gone",
    "swin_t": "tables of position biases are stored as they are gathered, larger",
}


WAYS = {"folded": "EVAL", "kept": "PRESERVE", "training": "TRAINING"}


def exported(model, way):
    file = io.BytesIO()
    torch.onnx.export(model.train(way == "training"), torch.zeros(1, 3, 224, 224), file, opset_version=16,
                      training=getattr(torch.onnx.TrainingMode, WAYS[way]), do_constant_folding=way == "folded")
    return file.getvalue()


def counted(gable, data):
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        file.write(data)
        file.flush()
        done = subprocess.run([gable, "analyze", file.name, "--json"], capture_output=True, text=True)
    return json.loads(done.stdout)["models"][0] if done.returncode == 0 else None


def row(gable, name, macs, way):
    """Whether the file's integers are right, and what is to be printed."""
    model, head = getattr(torchvision.models, name)(weights=None), [name, way]
    try:
        data = exported(model, way)
    except torch.onnx.errors.SymbolicValueError:  # stochastic depth in training
        return True, head + ["-", "-", "-", "PyTorch does not export it"]
    file, params = counted(gable, data), sum(p.numel() for p in model.parameters())
    if not file:
        return False, head + ["-", "-", "-", "refused"]
    before, note = file["held"]["params_before_export"], LOST.get(name, "") if way == "folded" else ""
    same = file["macs"] == macs and (before == params or note)
    return same, head + [file["macs"], file["params"], before,
                         note if same else f"differs: {macs} MACs, {params} parameters"]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--gable", default="build/gable")
    options.add_argument("models", nargs="*")
    o = options.parse_args()
    zoo = json.loads(subprocess.run([o.gable, "models", "--json"], capture_output=True, text=True).stdout)["models"]
    known = {m["name"]: m["macs"] for m in zoo if hasattr(torchvision.models, m["name"])}
    form, right = "{:22} {:9} {:>15} {:>12} {:>12} {}", True
    print(form.format("model", "exported", "MACs", "parameters", "before", ""))
    for name in o.models or known:
        for way in WAYS:
            same, cells = row(o.gable, name, known[name], way)
            print(form.format(*cells), flush=True)
            right &= bool(same)
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
