#!/usr/bin/python3
"""Training steps of gable and of PyTorch (the better of eager and channels-last), model by model in turn.

train.py [--gable PATH] [--batch N] [--write FILE] [MODEL...]: time of a step and peak memory of each, and the geometric
mean of the ratios; --write keeps the table as Markdown, whole or not at all. Needs Debian's python3-torch and
python3-torchvision. Every measurement is a process of its own. Run it on a machine that does nothing else.
"""
import argparse
import datetime
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
OTHERS_MOST = 0.04  # the share of the processors that other programs may take
TRIES = 3  # of a row until both sides of it are valid


def peak_mib():
    with open("/proc/self/status") as f:
        return next(int(line.split()[1]) / 1024 for line in f if line.startswith("VmHWM:"))


def others_seconds():
    """What the processors did since boot for anybody but this process."""
    with open("/proc/stat") as f:
        ticks = [int(word) for word in f.readline().split()[1:]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK") - time.process_time()


def torch_step(model, batch, layout, seconds):
    """The median of the steps that fit into so many seconds after one to warm up, in ms."""
    import torch
    import torchvision.models

    program = peak_mib()
    torch.set_num_threads(len(os.sched_getaffinity(0)))  # it takes half of them for siblings by itself
    network = getattr(torchvision.models, model)(weights=None).train()
    images, labels = torch.randn(batch, 3, 224, 224), torch.arange(batch) * 37 % 1000
    if layout == "nhwc":
        network = network.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(network.parameters(), lr=1e-4, momentum=0.9)
    loss_of = torch.nn.CrossEntropyLoss()
    times, start, others = [], time.perf_counter(), others_seconds()
    while len(times) < 4 or (time.perf_counter() - start < seconds and len(times) < 30):
        before = time.perf_counter()
        optimizer.zero_grad()
        loss_of(network(images), labels).backward()
        optimizer.step()
        times.append(time.perf_counter() - before)
    disturbed = (others_seconds() - others) / (time.perf_counter() - start) / os.cpu_count()
    print(json.dumps({"ms": 1e3 * sorted(times[1:])[len(times[1:]) // 2], "peak_mib": peak_mib() - program,
                      "reason": "contended" if disturbed > OTHERS_MOST else None,
                      "version": torch.__version__, "threads": torch.get_num_threads()}))


def of_torch(model, batch, layout, seconds):
    command = [sys.executable, __file__, "--torch", layout, "--batch", str(batch), "--seconds", str(seconds), model]
    done = subprocess.run(command, capture_output=True, text=True)
    return json.loads(done.stdout) if done.returncode == 0 else None


def of_gable(gable, model, batch, seconds):
    command = [gable, "train", model, "--batch", str(batch), "--no-roof", "--budget", str(seconds), "--json"]
    answer = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)
    step = next(run for run in answer["runs"] if run["pass"] == "step")
    return {"ms": step["median_ns"] / 1e6, "peak_mib": step["memory"]["peak_resident"] / 2**20,
            "reason": None if step["valid"] else step["reason"], "cpu": step["environment"]["cpu"]}


def measure_once(model, o, gable_first):
    """One row, both sides within the same minutes."""
    mine = of_gable(o.gable, model, o.batch, o.seconds) if gable_first else None
    theirs = [of_torch(model, o.batch, layout, o.seconds) for layout in ("nchw", "nhwc")]
    mine = mine or of_gable(o.gable, model, o.batch, o.seconds)
    done = [t for t in theirs if t]
    notes = [f"Gable not valid: {mine['reason']}"] if mine["reason"] else []
    notes += ["PyTorch not valid: contended"] if any(t["reason"] for t in done) else []
    notes += ["PyTorch did not finish"] if not done else []
    return {"model": model, "gable": mine, "torch": theirs, "notes": notes,
            "time": min(t["ms"] for t in done) / mine["ms"] if done else None,
            "mib": min(t["peak_mib"] for t in done) if done else None,
            "memory": min(t["peak_mib"] for t in done) / mine["peak_mib"] if done else None}


def measure(model, o, turn):
    """The first row of which both sides are valid, else the last; who is first changes."""
    for i in range(TRIES):
        row = measure_once(model, o, (turn + i) % 2 == 0)
        if not row["notes"]:
            break
    return row


def number(x, form):
    return form.format(x) if x is not None else "-"


def cells(row):
    """Model, gable, eager, channels-last, their ratio, peak memory of both, their ratio, what is to be said."""
    return [row["model"], f"{row['gable']['ms']:.1f}", *(number(t and t["ms"], "{:.1f}") for t in row["torch"]),
            number(row["time"], "{:.2f}"), f"{row['gable']['peak_mib']:.0f}", number(row["mib"], "{:.0f}"),
            number(row["memory"], "{:.2f}"), ", ".join(row["notes"])]


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values))


