"""Random numbers, batches by index, views of images. Rules and errors are those of layers.py."""

from __future__ import annotations

from typing import Any

from ._abi import Augmentation
from ._call import Array, Call, Dims, run
from ._context import Context
from ._struct import sized, value_or_array


def _random(op: str, out: Array, seed: int, sequence: Any, scalars: dict[str, float],
            context: Context | None, stream: Any) -> Array:
    call = Call(op, op, context=context, stream=stream)
    numbers, arrays = value_or_array("sequence", sequence)
    return run(call, arrays, {"seed": seed, **numbers, **scalars}, want="y", out=out)


def random_uniform(
    out: Array, *, seed: int, sequence: Any = 0, low: float = 0.0, high: float = 1.0,
    context: Context | None = None, stream: Any = None,
) -> Array:
    """Fills `out` (float32) with numbers of [low, high), Philox4x32-10 of (seed, sequence, place).

    There is no state: the same call gives the same bits on any device. sequence: a number, or an
    array of one int64 on the device, which counter_add() advances."""
    scalars = {"low": low, "high": high}
    return _random("random_uniform", out, seed, sequence, scalars, context, stream)


def random_normal(
    out: Array, *, seed: int, sequence: Any = 0, mean: float = 0.0, std: float = 1.0,
    context: Context | None = None, stream: Any = None,
) -> Array:
    """Fills `out` with normally distributed numbers; see random_uniform()."""
    scalars = {"mean": mean, "std": std}
    return _random("random_normal", out, seed, sequence, scalars, context, stream)


def counter_add(
    counter: Array, delta: int = 1, *, context: Context | None = None, stream: Any = None
) -> Array:
    """Adds to an array of one int64 on the device: so a graph counts its own replays."""
    call = Call("counter_add", "counter_add", context=context, stream=stream)
    return run(call, {"counter": counter}, {"delta": delta}, want="counter")


def gather_images(
    images: Array, indices: Array = None, *, n: int | None = None, cursor: Array = None,
    mean: float = 0.0, std: float = 1.0,
    out: Array = None, context: Context | None = None, stream: Any = None,
) -> Array:
    """Batch of images by index: y[i] = (images[indices[p]] / 255 - mean) / std,  p = cursor + i.

    images [count, ...] uint8, indices [k] int64 (None: all in order), cursor one int64 on the device
    (None: 0; p starts again at the end). n: images of the batch; None: k, or count without indices.
    y [n, ...] float32."""
    call = Call("gather_images", "gather_images", context=context, stream=stream)
    call.element = "float32"
    return _gather(call, {"images": images, "indices": indices, "cursor": cursor}, n,
                   {"mean": mean, "std": std}, out)


def gather_rows(
    rows: Array, indices: Array = None, *, n: int | None = None, cursor: Array = None,
    out: Array = None, context: Context | None = None, stream: Any = None,
) -> Array:
    """The same for rows [count, ...] of any dtype (labels, embeddings), copied as they are."""
    call = Call("gather_rows", "gather_rows", context=context, stream=stream)
    return _gather(call, {"rows": rows, "indices": indices, "cursor": cursor}, n, {}, out)


def _gather(call: Call, arrays: dict[str, Array], n: int | None, numbers: dict[str, Any],
            out: Array) -> Array:
    def scalars(dims: Dims) -> dict[str, Any]:
        default = dims.get("indices_count", dims["count"])
        if n is None and out is not None:
            default = out.shape[0]
        dims["n"] = default if n is None else n
        size = int("".join(filter(str.isdigit, call.element)) or 8) // 8
        return {**numbers, "row_bytes": dims["width"] * size}

    return run(call, arrays, scalars, want="y", out=out)


def rotate90(
    x: Array, turns: Array, *,
    out: Array = None, context: Context | None = None, stream: Any = None,
) -> Array:
    """Square images x [n, c, h, h] by turns [n] (int64) quarter turns counter-clockwise. Exact; its
    gradient is the same call on the gradient with -turns."""
    call = Call("rotate90", "rotate90", context=context, stream=stream)
    return run(call, {"x": x, "turns": turns}, want="y", out=out)


def rotate(
    x: Array, degrees: Array, *, fill: float = 0.0,
    out: Array = None, context: Context | None = None, stream: Any = None,
) -> Array:
    """x [n, c, h, w] by degrees [n] (float32) counter-clockwise, nearest neighbour."""
    call = Call("rotate", "rotate", context=context, stream=stream)
    return run(call, {"x": x, "degrees": degrees}, {"fill": fill}, want="y", out=out)


def augment(
    x: Array, views: int = 2, *, seed: int, sequence: Any = 0,
    scale: tuple[float, float] = (1.0, 1.0), ratio: tuple[float, float] = (1.0, 1.0),
    degrees: float = 0.0, shear: float = 0.0, translate: float = 0.0, flip: float = 0.0,
    brightness: float = 0.0, contrast: float = 0.0, blur: float = 0.0,
    sigma: tuple[float, float] = (1.0, 1.0), noise: float = 0.0, drop: float = 0.0,
    fill: float = 0.0,
    out: Array = None, context: Context | None = None, stream: Any = None,
) -> Array:
    """Random views of images in one pass: y [views, n, c, h, w] of x [n, c, h, w].

    scale      share of the area that a crop keeps, ratio its aspect: ranges (low, high)
    degrees, shear, translate   rotation, shear by up to +- degrees; shift by a share of each side
    flip, blur probabilities; sigma: range of the blur in pixels
    brightness, contrast, noise, drop   strengths, deviation, probability for each pixel
    fill       value outside the image
    docs/ops/augment.md has the formulas; seed and sequence as in random_uniform()."""
    struct = sized(
        Augmentation, scale_low=scale[0], scale_high=scale[1], ratio_low=ratio[0],
        ratio_high=ratio[1], degrees=degrees, shear=shear, translate=translate, flip=flip,
        brightness=brightness, contrast=contrast, blur=blur, sigma_low=sigma[0],
        sigma_high=sigma[1], noise=noise, drop=drop, fill=fill,
    )
    call = Call("augment", "augment", context=context, stream=stream, dims={"views": views})
    numbers, arrays = value_or_array("sequence", sequence)
    scalars = {"augmentation": struct, "seed": seed, **numbers}
    return run(call, {"x": x, **arrays}, scalars, want="y", out=out)
