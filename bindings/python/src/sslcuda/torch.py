"""Contrastive losses for PyTorch, with gradients and without the n x n matrix.

Modules: InfoNCELoss, CLIPLoss, NTXentLoss, SupConLoss, SigLIPLoss, all based on contrastive();
linear_cross_entropy() is a fused linear layer and loss. For all of them:

 - Embeddings are float32, bfloat16 or float16, contiguous or rows of a wider matrix; all sums are
   float32, and so is the loss. autocast does not convert the inputs; they must have one dtype. A
   loss scale (GradScaler) is applied to float16 gradients before they are rounded.
 - `normalize` (the default) scales rows to unit length; gradients go through it.
 - A learnable temperature is the parameter `log_scale`, log(1 / temperature), which the kernels read
   from device memory. It stays float32 when the module is converted.
 - Gradients are computed only for inputs that require them. Second derivatives raise an error.
 - There is no communication. With several processes gather the keys (differentiably, if they are
   trained) and pass `labels = arange(n) + rank * n`.
"""

from __future__ import annotations

import math
from typing import Any, Optional

import torch
from torch import Tensor, nn

from . import losses
from ._errors import error

# Inputs that have a gradient, and its name in sslcuda.h.
_GRADIENTS = {
    "a": "grad_a", "b": "grad_b", "positives": "grad_positives", "negatives": "grad_negatives",
    "log_scale": "grad_temperature", "tau": "grad_temperature", "bias": "grad_bias",
    "column_bias": "grad_column_bias",
}
# Log-sum-exps that spare the backward the forward's work.
_STATISTICS = {
    "infonce": ("row_lse",), "clip": ("row_lse", "column_lse"), "ntxent": ("row_lse",),
    "supcon": ("row_lse",), "supcon_in": ("row_lse",), "siglip": (), "sampled": (),
}


class _Contrastive(torch.autograd.Function):
    """Value and gradients at once where the upstream gradient is one number that can be multiplied
    on later. float16 cannot wait for it, as small gradients are lost without their loss scale, and
    single losses have many: there the backward makes the scores again, from their log-sum-exps."""

    @staticmethod
    def forward(ctx: Any, kind: str, reduction: str, options: dict[str, Any],
                names: tuple[str, ...], *tensors: Tensor) -> Tensor:
        arrays: dict[str, Any] = dict(zip(names, tensors))
        needed = ctx.needs_input_grad[4:]
        gradients = tuple(_GRADIENTS[n] for n, needs in zip(names, needed) if needs)
        at_once = reduction == "mean" and arrays["a"].dtype != torch.float16
        keep = () if not gradients else gradients if at_once else _STATISTICS[kind]
        value = "loss" if reduction == "mean" else "row_loss"
        loss: Tensor
        loss, *kept = losses.contrastive(kind, **arrays, **options, want=(value, *keep))
        ctx.save_for_backward(*kept, *(() if at_once else tensors))
        ctx.kind, ctx.options, ctx.names, ctx.value = kind, options, names, value
        ctx.at_once, ctx.gradients, ctx.kept = at_once, gradients, len(kept)
        ctx.shapes = [tensor.shape for tensor in tensors]
        return loss

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Any, ...]:
        saved = [tensor.detach() for tensor in ctx.saved_tensors]
        kept, upstream = saved[: ctx.kept], upstream.detach()
        if ctx.at_once:
            made = {name: (g * upstream).to(g.dtype) for name, g in zip(ctx.gradients, kept)}
        else:
            arrays = dict(zip(ctx.names, saved[ctx.kept :]))
            given = {f"given_{name}": lse for name, lse in zip(_STATISTICS[ctx.kind], kept)}
            arrays[f"grad_{ctx.value}"] = upstream.float().contiguous()
            results = losses.contrastive(ctx.kind, **arrays, **ctx.options, **given,
                                         want=ctx.gradients)
            made = dict(zip(ctx.gradients, results))
        needed = ctx.needs_input_grad[4:]
        found = (made[_GRADIENTS[n]] if needs else None for n, needs in zip(ctx.names, needed))
        shaped = [g.reshape(s) if g is not None else None for g, s in zip(found, ctx.shapes)]
        if torch.is_grad_enabled():  # create_graph=True
            shaped = [_Once.apply(g.requires_grad_()) if g is not None else None for g in shaped]
        return (None, None, None, None, *shaped)


