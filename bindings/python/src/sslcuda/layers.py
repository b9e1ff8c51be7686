"""Layers and their gradients. sslcuda.h and docs/ops have every formula; the symbols are theirs.

All arrays are contiguous and of one dtype: float32, or where a function has `tf32` also bfloat16 and
float16. What `want` names is computed and returned: one array for a name, a tuple for a list. `out`
takes arrays for them instead of new ones. Errors: UnsupportedError for dtypes, ArgumentError for
shapes, strides and values, each naming the argument; WrongDeviceError where devices mix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

from ._abi import ACTIVATION, POOL, Conv2dShape, Pool2dShape
from ._call import Array, Call, Dims, Want, choice, run
from ._context import Context
from ._struct import pair, sized

Pair = Union[int, Sequence[int]]


def matmul(
    a: Array, b: Array, *, transpose_a: bool = False, transpose_b: bool = False, alpha: float = 1.0,
    beta: float = 0.0, c: Array = None, tf32: bool = False,
    out: Array = None, context: Context | None = None, stream: Any = None,
) -> Array:
    """c = alpha op(a) op(b) + beta c,  op(x) = x, or x^T where `transpose` says so.

    a [m, k] or [k, m], b [k, n] or [n, k], rows may lie apart; c [m, n]: read where beta is not 0,
    and written."""
    call = Call("matmul", "matmul", context=context, stream=stream, tf32=tf32)
    if beta != 0 and c is None:
        raise call.refuse("NULL_POINTER", "c must be given where beta is not 0")
    shapes = {"a": ("k", "m") if transpose_a else ("m", "k"),
              "b": ("n", "k") if transpose_b else ("k", "n")}
    scalars = {"transpose_a": transpose_a, "transpose_b": transpose_b, "alpha": alpha, "beta": beta}
    if c is not None and out is not None:
        raise call.refuse("INVALID_VALUE", "c is the output where it is given; leave out= away")
    return run(call, {"a": a, "b": b, "c": c if c is not None else out}, scalars, want="c",
               shapes=shapes)


def linear(
    x: Array, weight: Array, bias: Array = None, *, activation: str = "none", tf32: bool = False,
    out: Array = None, context: Context | None = None, stream: Any = None,
) -> Array:
    """y = act(x weight^T + bias).  x [n, in], weight [out, in], bias [out], y [n, out].

    activation: "none", "relu" or "sigmoid"."""
    call = Call("linear_forward", "linear", context=context, stream=stream, tf32=tf32)
    scalars = {"activation": choice("activation", activation, ACTIVATION)}
    return run(call, {"x": x, "weight": weight, "bias": bias}, scalars, want="y", out=out)


def linear_backward(
    x: Array, weight: Array, grad_y: Array, y: Array = None, *, activation: str = "none",
    want: Want = ("grad_x", "grad_weight", "grad_bias"), tf32: bool = False,
    out: Any = None, context: Context | None = None, stream: Any = None,
) -> Any:
    """Gradients of linear(); y is its output, needed where there is an activation."""
    call = Call("linear_backward", "linear_backward", context=context, stream=stream, tf32=tf32)
    scalars = {"activation": choice("activation", activation, ACTIVATION)}
    arrays = {"x": x, "weight": weight, "grad_y": grad_y, "y": y}
    return run(call, arrays, scalars, want=want, out=out)


def linear_mse(
    x: Array, weight: Array, bias: Array, target: Array, *, activation: str = "none",
    grad_loss: Array = None, want: Want = ("loss", "grad_u"),
    out: Any = None, context: Context | None = None, stream: Any = None,
) -> Any:
    """loss = mean (y - target)^2,  y = act(x weight^T + bias), in one pass.

    Outputs: loss, grad_u [n, out] (before the activation), y [n, out]."""
    call = Call("linear_mse", "linear_mse", context=context, stream=stream)
    arrays = {"x": x, "weight": weight, "bias": bias, "target": target, "grad_loss": grad_loss}
    return run(call, arrays, {"activation": choice("activation", activation, ACTIVATION)},
               want=want, out=out)


def _conv2d_shape(stride: Pair, padding: Pair, dilation: Pair, groups: int, activation: str) -> Any:
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(padding), pair(dilation)

    def scalars(dims: Dims) -> dict[str, Any]:
        names = ("n", "c", "h", "w", "out", "kernel_h", "kernel_w")
        shape = sized(Conv2dShape, **{name: dims[name] for name in names}, stride_h=sh, stride_w=sw,
                      pad_h=ph, pad_w=pw, dilation_h=dh, dilation_w=dw, groups=groups)
        for side, step, pad, spread in (("h", sh, ph, dh), ("w", sw, pw, dw)):
            reach = spread * (dims[f"kernel_{side}"] - 1) + 1
            made = (dims[side] + 2 * pad - reach) // max(step, 1) + 1
            dims.setdefault(f"out_{side}", max(made, 0))
        return {"shape": shape, "activation": choice("activation", activation, ACTIVATION)}

    return scalars


def conv2d(
    x: Array, weight: Array, bias: Array = None, *, stride: Pair = 1, padding: Pair = 0,
    dilation: Pair = 1, groups: int = 1, activation: str = "none",
    out: Array = None, context: Context | None = None, stream: Any = None,
) -> Array:
    """2-d convolution (cross-correlation), y = act(x * weight + bias).

    x [n, c, h, w], weight [out, c, kernel_h, kernel_w], bias [out], y [n, out, out_h, out_w];
    activation "none" or "relu"; groups other than 1 are not served yet."""
    call = Call("conv2d_forward", "conv2d", context=context, stream=stream)
    shape = _conv2d_shape(stride, padding, dilation, groups, activation)
    return run(call, {"x": x, "weight": weight, "bias": bias}, shape, want="y", out=out)


def conv2d_backward(
    x: Array, weight: Array, grad_y: Array, y: Array = None, *, stride: Pair = 1, padding: Pair = 0,
    dilation: Pair = 1, groups: int = 1, activation: str = "none",
    want: Want = ("grad_x", "grad_weight", "grad_bias"),
    out: Any = None, context: Context | None = None, stream: Any = None,
) -> Any:
    """Gradients of conv2d(); y is its output, needed where there is an activation."""
    call = Call("conv2d_backward", "conv2d_backward", context=context, stream=stream)
    shape = _conv2d_shape(stride, padding, dilation, groups, activation)
    arrays = {"x": x, "weight": weight, "grad_y": grad_y, "y": y}
    return run(call, arrays, shape, want=want, out=out)


def l2_normalize(
    x: Array, *, want: Want = "y",
    out: Any = None, context: Context | None = None, stream: Any = None,
) -> Any:
    """y[i] = x[i] / |x[i]|; a zero row stays zero.  x [n, d]; outputs y (may be x), norms [n]."""
    call = Call("l2_normalize_forward", "l2_normalize", context=context, stream=stream)
    return run(call, {"x": x}, want=want, out=out)


def l2_normalize_backward(
    y: Array, norms: Array, grad_y: Array, *,
    out: Array = None, context: Context | None = None, stream: Any = None,
) -> Array:
    """grad_x = (grad_y - y <y, grad_y>) / |x|, from the outputs of l2_normalize()."""
    call = Call("l2_normalize_backward", "l2_normalize_backward", context=context, stream=stream)
    return run(call, {"y": y, "norms": norms, "grad_y": grad_y}, want="grad_x", out=out)


def batch_norm(
    x: Array, weight: Array = None, bias: Array = None, *, running_mean: Array = None,
    running_var: Array = None, training: bool = True, momentum: float = 0.1, eps: float = 1e-5,
    activation: str = "none", want: Want = "y",
    out: Any = None, context: Context | None = None, stream: Any = None,
) -> Any:
    """y = act(weight (x - mean) rstd + bias), per channel over the batch and the plane.

    x [n, c, ...], weight and bias [c]. In training mean and variance are the batch's, and the running
    ones [c], where they are given, are updated in place as PyTorch does; else those are used.
    Outputs: y, and mean, rstd [c] for the backward."""
    call = Call("batch_norm_forward", "batch_norm", context=context, stream=stream)
    arrays = {"x": x, "weight": weight, "bias": bias, "running_mean": running_mean,
              "running_var": running_var}
    scalars = {"training": training, "momentum": momentum, "eps": eps,
               "activation": choice("activation", activation, ACTIVATION)}
    return run(call, arrays, scalars, want=want, out=out)


def batch_norm_backward(
    x: Array, weight: Array, mean: Array, rstd: Array, grad_y: Array, y: Array = None, *,
    training: bool = True, activation: str = "none",
    want: Want = ("grad_x", "grad_weight", "grad_bias"),
    out: Any = None, context: Context | None = None, stream: Any = None,
) -> Any:
    """Gradients of batch_norm(), through mean and rstd too in training; weight may be None."""
    call = Call("batch_norm_backward", "batch_norm_backward", context=context, stream=stream)
    arrays = {"x": x, "weight": weight, "y": y, "mean": mean, "rstd": rstd, "grad_y": grad_y}
    scalars = {"training": training, "activation": choice("activation", activation, ACTIVATION)}
    return run(call, arrays, scalars, want=want, out=out)


def group_norm(
    x: Array, groups: int, weight: Array = None, bias: Array = None, *, eps: float = 1e-5,
    activation: str = "none", want: Want = "y",
    out: Any = None, context: Context | None = None, stream: Any = None,
) -> Any:
    """The same with mean and rstd of each image over groups of c / groups channels.

    x [n, c, ...], weight and bias [c]. Outputs: y, and mean, rstd [n, groups] for the backward.
    groups = 1 is layer normalisation of the image."""
    call = Call("group_norm_forward", "group_norm", context=context, stream=stream,
                dims={"groups": groups})
    scalars = {"eps": eps, "activation": choice("activation", activation, ACTIVATION)}
    return run(call, {"x": x, "weight": weight, "bias": bias}, scalars, want=want, out=out)


def group_norm_backward(
    x: Array, groups: int, weight: Array, mean: Array, rstd: Array, grad_y: Array, y: Array = None,
    *, activation: str = "none", want: Want = ("grad_x", "grad_weight", "grad_bias"),
    out: Any = None, context: Context | None = None, stream: Any = None,
) -> Any:
    """Gradients of group_norm(); weight may be None."""
    call = Call("group_norm_backward", "group_norm_backward", context=context, stream=stream,
                dims={"groups": groups})
    arrays = {"x": x, "weight": weight, "y": y, "mean": mean, "rstd": rstd, "grad_y": grad_y}
    return run(call, arrays, {"activation": choice("activation", activation, ACTIVATION)},
               want=want, out=out)


def _pool2d_shape(kind: str, kernel: Pair, stride: Pair | None, padding: Pair) -> Any:
    (kh, kw), (ph, pw) = pair(kernel), pair(padding)
    sh, sw = pair(kernel if stride is None else stride)

    def scalars(dims: Dims) -> dict[str, Any]:
        shape = sized(Pool2dShape, **{name: dims.get(name, 0) for name in "nchw"}, kernel_h=kh,
                      kernel_w=kw, stride_h=sh, stride_w=sw, pad_h=ph, pad_w=pw)
        for side, size, step, pad in (("h", kh, sh, ph), ("w", kw, sw, pw)):
            if side in dims:
                made = (dims[side] + 2 * pad - size) // max(step, 1) + 1
                dims.setdefault(f"out_{side}", max(made, 0))
        return {"shape": shape, "kind": choice("kind", kind, POOL)}

    return scalars


def pool2d(
    x: Array, kernel: Pair, *, kind: str = "max", stride: Pair | None = None, padding: Pair = 0,
    out: Array = None, context: Context | None = None, stream: Any = None,
) -> Array:
    """The largest value of each window ("max"), or its mean ("average"), padding counted as zeros.

    x [n, c, h, w], y [n, c, out_h, out_w]; a stride of None is the kernel's size."""
    call = Call("pool2d_forward", "pool2d", context=context, stream=stream)
    return run(call, {"x": x}, _pool2d_shape(kind, kernel, stride, padding), want="y", out=out)


