"""Scores and losses. One call computes the value and every gradient that `want` names.

Rules and errors are those of layers.py. A temperature or bias is a number, or an array of one
float32 on the device, which can be learned: it is read when the op runs. `grad_loss` is the upstream
gradient, also such an array; None means 1. Scores are never stored as an n x m matrix."""

from __future__ import annotations

from typing import Any

from ._abi import KIND
from ._call import Array, Call, Dims, Want, choice, run
from ._context import Context
from ._struct import value_or_array

Number = Any  # a number, or an array of one


def similarity(
    a: Array, b: Array, *, tau: Number = 1.0, normalize: bool = False, tf32: bool = False,
    out: Array = None, context: Context | None = None, stream: Any = None,
) -> Array:
    """Similarity matrix  s[i,j] = <a[i], b[j]> / tau,  of unit rows if `normalize` is true.

    a [n, d], b [m, d], rows may lie apart; s [n, m]."""
    call = Call("similarity_forward", "similarity", context=context, stream=stream, tf32=tf32)
    scalars, arrays = value_or_array("tau", tau)
    return run(call, {"a": a, "b": b, **arrays}, {"normalize": normalize, **scalars}, want="s",
               out=out)


def similarity_backward(
    a: Array, b: Array, grad_s: Array, *, tau: Number = 1.0, normalize: bool = False,
    want: Want = ("grad_a", "grad_b"), tf32: bool = False,
    out: Any = None, context: Context | None = None, stream: Any = None,
) -> Any:
    """Gradients of similarity(): grad_a, grad_b, grad_tau."""
    op = "similarity_backward"
    call = Call(op, op, context=context, stream=stream, tf32=tf32)
    scalars, arrays = value_or_array("tau", tau)
    return run(call, {"a": a, "b": b, "grad_s": grad_s, **arrays},
               {"normalize": normalize, **scalars}, want=want, out=out)


def infonce(
    a: Array, b: Array, *, tau: Number = 0.1, grad_loss: Array = None, want: Want = "loss",
    tf32: bool = False, out: Any = None, context: Context | None = None, stream: Any = None,
) -> Any:
    """InfoNCE (van den Oord et al. 2018): row i of b is the positive of row i of a.

        s[i,j] = <a[i], b[j]> / tau,   loss = mean over i of (log sum_j exp(s[i,j]) - s[i,i])

    a, b [n, d], n >= 2, not normalised: for cosine similarities use contrastive() with `normalize`.
    Outputs: loss, row_loss [n], grad_a, grad_b [n, d], grad_tau.

    >>> loss, grad_a, grad_b = sslcuda.infonce(a, b, tau=0.1, want=("loss", "grad_a", "grad_b"))
    """
    call = Call("infonce", "infonce", context=context, stream=stream, tf32=tf32)
    scalars, arrays = value_or_array("tau", tau)
    arrays |= {"a": a, "b": b, "grad_loss": grad_loss}
    return run(call, arrays, scalars, want=want, out=out)


def cross_entropy(
    logits: Array, labels: Array = None, *, targets: Array = None, ignore_index: int = -100,
    smoothing: float = 0.0, grad_loss: Array = None, want: Want = "loss",
    out: Any = None, context: Context | None = None, stream: Any = None,
) -> Any:
    """Softmax cross-entropy with labels [n] int64, or with targets [n, v], probabilities.

    logits [n, v]; rows whose label is ignore_index do not count; label smoothing 0 <= smoothing < 1.
    Outputs: loss (mean over the rows that count), row_loss [n], grad_logits [n, v]."""
    call = Call("cross_entropy", "cross_entropy", context=context, stream=stream)
    arrays = {"logits": logits, "labels": labels, "targets": targets, "grad_loss": grad_loss}
    scalars = {"ignore_index": ignore_index, "smoothing": smoothing}
    return run(call, arrays, scalars, want=want, out=out)


def mse(
    x: Array, target: Array, *, sigmoid: bool = False, grad_loss: Array = None, want: Want = "loss",
    out: Any = None, context: Context | None = None, stream: Any = None,
) -> Any:
    """Mean squared error of x, or of sigmoid(x).  x, target of one shape; outputs loss, grad_x."""
    call = Call("mse", "mse", context=context, stream=stream)
    return run(call, {"x": x, "target": target, "grad_loss": grad_loss}, {"sigmoid": sigmoid},
               want=want, out=out)


def binary_cross_entropy(
    x: Array, target: Array, *, grad_loss: Array = None, want: Want = "loss",
    out: Any = None, context: Context | None = None, stream: Any = None,
) -> Any:
    """Binary cross-entropy on logits, mean (softplus(x) - target x).  Outputs loss, grad_x."""
    call = Call("binary_cross_entropy", "binary_cross_entropy", context=context, stream=stream)
    return run(call, {"x": x, "target": target, "grad_loss": grad_loss}, want=want, out=out)