class _Once(torch.autograd.Function):
    """Passes a gradient on, and refuses to be differentiated: silence would count it a constant."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor) -> Tensor:
        return gradient.view_as(gradient)

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> Tensor:
        raise error("UNSUPPORTED", "sslcuda.torch: contrastive losses have no second derivatives")


def contrastive(
    kind: str, a: Tensor, b: Optional[Tensor] = None, *, reduction: str = "mean", **options: Any
) -> Tensor:
    """The contrastive family with gradients: sslcuda.contrastive without its outputs.

    reduction "mean" gives the loss, "none" those of the rows [n]. Gradients reach a, b, positives,
    negatives, column_bias, and tau, log_scale and bias where these are tensors of one float32."""
    if reduction not in ("mean", "none"):
        raise error("UNSUPPORTED", f'reduction must be "mean" or "none", got {reduction!r}')
    if kind not in _STATISTICS:
        raise error("UNSUPPORTED", f"kind must be one of {', '.join(_STATISTICS)}, got {kind!r}")
    given = {"a": a, "b": b, **options}
    for name, value in given.items():
        if isinstance(value, Tensor) and value.requires_grad and name not in _GRADIENTS:
            raise error("UNSUPPORTED", f"{name} has no gradient; pass {name}.detach()")
    if options.get("log_scale") is not None and isinstance(options.get("tau"), Tensor):
        raise error("INVALID_VALUE", "tau must not be a tensor where log_scale is given")
    arrays = {name: value for name, value in given.items() if isinstance(value, Tensor)}
    others = {n: v for n, v in options.items() if v is not None and n not in arrays}
    apply: Any = _Contrastive.apply
    loss: Tensor = apply(kind, reduction, others, tuple(arrays), *arrays.values())
    return loss


if hasattr(torch, "_disable_dynamo"):  # torch.compile calls it as it is, instead of looking inside
    contrastive = torch._disable_dynamo(contrastive)


def linear_cross_entropy(
    x: Tensor, weight: Tensor, labels: Tensor, bias: Optional[Tensor] = None, *,
    ignore_index: int = -100, smoothing: float = 0.0, z_loss: float = 0.0, tf32: bool = False,
) -> Tensor:
    """Cross-entropy of x weight^T + bias without the n x v logits. x [n, d], weight [v, d],
    labels [n] int64, bias [v] float32; z_loss adds z_loss lse^2 to the loss of a row."""
    return contrastive("infonce", x, weight, labels=labels, column_bias=bias, smoothing=smoothing,
                       z_loss=z_loss, ignore_index=ignore_index, tf32=tf32)


class _Loss(nn.Module):
    """What the modules share: the temperature, fixed or learned, and the options of every kind."""

    def __init__(self, temperature: float, learnable: bool, max_scale: float, normalize: bool,
                 reduction: str, tf32: bool):
        super().__init__()
        if not (math.isfinite(temperature) and temperature > 0):
            raise error("INVALID_VALUE", f"temperature must be finite and > 0, got {temperature}")
        self.options: dict[str, Any] = {"normalize": normalize, "max_scale": max_scale,
                                        "reduction": reduction, "tf32": tf32}
        self.temperature = None if learnable else temperature
        self.log_scale: Optional[nn.Parameter] = None
        if learnable:
            self.log_scale = nn.Parameter(torch.tensor(-math.log(temperature)))

    def _loss(self, kind: str, a: Tensor, b: Optional[Tensor] = None, **options: Any) -> Tensor:
        if self.log_scale is not None:
            options["log_scale"] = self.log_scale.float()
        else:
            options["tau"] = self.temperature
        return contrastive(kind, a, b, **self.options, **options)

    def extra_repr(self) -> str:
        scale = "learnable" if self.temperature is None else self.temperature
        return ", ".join(f"{n}={v}" for n, v in {"temperature": scale, **self.options}.items())


class InfoNCELoss(_Loss):
    """InfoNCE: each query against all keys (van den Oord et al. 2018).

        loss = mean over i of (log sum_j exp(<q_i, k_j> / tau) - <q_i, k_i> / tau)"""

    def __init__(self, temperature: float = 0.1, *, learnable: bool = False, max_scale: float = 0.0,
                 normalize: bool = True, reduction: str = "mean", tf32: bool = False):
        super().__init__(temperature, learnable, max_scale, normalize, reduction, tf32)

    def forward(self, queries: Tensor, keys: Tensor, **options: Any) -> Tensor:
        """queries [n, d], keys [m, d]. Options, as in sslcuda.contrastive: labels [n], positives
        [n, d] (MoCo: keys are the queue), negatives [n, k, d], weights, row_ids and column_ids,
        mask, margin."""
        return self._loss("infonce", queries, keys, **options)


class CLIPLoss(_Loss):
    """The symmetric loss of CLIP (Radford et al. 2021), with its learned temperature."""

    def __init__(self, temperature: float = 0.07, *, learnable: bool = True,
                 max_scale: float = 100.0, normalize: bool = True, reduction: str = "mean",
                 tf32: bool = False):
        super().__init__(temperature, learnable, max_scale, normalize, reduction, tf32)

    def forward(self, images: Tensor, texts: Tensor, **options: Any) -> Tensor:
        """images, texts [n, d]: row i of both belong together."""
        return self._loss("clip", images, texts, **options)


class NTXentLoss(_Loss):
    """NT-Xent, the loss of SimCLR (Chen et al. 2020): the other view against 2k - 2 negatives."""

    def __init__(self, temperature: float = 0.5, *, learnable: bool = False, max_scale: float = 0.0,
                 normalize: bool = True, reduction: str = "mean", tf32: bool = False):
        super().__init__(temperature, learnable, max_scale, normalize, reduction, tf32)

    def forward(self, z: Tensor, other: Optional[Tensor] = None, **options: Any) -> Tensor:
        """z [2k, d]: row i and row i + k are views of one sample. Or two tensors [k, d], which
        torch.cat copies into one."""
        return self._loss("ntxent", z if other is None else torch.cat((z, other)), **options)


class SupConLoss(_Loss):
    """Supervised contrastive loss (Khosla et al. 2020): rows of equal labels are positives. Form
    "out" averages log-probabilities over the positives, "in" takes the log of their average."""

    def __init__(self, temperature: float = 0.1, *, form: str = "out", learnable: bool = False,
                 max_scale: float = 0.0, normalize: bool = True, reduction: str = "mean",
                 tf32: bool = False):
        super().__init__(temperature, learnable, max_scale, normalize, reduction, tf32)
        if form not in ("out", "in"):
            raise error("UNSUPPORTED", f'form must be "out" or "in", got {form!r}')
        self.kind = "supcon" if form == "out" else "supcon_in"

    def forward(self, z: Tensor, labels: Tensor, **options: Any) -> Tensor:
        """z [n, d], labels [n] int64. With b [m, d] and column_labels [m], rows are scored against
        those columns instead."""
        return self._loss(self.kind, z, labels=labels, **options)


class SigLIPLoss(_Loss):
    """The sigmoid loss of SigLIP (Zhai et al. 2023), temperature and bias learned."""

    def __init__(self, temperature: float = 0.1, bias: float = -10.0, *, learnable: bool = True,
                 max_scale: float = 0.0, normalize: bool = True, reduction: str = "mean",
                 tf32: bool = False):
        super().__init__(temperature, learnable, max_scale, normalize, reduction, tf32)
        self.bias: Any = nn.Parameter(torch.tensor(bias)) if learnable else bias

    def forward(self, images: Tensor, texts: Tensor, **options: Any) -> Tensor:
        """images, texts [n, d]: row i of both belong together."""
        bias = self.bias.float() if isinstance(self.bias, Tensor) else self.bias
        return self._loss("siglip", images, texts, bias=bias, **options)
