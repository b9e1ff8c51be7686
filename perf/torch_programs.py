"""The peer of compare_torch.py: one epoch of a seed program in eager PyTorch on the CPU.

    torch_programs.py PROGRAM --data DIR --adam fused

Prints one JSON object. The images are converted and normalised before the clock starts and every
batch is one index_select, so nothing but the training step itself is timed.
"""

import argparse
import gzip
import json
import pathlib
import platform
import time

import torch
from torch import nn
from torch.nn import functional

HIDDEN = 128
ADAM = {"fused": {"fused": True}, "foreach": {"foreach": True}, "loop": {"foreach": False}}


class Contrastive(nn.Module):
    def __init__(self, height, width):
        super().__init__()
        self.fc = nn.Linear(height * width, HIDDEN)

    @staticmethod
    def normalise(x):
        return x.sub_(0.5).div_(0.5)

    def loss(self, x):
        x = x.flatten(1)
        z1, z2 = self.fc(x), self.fc(x)
        return functional.cross_entropy(z1 @ z2.T / 0.1, torch.eye(len(x)))


class Rotation(nn.Module):
    def __init__(self, height, width):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 3)
        self.fc = nn.Linear(16 * (height - 2) * (width - 2), 4)

    @staticmethod
    def normalise(x):
        return x

    def loss(self, x):
        turns = torch.randint(4, (len(x),))
        all_turns = torch.stack([torch.rot90(x, k, (1, 2)) for k in range(4)])
        x = all_turns[turns, torch.arange(len(x))].unsqueeze(1)
        logits = self.fc(functional.relu(self.conv(x)).flatten(1))
        return functional.cross_entropy(logits, turns)


class Autoencoder(nn.Module):
    def __init__(self, height, width):
        super().__init__()
        self.encoder = nn.Linear(height * width, HIDDEN)
        self.decoder = nn.Linear(HIDDEN, height * width)

    @staticmethod
    def normalise(x):
        return x

    def loss(self, x):
        x = x.flatten(1)
        y = torch.sigmoid(self.decoder(functional.relu(self.encoder(x))))
        return functional.mse_loss(y, x)


PROGRAMS = {"contrastive": Contrastive, "rotation": Rotation, "autoencoder": Autoencoder}


def read_images(directory):
    path = pathlib.Path(directory) / "train-images-idx3-ubyte"
    data = path.read_bytes() if path.exists() else gzip.decompress(
        path.with_name(path.name + ".gz").read_bytes())
    count, height, width = (int.from_bytes(data[i : i + 4], "big") for i in (4, 8, 12))
    pixels = torch.frombuffer(bytearray(data[16:]), dtype=torch.uint8)
    return pixels.view(count, height, width)


class Training:
    def __init__(self, program, images, batch, adam):
        self.model = PROGRAMS[program](*images.shape[1:])
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, **ADAM[adam])
        self.images = images
        self.batch = batch

    def steps(self, limit=None):
        """Trains on up to `limit` batches of a shuffled epoch; returns the losses."""
        losses = []
        for indices in torch.randperm(len(self.images)).split(self.batch)[:limit]:
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.model.loss(self.images.index_select(0, indices))
            loss.backward()
            self.optimizer.step()
            losses.append(loss.detach())
        return torch.stack(losses)


def seconds_of(action):
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def fastest_adam(program, images, batch):
    def seconds(adam):
        training = Training(program, images, batch, adam)
        training.steps(20)
        return min(seconds_of(lambda: training.steps(50))[0] for _ in range(3))

    return min(ADAM, key=seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", choices=PROGRAMS)
    parser.add_argument("--data", required=True)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--adam", choices=ADAM, help="default: try them, print the fastest, stop")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)  # ours does; the contrastive gradients are full of them
    torch.manual_seed(0)
    images = PROGRAMS[options.program].normalise(read_images(options.data).float().div_(255))
    result = {"torch": torch.__version__, "python": platform.python_version()}
    if options.adam is None:
        result["adam"] = fastest_adam(options.program, images, options.batch_size)
    else:
        Training(options.program, images, options.batch_size, options.adam).steps(20)
        training = Training(options.program, images, options.batch_size, options.adam)
        seconds, losses = seconds_of(training.steps)
        result |= {"seconds": seconds, "steps": len(losses), "loss": losses.mean().item()}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
