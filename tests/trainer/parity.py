"""The trainer's losses against the same method in PyTorch and float64, from the same parameters,
in the same order of images, with the same random numbers.

    parity.py --trainer build/host/sslcuda --case rotation [--data DIR]

Each loss must agree within 1e-4. Where a rounding decides which of two pixels is the largest of a
window, a run goes its own way, and so simclr and rotnet are held to 1e-5 before that happens, their
running statistics as well. Contrastive, whose unnormalised logits run into the hundreds and amplify
every rounding: the first 10 losses within 1e-3, the sum of the first 100 within 0.5 %.
Exits with 77 where PyTorch is missing.
"""

import argparse
import math
import os
import pathlib
import subprocess
import sys
import tempfile

import files

try:
    import reference_programs
    import torch
except ImportError as error:
    print(f"skipped: the Python module {error.name} is missing")
    sys.exit(77)

torch.set_num_threads(1)  # small matrices: more threads wait for each other

BATCH = 64
SCHEDULE = {"lr-schedule": "cosine", "warmup-steps": 3}
# Name: method, options, steps.
CASES = {
    "contrastive": ("contrastive", {}, 200),
    "rotation": ("rotation", {}, 200),
    "autoencoder": ("autoencoder", {}, 200),
    "contrastive_augment": ("contrastive", {"augment": ""}, 100),
    "denoise": ("denoise", {}, 100),
    "vae": ("vae", {}, 100),
    "simclr": ("simclr", SCHEDULE, 5),
    "simclr_group_lars": ("simclr", SCHEDULE | {
        "norm": "group", "optimizer": "lars", "lr": 0.2, "weight-decay": 1e-4}, 5),
    "rotnet": ("rotnet", SCHEDULE, 12),
    "rotnet_sgd": ("rotnet", SCHEDULE | {
        "optimizer": "sgd", "lr": 0.01, "momentum": 0.8, "weight-decay": 1e-3}, 10),
}


class Lars(torch.optim.SGD):
    """SGD on gradients that were decayed and scaled before, but for biases and norms."""

    def __init__(self, parameters, lr, momentum, weight_decay):
        super().__init__(parameters, lr=lr, momentum=momentum)
        self.weight_decay = weight_decay

    def step(self):
        for p in (p for group in self.param_groups for p in group["params"] if p.dim() > 1):
            g = p.grad + self.weight_decay * p.detach()
            p.grad = 1e-3 * p.detach().norm() / g.norm() * g
        super().step()


def make_optimiser(options, parameters):
    lr, momentum = options.get("lr", 1e-3), options.get("momentum", 0.9)
    kind, decay = options.get("optimizer", "adam"), options.get("weight-decay", 0)
    if kind == "adam":
        return torch.optim.Adam(parameters, lr=lr)
    if kind == "sgd":
        return torch.optim.SGD(parameters, lr=lr, momentum=momentum, weight_decay=decay)
    return Lars(parameters, lr, momentum, decay)


def learning_rate(options, step, all_steps):
    lr, warmup = options.get("lr", 1e-3), options.get("warmup-steps", 0)
    if step < warmup:
        return lr * (step + 1) / warmup
    if "lr-schedule" not in options:
        return lr
    return lr / 2 * (1 + math.cos(math.pi * (step - warmup) / (all_steps - warmup)))


def reference(case, init, buffers, images, epochs):
    """Losses, and the buffers as they are in the end."""
    method, options, steps = CASES[case]
    # Through float32, as the trainer reads them.
    p = {
        name: torch.tensor(values, dtype=torch.float32).double().reshape(shape)
        for name, (shape, values) in (init | buffers).items()
    }
    trained = [p[name].requires_grad_() for name in init]
    program = reference_programs.Program(method, p, options.get("norm", "batch"),
                                         "augment" in options)
    optimiser = make_optimiser(options, trained)
    losses = []
    while len(losses) < steps:
        for first in range(0, len(images), BATCH):
            if len(losses) == steps:
                break
            batch = images[first : first + BATCH].double() / 255
            for group in optimiser.param_groups:
                group["lr"] = learning_rate(options, len(losses),
                                            epochs * math.ceil(len(images) / BATCH))
            loss = program.loss(batch, first, len(losses))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    return losses, {name: p[name] for name in buffers}


