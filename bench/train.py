#!/usr/bin/python3
"""Training steps of gable and of PyTorch (the better of eager and channels-last), model by model in turn.

train.py [--gable PATH] [--batch N] [MODEL...]: time of a step and peak memory of each, and the geometric mean of the
ratios. Needs Debian's python3-torch and python3-torchvision. Every measurement is a process of its own.
"""
import argparse
import json
import math
import os
import subprocess
import sys
import time

MODELS = [
    "efficientnet_b0", "efficientnet_b1", "efficientnet_b2", "efficientnet_b4", "resnet18", "shufflenet_v2_x0_5",
    "shufflenet_v2_x2_0", "mobilenet_v2", "mobilenet_v3_small", "squeezenet1_1",
]


def peak_mib():
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) / 1024 for line in f if line.startswith("VmHWM:"))


def torch_step(model, batch, layout, seconds):
    """The median of the steps that fit into so many seconds after one to warm up, in ms."""
    import torch
    import torchvision.models

    torch.set_num_threads(len(os.sched_getaffinity(0)))  # it takes half of them for siblings by itself
    network = getattr(torchvision.models, model)(weights=None).train()
    images, labels = torch.randn(batch, 3, 224, 224), torch.arange(batch) * 37 % 1000
    if layout == "nhwc":
        network = network.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-4, momentum=0.9)
    loss_of = torch.nn.CrossEntropyLoss()
    times, start = [], time.perf_counter()
    while len(times) < 4 or (time.perf_counter() - start < seconds and len(times) < 30):
        before = time.perf_counter()
        optimizer.zero_grad()
        loss_of(network(images), labels).backward()
        optimizer.step()
        times.append(time.perf_counter() - before)
    print(json.dumps({"ms": 1e3 * sorted(times[1:])[len(times[1:]) // 2], "peak_mib": peak_mib()}))


def of_torch(model, batch, layout, seconds):
    command = [sys.executable, __file__, "--torch", layout, "--batch", str(batch), "--seconds", str(seconds), model]
    done = subprocess.run(command, capture_output=True, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else None


def of_gable(gable, model, batch, seconds):
    command = [gable, "train", model, "--batch", str(batch), "--no-roof", "--budget", str(seconds), "--json"]
    answer = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)
    step = next(run for run in answer["runs"] if run["pass"] == "step")
    return {"ms": step["median_ns"] / 1e6, "peak_mib": step["memory"]["peak_resident"] / 2**20, "valid": step["valid"]}


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--gable", default="build/gable")
    options.add_argument("--batch", type=int, default=64)
    options.add_argument("--seconds", type=float, default=5)
    options.add_argument("--torch", choices=["nchw", "nhwc"], help=argparse.SUPPRESS)
    options.add_argument("models", nargs="*", default=MODELS)
    o = options.parse_args()
    if o.torch:
        torch_step(o.models[0], o.batch, o.torch, o.seconds)
        return
    ratios = []
    print(f"{'model':20} {'gable':>9} {'eager':>9} {'ch.-last':>9} {'ratio':>6}   peak MiB: gable, PyTorch", flush=True)
    for model in o.models:
        mine = of_gable(o.gable, model, o.batch, o.seconds)
        theirs = [t for t in (of_torch(model, o.batch, layout, o.seconds) for layout in ("nchw", "nhwc")) if t]
        if len(theirs) < 2:
            print(f"{model:20} {mine['ms']:9.1f}  PyTorch did not finish at batch {o.batch}", flush=True)
            continue
        ratios.append(min(t["ms"] for t in theirs) / mine["ms"])
        print(f"{model:20} {mine['ms']:9.1f} {theirs[0]['ms']:9.1f} {theirs[1]['ms']:9.1f} {ratios[-1]:6.2f}   "
              f"{mine['peak_mib']:.0f}, {min(t['peak_mib'] for t in theirs):.0f}{'' if mine['valid'] else '  INVALID'}",
              flush=True)
    if ratios:
        print(f"geometric mean {math.exp(sum(map(math.log, ratios)) / len(ratios)):.2f} x, least {min(ratios):.2f} x")


if __name__ == "__main__":
    main()
