#!/usr/bin/python3
"""export.py DIR MODEL...: torchvision's models for bench/peers, all with the same random weights on both sides:
    MODEL.b1.onnx, MODEL.b64.onnx   for ONNX Runtime
    MODEL.names, MODEL.bin          every weight and running statistic: a line "NAME ELEMENTS" each; their floats
    MODEL.in                        two images, 3 x 224 x 224
Batch norm's statistics are set by one pass over the images, so that activations keep their scale to the last layer.
Needs Debian's python3-torchvision and python3-onnx."""
import os
import sys

import numpy
import torch
import torchvision


def calibrate(model, images):
    def measure(norm, inputs):
        variance = inputs[0].var((0, 2, 3), unbiased=False)
        norm.running_mean.copy_(inputs[0].mean((0, 2, 3)))
        norm.running_var.copy_(torch.maximum(variance, 0.3 * variance.mean()))

    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.weight.data.uniform_(0.7, 1.3)
        norm.bias.data.normal_(0, 0.2)
    hooks = [norm.register_forward_pre_hook(measure) for norm in norms]
    with torch.no_grad():
        model(images)
    for hook in hooks:
        hook.remove()


def export(folder, name):
    path = os.path.join(folder, name)
    torch.manual_seed(1)
    model = getattr(torchvision.models, name)(weights=None).eval()
    coarse = torch.nn.functional.interpolate(torch.randn(4, 3, 28, 28), 224, mode="bilinear")
    images = coarse + 0.3 * torch.randn(4, 3, 224, 224)
    calibrate(model, images)
    state = {k: v for k, v in model.state_dict().items() if v.dtype == torch.float32}
    with open(path + ".names", "w") as names:
        names.writelines(f"{k} {v.numel()}\n" for k, v in state.items())
    numpy.concatenate([v.numpy().ravel() for v in state.values()]).astype("float32").tofile(path + ".bin")
    images[:2].contiguous().numpy().tofile(path + ".in")
    for batch in (1, 64):
        torch.onnx.export(model, torch.randn(batch, 3, 224, 224), f"{path}.b{batch}.onnx.part", opset_version=16,
                          input_names=["input"], output_names=["output"])
        os.replace(f"{path}.b{batch}.onnx.part", f"{path}.b{batch}.onnx")


if __name__ == "__main__":
    os.makedirs(sys.argv[1], exist_ok=True)
    for model_name in sys.argv[2:]:
        if not os.path.exists(os.path.join(sys.argv[1], model_name + ".b64.onnx")):
            export(sys.argv[1], model_name)
            print("exported", model_name, flush=True, file=sys.stderr)