def pool2d_backward(
    grad_y: Array, x: Array = None, y: Array = None, *, kernel: Pair, kind: str = "max",
    size: Sequence[int] | None = None, stride: Pair | None = None, padding: Pair = 0,
    out: Array = None, context: Context | None = None, stream: Any = None,
) -> Array:
    """Gradient of pool2d(). "max" needs x and y; "average" x, or size=(h, w)."""
    dims: Dims = dict(zip("hw", size)) if size is not None else {}
    call = Call("pool2d_backward", "pool2d_backward", context=context, stream=stream, dims=dims)
    return run(call, {"grad_y": grad_y, "x": x, "y": y},
               _pool2d_shape(kind, kernel, stride, padding), want="grad_x", out=out)


def reparameterize(
    mu: Array, logvar: Array, noise: Array = None, *, want: Want = ("z", "kl"),
    out: Any = None, context: Context | None = None, stream: Any = None,
) -> Any:
    """z = mu + exp(logvar / 2) noise
    kl = mean over rows of -1/2 sum (1 + logvar - mu^2 - exp(logvar))

    mu, logvar [n, d], rows equally far apart (the halves of one [n, 2 d] are fine); noise [n, d],
    not needed without z. Outputs: z [n, d], kl."""
    call = Call("reparameterize_forward", "reparameterize", context=context, stream=stream)
    return run(call, {"mu": mu, "logvar": logvar, "noise": noise}, want=want, out=out)


def reparameterize_backward(
    mu: Array, logvar: Array, noise: Array = None, grad_z: Array = None, grad_kl: Array = None, *,
    out: Any = None, context: Context | None = None, stream: Any = None,
) -> Any:
    """(grad_mu, grad_logvar) of z and kl together; grad_z None counts as 0, grad_kl None as 1."""
    op = "reparameterize_backward"
    call = Call(op, op, context=context, stream=stream)
    arrays = {"mu": mu, "logvar": logvar, "noise": noise, "grad_z": grad_z, "grad_kl": grad_kl}
    return run(call, arrays, want=("grad_mu", "grad_logvar"), out=out)