def lse_merge(
    one: Array, other: Array, *,
    out: Array = None, context: Context | None = None, stream: Any = None,
) -> Array:
    """log(exp(one) + exp(other)): row_lse of two parts of a matrix. float32; out may be one."""
    call = Call("lse_merge", "lse_merge", context=context, stream=stream)
    return run(call, {"one": one, "other": other}, want="merged", out=out)


def contrastive(
    kind: str, a: Array, b: Array = None, *, tau: Number = 1.0, log_scale: Array = None,
    max_scale: float = 0.0, normalize: bool = False, labels: Array = None,
    column_labels: Array = None, ignore_index: int = -100, weights: Array = None,
    positives: Array = None, negatives: Array = None, indices: Array = None, row_ids: Array = None,
    column_ids: Array = None, mask: Array = None, margin: float = 0.0, bias: Number = 0.0,
    column_bias: Array = None, smoothing: float = 0.0, z_loss: float = 0.0, first_row: int = 0,
    first_column: int = 0, total_rows: int = 0, total_columns: int = 0, given_row_lse: Array = None,
    given_column_lse: Array = None, grad_loss: Array = None, grad_row_loss: Array = None,
    workspace_limit: int = 0, want: Want = "loss", tf32: bool = False,
    out: Any = None, context: Context | None = None, stream: Any = None,
) -> Any:
    """The contrastive family in one call; docs/ops/contrastive.md has the formula of every kind.

        s[i,j] = <a[i], b[j]> / tau (+ column_bias[j])

    kind "infonce"    positive of row i: column labels[i], or i, or (MoCo) positives[i]
         "clip"       both directions of n pairs
         "ntxent"     NT-Xent (SimCLR): a [2k, d] holds two views, row i and i + k; b None
         "supcon"     SupCon "out", "supcon_in" its other form: rows of equal labels; b None, or
                      with column_labels
         "siglip"     sigmoid loss with `bias`
         "sampled"    wav2vec 2.0: row i against b[indices[i, :]], the first is its positive

    a                [n, d], b [m, d], rows may be strided, of one dtype; normalize: unit rows
    tau, log_scale   scores are divided by tau, or multiplied by exp(log_scale), an array of one;
                     a max_scale that is not 0 clamps the factor
    labels, column_labels, row_ids, column_ids   [n] and [m] int64
    weights          [n] float32
    positives        [n, d]; negatives [n, k, d]: negatives of each row; indices [n, k] int64
    row_ids, column_ids, mask, margin   columns excluded for a row as false negatives:
                     of equal ids; whose bit is set in mask [n, ceil(m / 32)] uint32; whose
                     similarity exceeds that of the positive by more than margin
    column_bias      [m] float32, with smoothing and z_loss: linear + cross-entropy
    first_row ... given_column_lse   a part of a larger matrix
    workspace_limit  bytes; 0: 64 MiB

    Outputs: loss, row_loss, row_lse, row_positive, row_entropy [n], column_lse [m], top1, grad_a,
    grad_b, grad_positives, grad_negatives, grad_temperature (of tau, or of log_scale), grad_bias,
    grad_column_bias."""
    call = Call("contrastive", "contrastive", context=context, stream=stream, tf32=tf32)
    arrays = dict(
        a=a, b=b, log_scale=log_scale, labels=labels, column_labels=column_labels, weights=weights,
        positives=positives, negatives=negatives, indices=indices, row_ids=row_ids,
        column_ids=column_ids, mask=mask, column_bias=column_bias, given_row_lse=given_row_lse,
        given_column_lse=given_column_lse, grad_loss=grad_loss, grad_row_loss=grad_row_loss,
    )
    scalars = dict(
        kind=choice("kind", kind, KIND), max_scale=max_scale, normalize=normalize, margin=margin,
        ignore_index=ignore_index, smoothing=smoothing, z_loss=z_loss, first_row=first_row,
        first_column=first_column, total_rows=total_rows, total_columns=total_columns,
        workspace_limit=workspace_limit,
    )
    for name, value in (("tau", tau), ("bias", bias)):
        by_value, by_array = value_or_array(name, value)
        scalars.update(by_value)
        arrays.update(by_array)

    def checked(dims: Dims) -> dict[str, Any]:
        if b is None:  # each row is a column
            dims.setdefault("m", dims["n"] if scalars["kind"] in _SELF else 0)
        words = (dims.get("m", 0) + 31) // 32
        if mask is not None and dims["words"] < words:
            raise call.refuse("INVALID_SHAPE", f"mask must have the shape [n, ceil(m / 32)] = "
                              f"[{dims['n']}, {words}], got [{dims['n']}, {dims['words']}]")
        return scalars

    return run(call, arrays, checked, want=want, out=out, struct="contrastive_args")


_SELF = {KIND["ntxent"], KIND["supcon"], KIND["supcon_in"]}
