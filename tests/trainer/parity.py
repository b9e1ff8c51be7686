"""The trainer's losses against the same method in PyTorch and float64, from the same parameters,
in the same order of images, with the same random numbers.

    parity.py --trainer build/host/sslcuda --case rotation [--data DIR]

Each loss must agree within 1e-4, and what is told below of two methods.

simclr and rotnet: ReLU and max pooling choose, and where two numbers lie closer to each other than
float32 rounds, a run chooses the other one and has other gradients from then on. It is nothing of
this trainer: PyTorch in float32 parts from itself in float64 in the same way and at about the same
step, even with average pooling, and does not in 30 steps with average pooling and softplus, nor in
float64 when all weights are changed by 1e-7. So these two are compared in short parts, from the
start and from checkpoints on the way, from which the reference takes weights, running statistics
and the optimiser's state. The first loss of a part, which no such choice can change much, agrees
within 1e-6, all of its losses and the statistics within 1e-5 in most parts and 1e-2 in every one.

contrastive: its unnormalised logits run into the hundreds and amplify every rounding; the first 10
losses within 1e-3, the sum of the first 100 within 0.5 %.

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
ENCODER_STARTS = (0, 20, 40, 60, 80)
# Name: method, options, steps, and after how many steps of the run each such part begins.
CASES = {
    "contrastive": ("contrastive", {}, 200, (0,)),
    "rotation": ("rotation", {}, 200, (0,)),
    "autoencoder": ("autoencoder", {}, 200, (0,)),
    "contrastive_augment": ("contrastive", {"augment": ""}, 100, (0,)),
    "denoise": ("denoise", {}, 100, (0,)),
    "vae": ("vae", {}, 100, (0,)),
    "simclr": ("simclr", SCHEDULE, 4, ENCODER_STARTS),
    "simclr_group_lars": ("simclr", SCHEDULE | {
        "norm": "group", "optimizer": "lars", "lr": 0.2, "weight-decay": 1e-4}, 4, ENCODER_STARTS),
    "rotnet": ("rotnet", SCHEDULE, 4, ENCODER_STARTS),
    "rotnet_sgd": ("rotnet", SCHEDULE | {
        "optimizer": "sgd", "lr": 0.01, "momentum": 0.8, "weight-decay": 1e-3}, 4, ENCODER_STARTS),
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


def restore(optimiser, parameters, tensors, step):
    """The optimiser's state as the trainer's checkpoint has it."""
    for name, p in parameters.items():
        moment, variance = (
            torch.tensor(tensors[f"optimizer.{name}.{kind}"][1]).double().reshape(p.shape)
            for kind in ("moment", "variance")
        )
        if isinstance(optimiser, torch.optim.Adam):
            state = {"step": torch.tensor(float(step)), "exp_avg": moment, "exp_avg_sq": variance}
        else:
            state = {"momentum_buffer": moment}
        optimiser.state[p] = state


def reference(case, tensors, trained, images, start, epochs):
    """Losses from step `start` on, and all parameters and buffers as they are in the end."""
    method, options, steps, _ = CASES[case]
    # Through float32, as the trainer holds them.
    p = {
        name: torch.tensor(values, dtype=torch.float32).double().reshape(shape)
        for name, (shape, values) in tensors.items()
    }
    parameters = {name: p[name].requires_grad_() for name in trained}
    program = reference_programs.Program(method, p, options.get("norm", "batch"),
                                         "augment" in options)
    optimiser = make_optimiser(options, parameters.values())
    if start > 0:
        restore(optimiser, parameters, tensors, start)
    steps_per_epoch = math.ceil(len(images) / BATCH)
    losses = []
    for step in range(start, start + steps):
        first = step % steps_per_epoch * BATCH
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(options, step, epochs * steps_per_epoch)
        loss = program.loss(images[first : first + BATCH].double() / 255, first, step)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return losses, p


class Run:
    """The trainer's, taken so many steps at a time."""

    def __init__(self, arguments, data, tensors, epochs, steps_per_epoch, folder):
        method, options, *_ = CASES[arguments.case]
        options = {"lr-schedule": "constant", "warmup-steps": 0} | options
        options["warmup-epochs"] = options.pop("warmup-steps") / steps_per_epoch
        files.write_safetensors(folder / "init.safetensors", tensors)
        self.folder = folder / "run"
        self.command = [arguments.trainer, "train", method, "--out", self.folder]
        self.first = ["--data", data, "--init", folder / "init.safetensors", "--no-shuffle"]
        self.first += ["--batch-size", BATCH, "--epochs", epochs, "--log-every", 1, "--no-eval"]
        self.first += ["--device", arguments.device]
        for option, value in options.items():
            self.first += [f"--{option}", value] if value != "" else [f"--{option}"]

    def go_to(self, step):
        how = ["--resume"] if self.folder.exists() else self.first
        command = [*self.command, *how, "--steps", step, "--quiet"]
        subprocess.run(list(map(str, command)), check=True)

    def losses(self):
        return files.read_losses(self.folder)

    def tensors(self):
        return files.read_safetensors(self.folder / "checkpoints/last.safetensors")


