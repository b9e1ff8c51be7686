"""The contrastive family for torch_ops.py and memory."""

import torch

from library import KINDS, ContrastiveArgs
from torch_case import Case
from torch_losses import PER_CLASS, SELF_KINDS, TAU, dense, fused, pairs, siglip_bias


def infonce(lib, make, s):
    n, d, grad = s["n"], s["d"], s.get("grad", 0)
    labels = pairs(n, make.device)
    grads = (make.empty(n, d), make.empty(n, d)) if grad else ()

    def ours(inputs, outputs):
        loss, grad_a, grad_b = (*outputs, None, None)[:3]
        lib.infonce(make.dtype, n, d, inputs[0], d, inputs[1], d, TAU, None, None, loss, None,
                    grad_a, grad_b, None)
    return Case((make.similar(n, d), make.similar(n, d)), (make.scalar(), *grads), ours,
                dense("infonce", labels, None, 0), gradients=(0, 1) if grad else (),
                other=fused("infonce", labels, 0))


def contrastive_columns(make, s, kind, n, m):
    """labels and indices of a kind, None where it has none."""
    if kind.startswith("supcon"):
        return torch.randperm(n, device=make.device) // PER_CLASS, None
    if kind == "sampled":
        first = pairs(n, make.device)[:, None] % m
        others = make.whole(m - 1, n, s.get("sampled", 101) - 1)
        return None, torch.cat((first, (first + 1 + others) % m), 1)
    return pairs(n, make.device) if m == n else make.whole(m, n), None


def contrastive(lib, make, s):
    kind, wanted = s.get("kind", "infonce"), s.get("pass", "forward")
    n, d, normalize = s["n"], s["d"], s.get("normalize", 0)
    if wanted == "backward":
        raise NotImplementedError("contrastive with pass=backward")
    within = kind in SELF_KINDS
    m = n if within else s.get("m", n)
    labels, indices = contrastive_columns(make, s, kind, n, m)
    inputs = (make.similar(n, d),) if within else (make.similar(n, d), make.similar(m, d))
    grads = tuple(map(torch.empty_like, inputs)) if wanted == "both" else ()
    fields = {"kind": KINDS.index(kind), "n": n, "m": m, "d": d, "lda": d, "ldb": d, "tau": TAU,
              "normalize": normalize, "workspace_limit": s.get("workspace_limit", 0)}
    if kind == "siglip":
        fields["bias"] = siglip_bias(m)
    if kind == "sampled":
        fields |= {"indices": indices, "sampled": indices.shape[1]}
    if kind.startswith("supcon") or m != n:
        fields["labels"] = labels

    def ours(inputs, outputs):
        (a, b), (loss, grad_a, grad_b) = (*inputs, None)[:2], (*outputs, None, None)[:3]
        args = ContrastiveArgs(**fields, a=a, b=b, loss=loss, grad_a=grad_a, grad_b=grad_b)
        lib.contrastive(make.dtype, args)
    return Case(inputs, (make.scalar(), *grads), ours, dense(kind, labels, indices, normalize),
                gradients=tuple(range(len(grads))), other=fused(kind, labels, normalize))
