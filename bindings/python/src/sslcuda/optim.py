"""Optimisers, all tensors in one launch. Arrays are float32, and updated in place.

`params`, `grads` and the state are lists of arrays; lr is a number or an array of one float32 on the
device. PyTorch's parameters must be passed under torch.no_grad()."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, Union

from ._abi import Argument
from ._call import Array, Call, table_of
from ._context import Context
from ._struct import value_or_array

Arrays = Sequence[Array]


def _lists(call: Call, params: Arrays, **others: Arrays) -> dict[str, Any]:
    """The lists as the ABI takes them. Each must be of the params' length, and each array of the
    shape of its parameter."""
    result: dict[str, Any] = {"tensors": len(params)}
    sizes = []
    for name, arrays in {"params": params, **others}.items():
        if len(arrays) != len(params):
            raise call.refuse("INVALID_SHAPE", f"{name} must have as many arrays as params = "
                              f"{len(params)}, got {len(arrays)}")
        pointers = []
        for i, array in enumerate(arrays):
            # An extent's name for each parameter, so that the others are held to it.
            written = name != "grads"
            argument = Argument(f"{name}[{i}]", "p", True, "", written, dims=(f"*shape{i}",))
            call.add(argument, array)
            pointers.append(call.pointers.pop(argument.name))
            if name == "params":
                sizes.append(call.dims[f"shape{i}"])
        result[name] = (ctypes.c_void_p * len(pointers))(*pointers)
    result["counts"] = (ctypes.c_int64 * len(sizes))(*sizes)
    return result


def _scalars(call: Call, **values: Any) -> dict[str, Any]:
    """Numbers by value; arrays of one as pointers, after the same checks as everywhere."""
    scalars: dict[str, Any] = {}
    words = {word.name: word for word in table_of(call.op)}
    for name, value in values.items():
        by_value, by_array = value_or_array(name, value)
        scalars.update(by_value)
        for device_name, array in by_array.items():
            call.add(words[device_name], array)
    return scalars


def _step(call: Call, lists: dict[str, Any], scalars: dict[str, Any]) -> None:
    if lists["tensors"]:
        call.invoke({**lists, **scalars})


def adam_step(
    params: Arrays, grads: Arrays, moments: Arrays, variances: Arrays, *, step: Any,
    lr: Any = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
    context: Context | None = None, stream: Any = None,
) -> None:
    """One step of Adam (Kingma & Ba 2015), as PyTorch computes it.

    moments and variances are its state, zeros before the first step. step: this step's number, from 1;
    or an array of one int64 with the number of steps done before."""
    call = Call("adam_step", "adam_step", context=context, stream=stream)
    lists = _lists(call, params, grads=grads, moments=moments, variances=variances)
    _step(call, lists, _scalars(call, lr=lr, beta1=betas[0], beta2=betas[1], eps=eps, step=step))


def sgd_step(
    params: Arrays, grads: Arrays, velocities: Union[Arrays, None] = None, *, lr: Any,
    momentum: float = 0.0, weight_decay: float = 0.0, nesterov: bool = False,
    context: Context | None = None, stream: Any = None,
) -> None:
    """One step of stochastic gradient descent, as PyTorch computes it.

    velocities, zeros before the first step, are needed with momentum."""
    call = Call("sgd_step", "sgd_step", context=context, stream=stream)
    state = {} if velocities is None else {"velocities": velocities}
    lists = _lists(call, params, grads=grads, **state)
    _step(call, lists, _scalars(call, lr=lr, momentum=momentum, weight_decay=weight_decay,
                                nesterov=nesterov))


def lars_step(
    params: Arrays, grads: Arrays, velocities: Union[Arrays, None] = None, *, lr: Any,
    momentum: float = 0.0, weight_decay: float = 0.0, trust: float = 1e-3,
    adapt: Union[Sequence[bool], None] = None, context: Context | None = None, stream: Any = None,
) -> None:
    """One step of LARS (You, Gitman & Ginsburg 2017).

    adapt: for each tensor whether it is scaled and decayed; false for biases and norms by custom."""
    call = Call("lars_step", "lars_step", context=context, stream=stream)
    state = {} if velocities is None else {"velocities": velocities}
    lists = _lists(call, params, grads=grads, **state)
    if adapt is not None:
        if len(adapt) != len(params):
            raise call.refuse("INVALID_SHAPE", f"adapt must have as many flags as params = "
                              f"{len(params)}, got {len(adapt)}")
        lists["adapt"] = (ctypes.c_int32 * len(adapt))(*map(bool, adapt))
    _step(call, lists, _scalars(call, lr=lr, momentum=momentum, weight_decay=weight_decay,
                                trust=trust))
