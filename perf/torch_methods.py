"""The methods of the trainer beyond the seed programs as PyTorch modules, their augmentation in
batched operations."""

import math

import torch
from torch import nn
from torch.nn import functional

CONTRASTIVE = {"degrees": 10, "translate": 0.07, "noise": 0.1, "fill": -1}
SIMCLR = {"scale": (0.4, 1), "ratio": (0.75, 4 / 3), "degrees": 15, "shear": 10, "translate": 0.1,
          "contrast": 0.4, "blur": 0.5, "sigma": (0.5, 1.5), "noise": 0.05}
DENOISE = {"noise": 0.3, "drop": 0.3}


def around(count, reach, device):
    return (2 * torch.rand(count, device=device) - 1) * reach


def warp(x, s):
    """A random crop, rotation, shear and shift of each image [n, h, w], as one affine map."""
    n, device = len(x), x.device
    low, high = s.get("scale", (1, 1))
    area = low + (high - low) * torch.rand(n, device=device)
    ratio = math.log(s.get("ratio", (1, 1))[1])
    ratio = around(n, ratio, device).exp()
    across, down = (area * ratio).sqrt().clamp(max=1), (area / ratio).sqrt().clamp(max=1)
    turn = around(n, math.radians(s["degrees"]), device)
    slope = around(n, math.radians(s.get("shear", 0)), device).tan()
    u, v = around(n, 2 * s["translate"], device), around(n, 2 * s["translate"], device)
    cos, sin = turn.cos(), turn.sin()
    theta = torch.stack([
        across * cos, -across * (slope * cos + sin), around(n, 1, device) * (1 - across) + u,
        down * sin, down * (cos - slope * sin), around(n, 1, device) * (1 - down) + v], 1)
    fill = s.get("fill", 0)
    grid = functional.affine_grid(theta.view(n, 2, 3), (n, 1, *x.shape[1:]), align_corners=False)
    return functional.grid_sample((x - fill)[:, None], grid, align_corners=False)[:, 0] + fill


def blur(x, s):
    """A Gaussian of its own for each image, in about s["blur"] of them."""
    chosen = (torch.rand(len(x), device=x.device) < s["blur"]).nonzero()[:, 0]
    low, high = s["sigma"]
    sigma = low + (high - low) * torch.rand(len(chosen), 1, device=x.device)
    radius = math.ceil(3 * high)
    offsets = torch.arange(-radius, radius + 1, device=x.device)
    weights = torch.exp(-0.5 * (offsets / sigma) ** 2)
    weights = weights / weights.sum(1, keepdim=True)
    y = functional.pad(x[chosen][None], (radius,) * 4, mode="replicate")
    y = functional.conv2d(y, weights[:, None, None, :], groups=len(chosen))
    y = functional.conv2d(y, weights[:, None, :, None], groups=len(chosen))
    return x.index_copy(0, chosen, y[0])


@torch.no_grad()
def augment(x, s):
    if "degrees" in s:
        x = warp(x, s)
    if "contrast" in s:
        x = x * (1 + around(len(x), s["contrast"], x.device))[:, None, None]
    if "blur" in s:
        x = blur(x, s)
    x = x + s["noise"] * torch.randn_like(x)
    if "drop" in s:
        x = x * (torch.rand_like(x) >= s["drop"])
    return x


def encoder():
    layers, channels = [], (1, 16, 32, 64)
    for c, out in zip(channels, channels[1:]):
        layers += [nn.Conv2d(c, out, 3, padding=1, bias=False), nn.MaxPool2d(2),
                   nn.BatchNorm2d(out), nn.ReLU()]
    return nn.Sequential(*layers, nn.Flatten())


class Method(nn.Module):
    convolutional = False  # may run with its channels last

    @staticmethod
    def normalise(x):
        return x


class ContrastiveAugment(Method):
    def __init__(self, height, width):
        super().__init__()
        self.fc = nn.Linear(height * width, 128)

    @staticmethod
    def normalise(x):
        return x.sub_(0.5).div_(0.5)

    def loss(self, x):
        z = self.fc(augment(torch.cat([x, x]), CONTRASTIVE).flatten(1))
        z1, z2 = z.chunk(2)
        return functional.cross_entropy(z1 @ z2.T / 0.1, torch.arange(len(x), device=x.device))


class Simclr(Method):
    convolutional = True

    def __init__(self, height, width):
        super().__init__()
        self.encoder = encoder()
        self.projector = nn.Sequential(
            nn.Linear(64 * (height // 8) * (width // 8), 256), nn.ReLU(), nn.Linear(256, 128))

    def loss(self, x):
        views = augment(torch.cat([x, x]), SIMCLR)[:, None]
        z = functional.normalize(self.projector(self.encoder(views)))
        scores = (z @ z.T / 0.2).fill_diagonal_(-math.inf)
        return functional.cross_entropy(scores, torch.arange(len(z), device=x.device).roll(len(x)))


class Rotnet(Method):
    convolutional = True

    def __init__(self, height, width):
        super().__init__()
        self.encoder = encoder()
        self.fc = nn.Linear(64 * (height // 8) * (width // 8), 4)

    def loss(self, x):
        turns = torch.randint(4, (len(x),), device=x.device)
        all_turns = torch.stack([torch.rot90(x, k, (1, 2)) for k in range(4)])
        x = all_turns[turns, torch.arange(len(x), device=x.device)].unsqueeze(1)
        return functional.cross_entropy(self.fc(self.encoder(x)), turns)


class Denoise(Method):
    def __init__(self, height, width):
        super().__init__()
        self.encoder = nn.Linear(height * width, 128)
        self.decoder = nn.Linear(128, height * width)

    def loss(self, x):
        hidden = functional.relu(self.encoder(augment(x, DENOISE).flatten(1)))
        return functional.mse_loss(torch.sigmoid(self.decoder(hidden)), x.flatten(1))


class Vae(Method):
    def __init__(self, height, width):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(height * width, 400), nn.ReLU(), nn.Linear(400, 40))
        self.decoder = nn.Sequential(nn.Linear(20, 400), nn.ReLU(), nn.Linear(400, height * width))

    def loss(self, x):
        x = x.flatten(1)
        mu, logvar = self.encoder(x).chunk(2, 1)
        logits = self.decoder(mu + (logvar / 2).exp() * torch.randn_like(mu))
        entropy = functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        return (entropy - 0.5 * (1 + logvar - mu**2 - logvar.exp()).sum()) / len(x)


METHODS = {"contrastive_augment": ContrastiveAugment, "simclr": Simclr, "rotnet": Rotnet,
           "denoise": Denoise, "vae": Vae}
