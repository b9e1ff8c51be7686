"""The trainer's losses against the same programs in PyTorch and float64, from the same parameters
and in the same order of images.

    parity.py --trainer build/host/sslcuda --program rotation [--data DIR]

Rotation and autoencoder: each loss within 1e-4. Contrastive, whose unnormalised logits run into
the hundreds and amplify every rounding: the first 10 within 1e-3, the sum of the first 100 within
0.5 %.
Exits with 77 where PyTorch is missing.
"""

import argparse
import math
import os
import pathlib
import random
import subprocess
import sys
import tempfile

import files

try:
    import torch
    from torch.nn import functional
except ImportError:
    print("skipped: the Python module torch is missing")
    sys.exit(77)

torch.set_num_threads(1)  # small matrices: more threads wait for each other

BATCH = 64
HIDDEN = 128


def shapes_of(program, height, width):
    pixels = height * width
    if program == "contrastive":
        return {"fc.weight": (HIDDEN, pixels), "fc.bias": (HIDDEN,)}
    if program == "rotation":
        flat = 16 * (height - 2) * (width - 2)
        return {
            "conv.weight": (16, 1, 3, 3),
            "conv.bias": (16,),
            "fc.weight": (4, flat),
            "fc.bias": (4,),
        }
    return {
        "encoder.weight": (HIDDEN, pixels),
        "encoder.bias": (HIDDEN,),
        "decoder.weight": (pixels, HIDDEN),
        "decoder.bias": (pixels,),
    }


def make_parameters(shapes):
    rng = random.Random(7)
    tensors = {}
    for name, shape in shapes.items():
        layer = name.split(".")[0]
        bound = 1 / math.sqrt(math.prod(shapes[f"{layer}.weight"][1:]))
        tensors[name] = (shape, [rng.uniform(-bound, bound) for _ in range(math.prod(shape))])
    return tensors


def loss_of(program, p, images, first):
    """Loss of a batch of images [n, h, w] in 0..1, the first of which is number `first`."""
    x = images.flatten(1)
    if program == "contrastive":
        x = (x - 0.5) / 0.5
        z1 = functional.linear(x, p["fc.weight"], p["fc.bias"])
        z2 = functional.linear(x, p["fc.weight"], p["fc.bias"])
        return functional.cross_entropy(z1 @ z2.T / 0.1, torch.eye(len(x), dtype=x.dtype))
    if program == "rotation":
        turns = (first + torch.arange(len(x))) % 4
        turned = [torch.rot90(image, int(k), (0, 1)) for image, k in zip(images, turns)]
        y = functional.conv2d(torch.stack(turned)[:, None], p["conv.weight"], p["conv.bias"])
        y = functional.linear(y.relu().flatten(1), p["fc.weight"], p["fc.bias"])
        return functional.cross_entropy(y, turns)
    hidden = functional.linear(x, p["encoder.weight"], p["encoder.bias"]).relu()
    output = functional.linear(hidden, p["decoder.weight"], p["decoder.bias"]).sigmoid()
    return functional.mse_loss(output, x)


def reference_losses(program, init, images, steps):
    # Through float32, as the trainer reads them.
    p = {
        name: torch.tensor(values, dtype=torch.float32).double().reshape(shape).requires_grad_()
        for name, (shape, values) in init.items()
    }
    optimiser = torch.optim.Adam(p.values(), lr=1e-3)
    losses = []
    while len(losses) < steps:
        for first in range(0, len(images), BATCH):
            if len(losses) == steps:
                break
            batch = images[first : first + BATCH].double() / 255
            loss = loss_of(program, p, batch, first)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
    return losses


def trainer_losses(arguments, data, init, folder):
    files.write_safetensors(folder / "init.safetensors", init)
    command = [arguments.trainer, "train", arguments.program, "--data", data]
    command += ["--out", folder / "run", "--init", folder / "init.safetensors", "--no-shuffle"]
    command += ["--batch-size", str(BATCH), "--steps", str(arguments.steps), "--epochs", "1000"]
    command += ["--device", arguments.device, "--log-every", "1", "--no-eval", "--quiet"]
    subprocess.run(list(map(str, command)), check=True)
    return files.read_losses(folder / "run")


def relative_error(got, expected):
    return abs(got - expected) / abs(expected)


def check(program, got, expected):
    assert len(got) == len(expected), f"{len(got)} losses, expected {len(expected)}"
    errors = [relative_error(a, b) for a, b in zip(got, expected)]
    if program == "contrastive":
        checks = [
            ("largest of the first 10 steps", max(errors[:10]), 1e-3),
            ("sum of the first 100", relative_error(sum(got[:100]), sum(expected[:100])), 5e-3),
        ]
    else:
        checks = [(f"largest of {len(errors)} steps", max(errors), 1e-4)]
    failed = False
    for what, error, tolerance in checks:
        failed |= not error <= tolerance
        print(f"{program}: relative error, {what}: {error:.2e} (at most {tolerance:g})")
    return failed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trainer", required=True)
    parser.add_argument("--program", required=True)
    parser.add_argument("--data", help="default: $SSLCUDA_DATA, else a small made-up set")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        data = arguments.data or os.environ.get("SSLCUDA_DATA")
        data = data or files.make_dataset(folder / "data")
        (count, height, width), raw = files.read_idx(
            files.find_idx(data, "train-images-idx3-ubyte")
        )
        images = torch.frombuffer(bytearray(raw), dtype=torch.uint8).reshape(count, height, width)
        init = make_parameters(shapes_of(arguments.program, height, width))
        got = trainer_losses(arguments, data, init, folder)
        expected = reference_losses(arguments.program, init, images, arguments.steps)
    return check(arguments.program, got, expected)


if __name__ == "__main__":
    sys.exit(main())
