"""The methods in PyTorch and float64: shapes of their parameters, and the loss of a batch."""

import math
import random

import torch
import views
from torch.nn import functional

SEED = 0
HIDDEN = 128
CHANNELS = (1, 16, 32, 64)
# Of host/model/recipe.cpp, for pixels in 0..1.
CONTRASTIVE = {"degrees": 10, "translate": 0.07, "noise": 0.05}
SIMCLR = {"scale": (0.4, 1), "ratio": (0.75, 4 / 3), "degrees": 15, "shear": 10, "translate": 0.1,
          "contrast": 0.4, "blur": 0.5, "sigma": (0.5, 1.5), "noise": 0.05}
DENOISE = {"noise": 0.3, "drop": 0.3}


def layer(name, out, *inputs):
    return {f"{name}.weight": (out, *inputs), f"{name}.bias": (out,)}


def encoder_shapes():
    shapes = {}
    for i in (1, 2, 3):
        shapes[f"encoder.conv{i}.weight"] = (CHANNELS[i], CHANNELS[i - 1], 3, 3)
        shapes |= {f"encoder.norm{i}.{kind}": (CHANNELS[i],) for kind in ("weight", "bias")}
    return shapes


def shapes_of(method, height, width):
    pixels = height * width
    features = CHANNELS[3] * (height // 8) * (width // 8)
    return {
        "contrastive": layer("fc", HIDDEN, pixels),
        "rotation": layer("conv", 16, 1, 3, 3)
        | layer("fc", 4, 16 * (height - 2) * (width - 2)),
        "autoencoder": layer("encoder", HIDDEN, pixels) | layer("decoder", pixels, HIDDEN),
        "denoise": layer("encoder", HIDDEN, pixels) | layer("decoder", pixels, HIDDEN),
        "simclr": encoder_shapes()
        | layer("projector.fc1", 256, features)
        | layer("projector.fc2", 128, 256),
        "rotnet": encoder_shapes() | layer("fc", 4, features),
        "vae": layer("encoder.fc1", 400, pixels)
        | layer("encoder.fc2", 40, 400)
        | layer("decoder.fc1", 400, 20)
        | layer("decoder.fc2", pixels, 400),
    }[method]


def make_parameters(shapes):
    rng = random.Random(7)
    tensors = {}
    for name, shape in shapes.items():
        layer_name = name.rsplit(".", 1)[0]
        if ".norm" in name:
            low, high = (0.5, 1.5) if name.endswith("weight") else (-0.2, 0.2)
        else:
            high = 1 / math.sqrt(math.prod(shapes[f"{layer_name}.weight"][1:]))
            low = -high
        tensors[name] = (shape, [rng.uniform(low, high) for _ in range(math.prod(shape))])
    return tensors


def make_buffers(shapes):
    """Running statistics of batch normalisation, as a model starts with them."""
    buffers = {}
    for name, shape in shapes.items():
        if ".norm" in name and name.endswith(".weight"):
            norm = name.removesuffix("weight")
            buffers[f"{norm}running_mean"] = (shape, [0.0] * shape[0])
            buffers[f"{norm}running_var"] = (shape, [1.0] * shape[0])
    return buffers


class Program:
    """p: parameters and buffers, by name; norm: batch or group; augment: of contrastive."""

    def __init__(self, method, p, norm, augment):
        self.p, self.norm, self.augment = p, norm, augment
        self.loss = getattr(self, method)  # of images [n, h, w] in 0..1, of which the first
        # is number `first`, in the step with that number

    def linear(self, name, x):
        return functional.linear(x, self.p[f"{name}.weight"], self.p[f"{name}.bias"])

    def views(self, images, count, settings, step):
        return torch.from_numpy(views.augment(images.numpy(), count, settings, SEED, step))

    def encode(self, x):
        x = x[:, None]
        for i in (1, 2, 3):
            norm = {kind: self.p.get(f"encoder.norm{i}.{kind}")
                    for kind in ("running_mean", "running_var", "weight", "bias")}
            x = functional.conv2d(x, self.p[f"encoder.conv{i}.weight"], padding=1)
            x = functional.max_pool2d(x, 2)
            if self.norm == "batch":
                x = functional.batch_norm(x, *norm.values(), training=True).relu()
            else:
                x = functional.group_norm(x, 8, norm["weight"], norm["bias"]).relu()
        return x.flatten(1)

    def contrastive(self, images, first, step):
        pair = [images, images]
        if self.augment:
            pair = self.views(images, 2, CONTRASTIVE, step).chunk(2)
        z1, z2 = (self.linear("fc", (x.flatten(1) - 0.5) / 0.5) for x in pair)
        return functional.cross_entropy(z1 @ z2.T / 0.1, torch.arange(len(z1)))

    def turn(self, images, first):
        turns = (first + torch.arange(len(images))) % 4
        turned = [torch.rot90(image, int(k), (0, 1)) for image, k in zip(images, turns)]
        return torch.stack(turned), turns

    def rotation(self, images, first, step):
        turned, turns = self.turn(images, first)
        y = functional.conv2d(turned[:, None], self.p["conv.weight"], self.p["conv.bias"])
        return functional.cross_entropy(self.linear("fc", y.relu().flatten(1)), turns)

    def rotnet(self, images, first, step):
        turned, turns = self.turn(images, first)
        return functional.cross_entropy(self.linear("fc", self.encode(turned)), turns)

    def simclr(self, images, first, step):
        features = self.encode(self.views(images, 2, SIMCLR, step))
        z = self.linear("projector.fc2", self.linear("projector.fc1", features).relu())
        z = functional.normalize(z)
        scores = z @ z.T / 0.2 - torch.diag(torch.full((len(z),), math.inf))
        return functional.cross_entropy(scores, torch.arange(len(z)).roll(len(images)))

    def reconstruct(self, x, target):
        hidden = self.linear("encoder", x.flatten(1)).relu()
        return functional.mse_loss(self.linear("decoder", hidden).sigmoid(), target.flatten(1))

    def autoencoder(self, images, first, step):
        return self.reconstruct(images, images)

    def denoise(self, images, first, step):
        return self.reconstruct(self.views(images, 1, DENOISE, step), images)

    def vae(self, images, first, step):
        x = images.flatten(1)
        mu, logvar = self.linear("encoder.fc2", self.linear("encoder.fc1", x).relu()).chunk(2, 1)
        noise = torch.from_numpy(views.normal_array(SEED, step, mu.shape))
        z = mu + (logvar / 2).exp() * noise
        logits = self.linear("decoder.fc2", self.linear("decoder.fc1", z).relu())
        entropy = functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        divergence = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum()
        return (entropy + divergence) / len(x)