def relative_error(got, expected):
    return abs(got - expected) / abs(expected)


def buffer_error(got, expected, names):
    """Largest difference of a running statistic, against the largest of its tensor."""
    def error(name):
        difference = torch.tensor(got[name][1]).double() - expected[name]
        return (difference.abs().max() / expected[name].abs().max()).item()

    return max(map(error, names), default=0)


def checks_of(case, parts):
    """(what, error, tolerance); parts: (losses, those expected, error of running statistics)."""
    errors = [[relative_error(a, b) for a, b in zip(got, expected)] for got, expected, _ in parts]
    if CASES[case][0] == "contrastive":
        ((got, expected, _),) = parts
        return [
            ("largest of the first 10 steps", max(errors[0][:10]), 1e-3),
            ("sum of the first 100", relative_error(sum(got[:100]), sum(expected[:100])), 5e-3),
        ]
    if len(parts) == 1:
        return [(f"largest of {len(errors[0])} steps", max(errors[0]), 1e-4)]
    largest = [max(*part, statistics) for part, (_, _, statistics) in zip(errors, parts)]
    return [
        ("first loss of every part", max(part[0] for part in errors), 1e-6),
        ("median of the parts' largest", sorted(largest)[len(largest) // 2], 1e-5),
        ("largest of all", max(largest), 1e-2),
    ]


def compare(arguments, folder):
    method, options, steps, starts = CASES[arguments.case]
    data = arguments.data or os.environ.get("SSLCUDA_DATA")
    data = data or files.make_dataset(folder / "data")
    (count, height, width), raw = files.read_idx(files.find_idx(data, "train-images-idx3-ubyte"))
    images = torch.frombuffer(bytearray(raw), dtype=torch.uint8).reshape(count, height, width)
    shapes = reference_programs.shapes_of(method, height, width)
    trained, buffers = reference_programs.make_parameters(shapes), {}
    if options.get("norm") != "group":
        buffers = reference_programs.make_buffers(shapes)
    steps_per_epoch = math.ceil(count / BATCH)
    epochs = math.ceil((starts[-1] + steps) / steps_per_epoch)
    tensors = trained | buffers
    run = Run(arguments, data, tensors, epochs, steps_per_epoch, folder)
    parts = []
    for start in starts:
        if start > 0:
            run.go_to(start)
            tensors = run.tensors()
        run.go_to(start + steps)
        expected, after = reference(arguments.case, tensors, trained, images, start, epochs)
        got = run.losses()[start:]
        assert len(got) == len(expected), f"{len(got)} losses, expected {len(expected)}"
        parts.append((got, expected, buffer_error(run.tensors(), after, buffers)))
    return checks_of(arguments.case, parts)


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
