"""The contrastive family as PyTorch has it: dense, by the usual formulations, each of them a
function of scores in float32 as autocast gives them; and by packages that store no scores."""

import math

import torch
from torch.nn import functional

TAU = 0.05
PER_CLASS = 8  # rows of SupCon
SELF_KINDS = ("ntxent", "supcon", "supcon_in")


def pairs(n, device):
    return torch.arange(n, device=device)


def infonce(s, labels):
    return functional.cross_entropy(s, labels)


def clip(s, _):
    labels = pairs(len(s), s.device)
    return (functional.cross_entropy(s, labels) + functional.cross_entropy(s.T, labels)) / 2


def without_self(s):
    return s.masked_fill(torch.eye(len(s), dtype=torch.bool, device=s.device), -torch.inf)


def ntxent(s, _):
    labels = pairs(len(s), s.device).roll(len(s) // 2)
    return functional.cross_entropy(without_self(s), labels)


def same_class(labels):
    same = labels[:, None] == labels
    return same.fill_diagonal_(False)


def supcon(s, labels):
    mask = same_class(labels)
    log_p = s - without_self(s).logsumexp(1, keepdim=True)
    return -((mask * log_p).sum(1) / mask.sum(1)).mean()


def supcon_in(s, labels):
    mask = same_class(labels)
    positives = s.masked_fill(~mask, -torch.inf).logsumexp(1) - mask.sum(1).log()
    return (without_self(s).logsumexp(1) - positives).mean()


def siglip_bias(columns):
    """Scores are about 10: a row's negatives weigh as much as its positive."""
    return -10 - math.log(columns)


def siglip(s, _):
    sign = 2 * torch.eye(len(s), device=s.device) - 1
    return -functional.logsigmoid(sign * (s + siglip_bias(len(s)))).sum() / len(s)


def sampled(s, _):
    return functional.cross_entropy(s, torch.zeros(len(s), dtype=torch.int64, device=s.device))


LOSSES = {f.__name__: f for f in (infonce, clip, ntxent, supcon, supcon_in, siglip, sampled)}


def rows(x, normalize):
    return functional.normalize(x) if normalize else x


def dense(kind, labels, indices, normalize):
    """(a, b) -> loss; (a) -> loss where the loss is within one tensor."""
    def loss(a, b=None):
        a = rows(a, normalize)
        b = a if b is None else rows(b, normalize)
        s = torch.einsum("nd,nkd->nk", a, b[indices]) if kind == "sampled" else a @ b.T
        return (LOSSES[kind](s.float() / TAU, labels),)
    return loss


def fused(kind, labels, normalize):
    """The same by packages that, as ours, store no scores, by name; None if one is absent."""
    if kind not in ("infonce", "clip"):
        return {}

    def of(cross_entropy):
        def loss(a, b):
            a, b = rows(a, normalize), rows(b, normalize)
            if kind == "infonce":
                return (cross_entropy(a / TAU, b, labels),)
            return ((cross_entropy(a / TAU, b, labels) + cross_entropy(b / TAU, a, labels)) / 2,)
        return loss
    return {name: f and of(f) for name, f in linear_cross_entropies().items()}


def linear_cross_entropies():
    """(x, weight, labels) -> loss, by name; None if absent."""
    found = {"PyTorch chunked": None, "Liger-Kernel": None, "cut-cross-entropy": None}
    if hasattr(torch.nn, "LinearCrossEntropyOptions"):
        options = torch.nn.LinearCrossEntropyOptions()
        found["PyTorch chunked"] = lambda x, weight, labels: functional.linear_cross_entropy(
            x, weight, labels, options=options)
    try:
        from liger_kernel.transformers import LigerFusedLinearCrossEntropyLoss
        liger = LigerFusedLinearCrossEntropyLoss()
        found["Liger-Kernel"] = lambda x, weight, labels: liger(weight, x, labels)
    except ImportError:
        pass
    try:
        from cut_cross_entropy import linear_cross_entropy
        # Its filter drops probabilities below 2^-12, which are all of them among many rows.
        found["cut-cross-entropy"] = lambda x, weight, labels: linear_cross_entropy(
            x, weight, labels, filter_eps=None)
    except ImportError:
        pass
    return found
