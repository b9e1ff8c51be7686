"""The losses in plain PyTorch with the whole matrix of scores, and inputs for both."""

import math

import torch
from torch.nn import functional

from sslcuda import torch as losses


def cosines(a, b):
    return functional.normalize(a, dim=1) @ functional.normalize(b, dim=1).T


def identity(n):
    return torch.eye(n, dtype=torch.bool)


def rows_of(log_p, positives):
    """Mean over a row's positives, mean over the rows that have one."""
    count = positives.sum(1)
    rows = -log_p.masked_fill(~positives, 0).sum(1) / count.clamp(min=1)
    return rows[count > 0].mean()


def dense(kind, a, b, scale, labels=None, bias=0.0):
    """The formulas of docs/ops/contrastive.md with the whole matrix."""
    n = len(a)
    s = cosines(a, a if b is None else b) * scale
    if b is None:
        s = s.masked_fill(identity(n), -math.inf)
    if kind == "infonce":
        return functional.cross_entropy(s, torch.arange(n))
    if kind == "clip":
        y = torch.arange(n)
        return (functional.cross_entropy(s, y) + functional.cross_entropy(s.T, y)) / 2
    if kind == "ntxent":
        return functional.cross_entropy(s, (torch.arange(n) + n // 2) % n)
    if kind == "siglip":
        y = 2 * torch.eye(n, dtype=s.dtype) - 1
        return functional.softplus(-y * (s + bias)).sum() / n
    same = (labels[:, None] == labels) & ~identity(n)
    if kind == "supcon":
        return rows_of(s.log_softmax(1), same)
    counts = same.sum(1)
    inside = s.masked_fill(~same, -math.inf)[counts > 0].logsumexp(1) - counts[counts > 0].log()
    return (s[counts > 0].logsumexp(1) - inside).mean()


LABELS = torch.tensor([0, 1, 0, 2, 1, 1, 3, 0, 2, 4])
N, D = 10, 6
# kind: (module, inputs besides the first, dense loss of (a, b, scale, bias))
MODULES = {
    "infonce": lambda **o: losses.InfoNCELoss(0.3, **o),
    "clip": lambda **o: losses.CLIPLoss(0.3, **o),
    "ntxent": lambda **o: losses.NTXentLoss(0.3, **o),
    "supcon": lambda **o: losses.SupConLoss(0.3, **o),
    "supcon_in": lambda **o: losses.SupConLoss(0.3, form="in", **o),
    "siglip": lambda **o: losses.SigLIPLoss(0.3, -1.5, **o),
}
ONE = ("ntxent", "supcon", "supcon_in")


def inputs_of(kind, dtype=torch.float32):
    torch.manual_seed(3)
    a, b = (torch.randn(N, D).to(dtype).requires_grad_() for _ in range(2))
    return [a] if kind in ONE else [a, b]


def run(module, kind, inputs):
    more = (LABELS,) if kind.startswith("supcon") else ()
    return module(*inputs, *more)


def expected(kind, inputs, module):
    """(loss, gradients of the inputs, of the scale's logarithm and of the bias) in float64."""
    doubles = [x.detach().double().requires_grad_() for x in inputs]
    log_scale = torch.tensor(-math.log(0.3), dtype=torch.float64, requires_grad=True)
    bias = torch.tensor(-1.5, dtype=torch.float64, requires_grad=True)
    a, b = (*doubles, None)[:2]
    loss = dense(kind, a, b, log_scale.exp(), LABELS, bias)
    wanted = [*doubles, log_scale, *([bias] if kind == "siglip" else [])]
    return loss.detach(), torch.autograd.grad(loss, wanted)
