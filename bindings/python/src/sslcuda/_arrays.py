"""The kinds of arrays that are understood: how each is looked at, made, and on which stream it is."""

from __future__ import annotations

import sys
from typing import Any

from ._dlpack import (
    CPU,
    LEGACY_STREAM,
    Memory,
    device_of,
    from_cuda_array_interface,
    from_dlpack,
)
from ._errors import error

Shape = tuple[int, ...]
Device = tuple[str, int]  # ("cuda", 0)


class Kind:
    """Anything with `__dlpack__`, and what the kinds below do not do otherwise."""

    name = "dlpack"

    def owns(self, array: Any) -> bool:
        return hasattr(array, "__dlpack__") and hasattr(array, "__dlpack_device__")

    def look(self, array: Any, stream: int | None) -> Memory:
        return from_dlpack(array, LEGACY_STREAM if stream is None else stream)

    def stream(self, memory: Memory) -> int:
        return LEGACY_STREAM if memory.stream is None else memory.stream

    def threads(self) -> int:
        """Of the CPU; 0: as many as the process may use."""
        return 0

    def empty(self, like: Any, shape: Shape, element: str, device: Device) -> Any:
        if not hasattr(like, "__array_namespace__"):
            raise error("UNSUPPORTED", f"arrays of {type(like)} cannot be made here; pass out=")
        library = like.__array_namespace__()
        return library.empty(shape, dtype=getattr(library, element), device=like.device)

    def finish(self, array: Any) -> Any:
        """Turns what empty() made, and the op has written, into what the caller gets."""
        return array


class NumPy(Kind):
    name = "numpy"

    def owns(self, array: Any) -> bool:
        numpy = sys.modules.get("numpy")
        return numpy is not None and isinstance(array, numpy.ndarray)

    def look(self, array: Any, stream: int | None) -> Memory:
        if not array.dtype.isnative:
            raise TypeError(f"has elements of foreign byte order, {array.dtype}")
        strides = None
        if not array.flags.c_contiguous:
            if any(stride % array.itemsize for stride in array.strides):
                raise TypeError(f"has strides of {array.strides} bytes, not of elements")
            strides = tuple(stride // array.itemsize for stride in array.strides)
        return Memory(array, array.ctypes.data, array.shape, strides, array.dtype.name, CPU,
                      not array.flags.writeable)

    def empty(self, like: Any, shape: Shape, element: str, device: Device) -> Any:
        import numpy

        dtype = like.dtype if like.dtype.name == element else numpy.dtype(element)
        return numpy.empty(shape, dtype)


class Torch(Kind):
    name = "torch"

    def owns(self, array: Any) -> bool:
        torch = sys.modules.get("torch")
        return torch is not None and isinstance(array, torch.Tensor)

    def look(self, array: Any, stream: int | None) -> Memory:
        import torch

        device = array.device
        if device.type not in ("cpu", "cuda") or array.layout != torch.strided:
            raise TypeError(f"is {array.layout} on {device}, not dense on cpu or cuda")
        if array.requires_grad and torch.is_grad_enabled():
            raise TypeError("requires grad, which this call does not record: use sslcuda.torch, "
                            "torch.no_grad() or detach()")
        strides = None if array.is_contiguous() else array.stride()
        place = ("cuda", device.index) if device.type == "cuda" else CPU
        return Memory(array, array.data_ptr(), tuple(array.shape), strides,
                      str(array.dtype)[6:], place, False)

    def stream(self, memory: Memory) -> int:
        import torch

        return int(torch.cuda.current_stream(memory.device[1]).cuda_stream) or LEGACY_STREAM

    def threads(self) -> int:
        import torch

        return int(torch.get_num_threads())

    def empty(self, like: Any, shape: Shape, element: str, device: Device) -> Any:
        import torch

        return torch.empty(shape, dtype=getattr(torch, element), device=like.device)


class CuPy(Kind):
    name = "cupy"

    def owns(self, array: Any) -> bool:
        cupy = sys.modules.get("cupy")
        return cupy is not None and isinstance(array, cupy.ndarray)

    def look(self, array: Any, stream: int | None) -> Memory:
        # As with PyTorch, who names another stream than the current one sees to the order himself.
        return from_cuda_array_interface(array, array.device.id)._replace(stream=None)

    def stream(self, memory: Memory) -> int:
        import cupy

        with memory.owner.device:
            return int(cupy.cuda.get_current_stream().ptr) or LEGACY_STREAM

    def empty(self, like: Any, shape: Shape, element: str, device: Device) -> Any:
        import cupy

        with like.device:
            return cupy.empty(shape, element)


class Jax(Kind):
    """Its arrays cannot be written, so results are made in NumPy and handed over; JAX copies those
    whose alignment it does not like, and bfloat16. On CUDA there is nothing to make them with."""

    name = "jax"

    def owns(self, array: Any) -> bool:
        jax = sys.modules.get("jax")
        return jax is not None and isinstance(array, jax.Array)

    def look(self, array: Any, stream: int | None) -> Memory:
        if device_of(array) == CPU:
            array.block_until_ready()  # what is pending there has no stream to wait on
        return super().look(array, stream)._replace(readonly=True)

    def empty(self, like: Any, shape: Shape, element: str, device: Device) -> Any:
        if device != CPU:
            raise error("UNSUPPORTED", "JAX arrays cannot be written: on CUDA pass out= made by "
                        "CuPy or PyTorch, and take it with jax.dlpack.from_dlpack")
        import jax.numpy
        import numpy

        return numpy.empty(shape, jax.numpy.dtype(element))

    def finish(self, array: Any) -> Any:
        import jax.dlpack
        import jax.numpy

        if array.dtype == jax.numpy.bfloat16:
            return jax.numpy.asarray(array)
        return jax.dlpack.from_dlpack(array)


class Interface(Kind):
    """Numba and whoever else has nothing but `__cuda_array_interface__`."""

    name = "cuda_array_interface"

    def owns(self, array: Any) -> bool:
        return hasattr(array, "__cuda_array_interface__")

    def look(self, array: Any, stream: int | None) -> Memory:
        ordinal = device_of(array)[1] if hasattr(array, "__dlpack_device__") else 0
        return from_cuda_array_interface(array, ordinal)


KINDS = (NumPy(), Torch(), CuPy(), Jax(), Kind(), Interface())


def kind_of(array: Any) -> Kind:
    for kind in KINDS:
        if kind.owns(array):
            return kind
    raise TypeError("must be an array of NumPy, PyTorch, CuPy or JAX, or have __dlpack__ or "
                    f"__cuda_array_interface__, got {type(array).__name__}")


def stream_number(stream: Any) -> int:
    """A stream as PyTorch, CuPy and cuda-python have them, or its address."""
    if hasattr(stream, "cuda_stream"):
        stream = stream.cuda_stream
    elif hasattr(stream, "ptr"):
        stream = stream.ptr
    elif hasattr(stream, "__cuda_stream__"):
        stream = stream.__cuda_stream__()[1]
    return int(stream) or LEGACY_STREAM
