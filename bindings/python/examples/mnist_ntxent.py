"""mnist_ntxent.py - SimCLR on MNIST in PyTorch, with the loss and the random views of libsslcuda.

    python mnist_ntxent.py --data DIR          # of the IDX files, .gz or not
    python mnist_ntxent.py --data DIR --check  # beside a dense NT-Xent, from the same seed

--check trains a second model with the whole matrix of scores in plain PyTorch; exit code 1 where the
losses of a step differ by more than 1e-4 of their value."""

import argparse
import copy
import gzip
import pathlib
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

import sslcuda
from sslcuda.torch import NTXentLoss


def read(folder, name, head):
    """An IDX file's bytes after its head."""
    path = next((p for p in (folder / name, folder / f"{name}.gz") if p.exists()), None)
    if path is None:
        sys.exit(f"mnist_ntxent: no {name}[.gz] in {folder}; pass the directory of the IDX files")
    data = gzip.open(path).read() if path.suffix == ".gz" else path.read_bytes()
    return torch.from_numpy(numpy.frombuffer(data, numpy.uint8, offset=head).copy())


def images_of(folder, part):
    return read(folder, f"{part}-images-idx3-ubyte", 16).reshape(-1, 1, 28, 28)


def labels_of(folder, part):
    return read(folder, f"{part}-labels-idx1-ubyte", 8).long()


def make_model():
    """A small convolutional encoder and SimCLR's projector. GELU, because at the kinks of ReLU
    roundings grow until two runs can no longer be compared."""
    encoder = nn.Sequential(
        nn.Conv2d(1, 16, 3, 2, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.GELU(),
        nn.Conv2d(16, 32, 3, 2, 1, bias=False),
        nn.BatchNorm2d(32),
        nn.GELU(),
        nn.Flatten(),
    )
    projector = nn.Sequential(nn.Linear(32 * 49, 128), nn.GELU(), nn.Linear(128, 64))
    return nn.Sequential(encoder, projector)


def dense_ntxent(z, temperature):
    """The same loss with the 2k x 2k matrix, as it is usually written."""
    z = functional.normalize(z, dim=1)
    scores = (z @ z.T / temperature).fill_diagonal_(-torch.inf)
    k = len(z) // 2
    return functional.cross_entropy(scores, (torch.arange(2 * k) + k) % (2 * k))


class Run:
    def __init__(self, model, loss, rate):
        self.model, self.loss = model, loss
        self.optimiser = torch.optim.Adam(model.parameters(), rate)

    def step(self, views):
        self.optimiser.zero_grad()
        loss = self.loss(self.model(views))
        loss.backward()
        self.optimiser.step()
        return loss.item()


def batches(count, size, seed):
    """Indices of batches for ever, a new order each epoch."""
    order = torch.Generator().manual_seed(seed)
    while True:
        yield from torch.randperm(count, generator=order).split(size)[: count // size]


def knn(model, folder):
    """Share of test images whose 20 nearest training images, by the features, name their class."""
    model.eval()
    with torch.no_grad():
        features = [
            model[0](images_of(folder, part)[:n].float() / 255)
            for part, n in (("train", 10000), ("t10k", 2000))
        ]
        nearest = sslcuda.similarity(features[1], features[0], normalize=True).topk(20).indices
    votes = labels_of(folder, "train")[nearest]
    return (votes.mode(1).values == labels_of(folder, "t10k")[:2000]).float().mean().item()


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--batch", type=int, default=256, help="images; each has two views")
    parser.add_argument("--temperature", type=float, default=0.5)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--check", action="store_true", help="100 steps beside a dense loss")
    options = parser.parse_args()
    steps = 100 if options.check else options.steps
    torch.manual_seed(options.seed)
    images = images_of(options.data, "train")
    model = make_model()
    ours = Run(model, NTXentLoss(options.temperature), options.rate)
    dense = Run(copy.deepcopy(model), lambda z: dense_ntxent(z, options.temperature), options.rate)
    worst, start = 0.0, time.perf_counter()
    for step, index in zip(range(steps), batches(len(images), options.batch, options.seed)):
        batch = sslcuda.gather_images(images, index)  # uint8 rows, now floats in 0..1
        views = sslcuda.augment(
            batch,
            2,
            seed=options.seed,
            sequence=step,
            scale=(0.5, 1),
            degrees=15,
            shear=10,
            translate=0.1,
            contrast=0.4,
        )
        views = views.flatten(0, 1)  # [2k, 1, 28, 28]: rows i and i + k are views of one image
        loss = ours.step(views)
        if options.check:
            worst = max(worst, abs(dense.step(views) - loss) / loss)
        if step % 20 == 0 or step == steps - 1:
            print(
                f"step {step:4}  loss {loss:.4f}"
                + (f"  difference {worst:.1e}" if options.check else "")
            )
    if options.check:
        print(f"largest difference of {steps} losses: {worst:.1e} of their value")
        return worst > 1e-4
    print(f"{steps} steps of {options.batch} images in {time.perf_counter() - start:.1f} s")
    print(f"kNN {100 * knn(model, options.data):.1f} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
