#!/usr/bin/python3
"""count_macs.py MODEL: what a Python counter does: build torchvision's model, hook every convolution and linear layer, run
one image, add up. Prints one line of JSON."""
import json
import sys

import torch
import torchvision

total = 0


def count(module, inputs, output):
    global total
    if isinstance(module, torch.nn.Conv2d):
        total += output.numel() * module.weight[0].numel()
    else:
        total += output.numel() * module.in_features


model = getattr(torchvision.models, sys.argv[1])(weights=None).eval()
for layer in model.modules():
    if isinstance(layer, (torch.nn.Conv2d, torch.nn.Linear)):
        layer.register_forward_hook(count)
with torch.no_grad():
    model(torch.zeros(1, 3, 224, 224))
print(json.dumps({"macs": total, "params": sum(p.numel() for p in model.parameters())}))