def train(arguments, data, tensors, epochs, steps_per_epoch, folder):
    method, options, steps = CASES[arguments.case]
    options = {"lr-schedule": "constant", "warmup-steps": 0} | options
    options["warmup-epochs"] = options.pop("warmup-steps") / steps_per_epoch
    files.write_safetensors(folder / "init.safetensors", tensors)
    command = [arguments.trainer, "train", method, "--data", data]
    command += ["--out", folder / "run", "--init", folder / "init.safetensors", "--no-shuffle"]
    command += ["--batch-size", BATCH, "--steps", steps, "--epochs", epochs]
    command += ["--device", arguments.device, "--log-every", "1", "--no-eval", "--quiet"]
    for option, value in options.items():
        command += [f"--{option}", value] if value != "" else [f"--{option}"]
    subprocess.run(list(map(str, command)), check=True)
    return files.read_losses(folder / "run")


def relative_error(got, expected):
    return abs(got - expected) / abs(expected)


def buffer_error(run, buffers):
    """Largest difference of a running statistic, against the largest of its tensor."""
    got = files.read_safetensors(run / "checkpoints" / "last.safetensors")
    return max(
        ((torch.tensor(got[name][1]).double() - expected).abs().max() / expected.abs().max()).item()
        for name, expected in buffers.items()
    )


def checks_of(case, got, expected):
    assert len(got) == len(expected), f"{len(got)} losses, expected {len(expected)}"
    errors = [relative_error(a, b) for a, b in zip(got, expected)]
    if CASES[case][0] == "contrastive":
        return [
            ("largest of the first 10 steps", max(errors[:10]), 1e-3),
            ("sum of the first 100", relative_error(sum(got[:100]), sum(expected[:100])), 5e-3),
        ]
    tolerance = 1e-5 if CASES[case][0] in ("simclr", "rotnet") else 1e-4
    return [(f"largest of {len(errors)} steps", max(errors), tolerance)]


def compare(arguments, folder):
    method, options, steps = CASES[arguments.case]
    data = arguments.data or os.environ.get("SSLCUDA_DATA")
    data = data or files.make_dataset(folder / "data")
    (count, height, width), raw = files.read_idx(files.find_idx(data, "train-images-idx3-ubyte"))
    images = torch.frombuffer(bytearray(raw), dtype=torch.uint8).reshape(count, height, width)
    shapes = reference_programs.shapes_of(method, height, width)
    init, buffers = reference_programs.make_parameters(shapes), {}
    if options.get("norm") != "group":
        buffers = reference_programs.make_buffers(shapes)
    steps_per_epoch = math.ceil(count / BATCH)
    epochs = math.ceil(steps / steps_per_epoch)
    got = train(arguments, data, init | buffers, epochs, steps_per_epoch, folder)
    expected, statistics = reference(arguments.case, init, buffers, images, epochs)
    checks = checks_of(arguments.case, got, expected)
    if buffers:
        checks.append(("running statistics", buffer_error(folder / "run", statistics), 1e-5))
    return checks


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trainer", required=True)
    parser.add_argument("--case", required=True, choices=CASES)
    parser.add_argument("--data", help="default: $SSLCUDA_DATA, else a small made-up set")
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for what, error, tolerance in compare(arguments, pathlib.Path(folder)):
            failed |= not error <= tolerance
            print(f"{arguments.case}: relative error, {what}: {error:.2e} (at most {tolerance:g})")
    return failed


if __name__ == "__main__":
    sys.exit(main())
