#!/usr/bin/python3
"""What making things again in backward saves and costs: memory planned and measured, time of a step.

recompute.py [--gable PATH] [--write FILE] [MODEL:BATCH...]: each model with nothing kept apart, with cheap operators made
again, and between checkpoints; --write keeps the page as Markdown, whole or not at all. A row that is not valid is measured
again, at most three times in all. Run it on a machine that does nothing else."""
import argparse
import datetime
import json
import os
import subprocess

ROWS = ["efficientnet_b4:64", "efficientnet_b0:16", "mobilenet_v2:16", "resnet18:16", "squeezenet1_1:16"]
KINDS = ["none", "cheap", "checkpoint"]
TRIES = 3
SHORT_KIB = 6000000


def step(gable, model, batch, kind):
    command = [gable, "train", model, "--batch", batch, "--recompute", kind, "--no-roof", "--budget", "5", "--json"]
    for _ in range(TRIES):
        answer = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)
        run = next(run for run in answer["runs"] if run["pass"] == "step")
        if run["valid"]:
            break
    return run


def size(n):
    return f"{n / 2**30:.2f} GiB" if n >= 2**30 else f"{n / 2**20:.0f} MiB"


def cells(run, kind, plain):
    memory = run["memory"]
    return [run["model"], str(run["batch"]), f"`{kind}`", size(memory["planned"]), size(memory["peak_resident"]),
            f"{memory['peak_resident'] / plain['memory']['peak_resident']:.2f}", f"{run['median_ns'] / 1e6:.1f}",
            f"{run['median_ns'] / plain['median_ns']:.2f}", "" if run["valid"] else f"not valid: {run['reason']}"]


def refusal(gable, row):
    """What is said of the first row where memory is short."""
    model, batch = row.split(":")
    command = f"ulimit -v {SHORT_KIB}; exec '{gable}' train {model} --batch {batch} --no-roof"
    return subprocess.run(["sh", "-c", command], capture_output=True, text=True).stderr.strip().splitlines()[-1]


def page(table, cpu, refused):
    return f"""# Training: memory planned and measured

A trainer lays out everything before it allocates anything; what it would take is refused where it is not there, with the
largest batch that is. `gable train` prints the plan by part, and beside it the most that was resident in the measuring
process (docs/METRICS.md: peak resident). A test holds the two together within 2 % and 4 MiB for five models and all three
kinds of `--recompute` (`tests/bench/test_training.c`).

`library` is the one part that is an estimate: 40 KiB for each of oneDNN's primitives (generated code and objects), 4 MiB
for its first product of matrices, the plan's own tables, half a huge page.

`--recompute cheap` drops what normalisations and activations made and makes it again in backward; `checkpoint` keeps the
ends of segments alone. What each saves and costs, beside keeping everything (*memory* and *time*: ratios), measured
{datetime.date.today()} on {cpu['name']} (family {cpu['family']}, model {cpu['model']}), fp32, 224 x 224, by `bench/recompute.py --write docs/TRAINING.md`:

| model | batch | `--recompute` | planned | measured | memory | step, ms | time | |
|---|---|---|---|---|---|---|---|---|
{table}

    gable train MODEL --batch N --recompute WHAT

With `ulimit -v {SHORT_KIB}` the first row is refused:

    {refused}
"""


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--gable", default="build/gable")
    options.add_argument("--write", metavar="FILE")
    options.add_argument("rows", nargs="*", default=ROWS)
    o = options.parse_args()
    lines = []
    for word in o.rows:
        model, batch = word.split(":")
        plain = None
        for kind in KINDS:
            run = step(o.gable, model, batch, kind)
            plain = plain or run
            lines.append("| " + " | ".join(cells(run, kind, plain)) + " |")
            print(lines[-1], flush=True)
    if o.write:
        with open(o.write + ".new", "w") as f:
            f.write(page("\n".join(lines), plain["environment"]["cpu"], refusal(o.gable, o.rows[0])))
        os.replace(o.write + ".new", o.write)


if __name__ == "__main__":
    main()