def summary(rows):
    valid = [row for row in rows if not row["notes"]]
    if not valid:
        return "No row is valid."
    slower = [row["model"] for row in valid if row["time"] < 1]
    out = "" if len(valid) == len(rows) else f"; {len(rows) - len(valid)} that are not valid are left out"
    least = min(row["time"] for row in valid)
    return (f"The geometric mean of {len(valid)} models is **{geometric_mean([row['time'] for row in valid]):.2f}**, "
            f"the least {least:.2f}; "
            f"{'slower than PyTorch: ' + ', '.join(slower) if slower else 'none is slower than PyTorch'}{out}. "
            f"PyTorch takes {geometric_mean([row['memory'] for row in valid]):.2f} times the memory.")


def page(rows, o):
    cpu, torch = rows[0]["gable"]["cpu"], next((t for row in rows for t in row["torch"] if t), None)
    models = "" if o.models == MODELS else " " + " ".join(o.models)
    table = "\n".join("| " + " | ".join(cells(row)) + " |" for row in rows)
    peer = f"PyTorch {torch['version']}, {torch['threads']} threads each" if torch else "PyTorch did not finish"
    where = f"{cpu['name']} (family {cpu['family']}, model {cpu['model']})"
    return f"""# Training steps beside PyTorch's

{where}, {peer}, fp32, batch {o.batch}, 224 x 224, measured {datetime.date.today()}.

{summary(rows)}

Made in one run by `bench/train.py --batch {o.batch} --write docs/PEERS-TRAIN.md{models}`, model by model in turn, each
number a process of its own. Milliseconds of a whole step: forward, cross-entropy, backward, update with momentum; the
median of the steps that fit into {o.seconds:g} s, at least 3, after warm-up; who is first changes from row to row. *ratio*:
the faster of PyTorch's two layouts / Gable. *MiB*: the most that was resident beyond the loaded program, PyTorch's in the
layout that takes less. PyTorch's numbers are not valid where other programs took more than {100 * OTHERS_MOST:g} % of the processors,
Gable's by the rules of its runs; such a row is measured again, at most {TRIES} times in all.

| model | Gable | eager | channels-last | ratio | Gable, MiB | PyTorch, MiB | ratio | |
|---|---|---|---|---|---|---|---|---|
{table}
"""


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--gable", default="build/gable")
    options.add_argument("--batch", type=int, default=64)
    options.add_argument("--seconds", type=float, default=5)
    options.add_argument("--write", metavar="FILE")
    options.add_argument("--torch", choices=["nchw", "nhwc"], help=argparse.SUPPRESS)
    options.add_argument("models", nargs="*", default=MODELS)
    o = options.parse_args()
    if o.torch:
        torch_step(o.models[0], o.batch, o.torch, o.seconds)
        return
    rows, form = [], "{:20} {:>9} {:>9} {:>9} {:>6} {:>7} {:>8} {:>6} {}"
    print(form.format("model", "gable", "eager", "ch.-last", "ratio", "MiB", "PyTorch", "ratio", ""), flush=True)
    for turn, model in enumerate(o.models):
        rows.append(measure(model, o, turn))
        print(form.format(*cells(rows[-1])), flush=True)
    print(summary(rows))
    if o.write:
        with open(o.write + ".new", "w") as f:
            f.write(page(rows, o))
        os.replace(o.write + ".new", o.write)


if __name__ == "__main__":
    main()
