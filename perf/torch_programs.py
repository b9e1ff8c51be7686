"""The peer of compare_torch.py: one epoch of a training program in PyTorch.

    torch_programs.py PROGRAM --data DIR --device cuda --how "graph, Adam fused"

Prints one JSON object. The images are on the device, converted and normalised, before the clock
starts, and every batch is one index_select, so nothing but the training step itself is timed. On
CUDA the step can be replayed as a graph that was captured by hand. Convolutional programs may also
run with their channels last. "plain", on the CPU, is the loop that tutorials write: a
DataLoader, and Adam with its defaults.
"""

import argparse
import gzip
import itertools
import json
import pathlib
import platform
import time

import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from torch_methods import METHODS

HIDDEN = 128
WARM_UP, TRIAL = 20, 50  # steps
TRIAL_SECONDS = 1  # of so many at most
ADAM = {"fused": {"fused": True}, "foreach": {"foreach": True}, "loop": {"foreach": False}}
PLAIN = "plain"
LAST = ", channels last"
# Ways to run, of which a trial takes the fastest.
WAYS = {
    "cpu": [f"eager, Adam {adam}" for adam in ADAM],
    "cuda": ["eager, Adam fused", "compiled, Adam fused", "graph, Adam fused"],
}


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
        return functional.cross_entropy(z1 @ z2.T / 0.1, torch.eye(len(x), device=x.device))


class Rotation(nn.Module):
    def __init__(self, height, width):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 3)
        self.fc = nn.Linear(16 * (height - 2) * (width - 2), 4)

    @staticmethod
    def normalise(x):
        return x

    def loss(self, x):
        turns = torch.randint(4, (len(x),), device=x.device)
        all_turns = torch.stack([torch.rot90(x, k, (1, 2)) for k in range(4)])
        x = all_turns[turns, torch.arange(len(x), device=x.device)].unsqueeze(1)
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


PROGRAMS = {"contrastive": Contrastive, "rotation": Rotation, "autoencoder": Autoencoder} | METHODS


def read_images(directory):
    path = pathlib.Path(directory) / "train-images-idx3-ubyte"
    data = path.read_bytes() if path.exists() else gzip.decompress(
        path.with_name(path.name + ".gz").read_bytes())
    count, height, width = (int.from_bytes(data[i : i + 4], "big") for i in (4, 8, 12))
    pixels = torch.frombuffer(bytearray(data[16:]), dtype=torch.uint8)
    return pixels.view(count, height, width)


class Training:
    def __init__(self, program, images, batch, how):
        way, _, adam = how.removesuffix(LAST).partition(", Adam ")
        self.model = PROGRAMS[program](*images.shape[1:]).to(images.device)
        if how.endswith(LAST):
            self.model.to(memory_format=torch.channels_last)
        self.loss = torch.compile(self.model.loss) if way == "compiled" else self.model.loss
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3,
                                          capturable=way == "graph", **ADAM.get(adam, {}))
        self.images = images
        self.batch = batch
        self.plain = way == PLAIN
        self.graph = None
        if way == "graph":
            self.capture()

    def step(self, indices):
        return self.step_on(self.images.index_select(0, indices))

    def step_on(self, x):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss(x)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def capture(self):
        self.indices = torch.arange(self.batch, device=self.images.device)
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                self.step(self.indices)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.graph_loss = self.step(self.indices)
        self.graph = graph

    def replay(self, indices):
        self.indices.copy_(indices)
        self.graph.replay()
        return self.graph_loss.clone()

    def steps(self, limit=None):
        """Trains on up to `limit` batches of a shuffled epoch; returns the losses."""
        if self.plain:
            loader = DataLoader(TensorDataset(self.images), self.batch, shuffle=True)
            return torch.stack([self.step_on(x) for x, in itertools.islice(loader, limit)])
        losses = []
        order = torch.randperm(len(self.images), device=self.images.device)
        for indices in order.split(self.batch)[:limit]:
            whole = self.graph and len(indices) == self.batch
            losses.append((self.replay if whole else self.step)(indices))
        return torch.stack(losses)


def seconds_of(training, limit=None):
    def finish():
        if training.images.is_cuda:
            torch.cuda.synchronize()

    finish()
    start = time.perf_counter()
    losses = training.steps(limit)
    finish()
    return time.perf_counter() - start, losses


def fastest(program, images, batch, ways):
    def seconds(how):
        training = Training(program, images, batch, how)
        first = seconds_of(training, 2)[0] + seconds_of(training, 2)[0]
        steps = max(2, min(TRIAL, int(TRIAL_SECONDS * 4 / first)))
        return min(seconds_of(training, steps)[0] / steps for _ in range(3))

    return min(ways, key=seconds)


def ways_to_run(program, images, batch):
    """The plain way on the CPU, the fastest in PyTorch's own layout, and for a convolutional
    program the fastest with the channels last."""
    ways = WAYS[images.device.type]
    layouts = [ways]
    if getattr(PROGRAMS[program], "convolutional", False):
        layouts.append([way + LAST for way in ways])
    plain = [] if images.is_cuda else [PLAIN]
    return plain + [fastest(program, images, batch, ways) for ways in layouts]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", choices=PROGRAMS)
    parser.add_argument("--data", required=True)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=WAYS, default="cpu")
    parser.add_argument("--how", help="a way to run; default: try all, print those worth a "
                                      "measurement, stop")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)  # ours does; the contrastive gradients are full of them
    torch.manual_seed(0)
    images = PROGRAMS[options.program].normalise(read_images(options.data).float().div_(255))
    images = images.to(options.device)
    result = {"torch": torch.__version__, "python": platform.python_version()}
    if options.how is None:
        result["hows"] = ways_to_run(options.program, images, options.batch_size)
    else:
        Training(options.program, images, options.batch_size, options.how).steps(WARM_UP)
        training = Training(options.program, images, options.batch_size, options.how)
        seconds, losses = seconds_of(training)
        result |= {"seconds": seconds, "steps": len(losses), "loss": losses.mean().item()}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
