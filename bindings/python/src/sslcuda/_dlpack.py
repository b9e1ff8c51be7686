"""Reads the tensor behind `__dlpack__` and `__cuda_array_interface__`, without copies."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

CPU = ("cpu", 0)
LEGACY_STREAM = 1  # CUDA's number for the default stream; to sslcuda.h 0 is the context's own


class Memory(NamedTuple):
    """A tensor in memory. `owner` keeps it alive; strides count elements, None: dense."""

    owner: Any
    pointer: int
    shape: tuple[int, ...]
    strides: tuple[int, ...] | None
    element: str  # "float32"
    device: tuple[str, int]  # ("cuda", 0)
    readonly: bool
    stream: int | None = None  # of the producer's pending work


class _Tensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class _Versioned(ctypes.Structure):
    _fields_ = [
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("manager", ctypes.c_void_p),
        ("deleter", ctypes.c_void_p),
        ("flags", ctypes.c_uint64),
        ("tensor", _Tensor),
    ]


_CODES = {0: "int", 1: "uint", 2: "float", 4: "bfloat", 6: "bool"}
# Ordinary and pinned memory, then device and managed memory.
_DEVICES = {1: "cpu", 3: "cpu", 2: "cuda", 13: "cuda"}
_READ_ONLY = 1

_name_of = ctypes.pythonapi.PyCapsule_GetName
_name_of.argtypes, _name_of.restype = [ctypes.py_object], ctypes.c_char_p
_pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
_pointer_of.argtypes, _pointer_of.restype = [ctypes.py_object, ctypes.c_char_p], ctypes.c_void_p


def device_of(array: Any) -> tuple[str, int]:
    kind, ordinal = array.__dlpack_device__()
    device = _DEVICES.get(int(kind))
    if device is None:
        raise TypeError(f"is in memory of DLPack's device type {int(kind)}, not of a CPU or CUDA")
    return (device, int(ordinal)) if device == "cuda" else CPU


def _capsule(array: Any, stream: int | None) -> Any:
    try:
        return array.__dlpack__(stream=stream, max_version=(1, 0))
    except TypeError:  # a producer from before version 1
        return array.__dlpack__(stream=stream) if stream is not None else array.__dlpack__()


def from_dlpack(array: Any, stream: int | None = None) -> Memory:
    """`stream` is the CUDA stream that will use it, which the producer makes wait for its own work.

    The capsule is never marked as consumed: it is the owner here, and frees its tensor itself."""
    device = device_of(array)
    capsule = _capsule(array, stream if device != CPU else None)
    name = _name_of(capsule)
    address = _pointer_of(capsule, name)
    readonly = False
    if name == b"dltensor_versioned":
        versioned = _Versioned.from_address(address)
        if versioned.major != 1:
            raise TypeError(f"speaks version {versioned.major} of DLPack, not 1")
        tensor, readonly = versioned.tensor, bool(versioned.flags & _READ_ONLY)
    else:
        tensor = _Tensor.from_address(address)
    if tensor.lanes != 1 or tensor.code not in _CODES:
        raise TypeError(f"has elements of DLPack's type {tensor.code} with {tensor.lanes} lanes")
    shape = tuple(tensor.shape[: tensor.ndim])
    strides = tuple(tensor.strides[: tensor.ndim]) if tensor.strides else None
    pointer = (tensor.data or 0) + tensor.byte_offset
    element = f"{_CODES[tensor.code]}{tensor.bits}"
    return Memory(capsule, pointer, shape, strides, element, device, readonly)


_KINDS = {"f": "float", "i": "int", "u": "uint", "b": "bool"}


def from_cuda_array_interface(array: Any, ordinal: int) -> Memory:
    """Version 2 and 3 of the protocol, which does not tell the device: the caller does."""
    interface = array.__cuda_array_interface__
    order, kind, size = interface["typestr"][0], interface["typestr"][1], interface["typestr"][2:]
    if order == ">" or kind not in _KINDS or interface.get("mask") is not None:
        raise TypeError(f"has elements of type {interface['typestr']}, or a mask")
    bytes_each = int(size)
    pointer, readonly = interface["data"]
    strides = interface.get("strides")
    if strides is not None:
        if any(stride % bytes_each for stride in strides):
            raise TypeError(f"has strides of {strides} bytes, which are no whole elements")
        strides = tuple(stride // bytes_each for stride in strides)
    return Memory(
        array, pointer or 0, tuple(interface["shape"]), strides,
        f"{_KINDS[kind]}{8 * bytes_each}", ("cuda", ordinal), bool(readonly),
        interface.get("stream"),
    )
