"""Exceptions. Each has the status of sslcuda.h and a message that names argument, value, rule."""

from __future__ import annotations

from ._abi import STATUS


class LibraryError(ImportError):
    """libsslcuda was not found, or is of a version that this package does not know."""


class Error(RuntimeError):
    """A call that failed: `status` (a number), `status_name` ("SSLCUDA_INVALID_SHAPE"), the text."""

    def __init__(self, status: int, message: str):
        super().__init__(message)
        self.status = status
        known = 0 <= status < len(STATUS)
        self.status_name = f"SSLCUDA_{STATUS[status]}" if known else "SSLCUDA_?"

    def __reduce__(self) -> tuple[type[Error], tuple[int, str]]:
        return type(self), (self.status, str(self))


class ArgumentError(Error, ValueError):
    """An argument breaks a rule: shape, stride, value, overlap, missing."""


class WrongDeviceError(ArgumentError):
    """Arrays of several devices, or of another one than the context's."""


class UnsupportedError(Error, TypeError):
    """A dtype, option or kind of array that is not served."""


class WorkspaceError(Error):
    """The reserved workspace is too small while a graph is captured."""


class NoDeviceError(Error):
    """No GPU, no driver for it, or a library without CUDA."""


class OutOfMemoryError(Error, MemoryError):
    """The device has no memory left; nothing was leaked."""


class ContextError(Error):
    """A context that was closed, is in use by another thread, or is being captured or planned."""


class DeviceError(Error):
    """The device failed; after a lost context the process must be restarted to use the GPU."""


class InternalError(Error):
    """A defect of the library."""


_CLASSES: dict[str, type[Error]] = {
    "NULL_POINTER": ArgumentError,
    "INVALID_CONTEXT": ContextError,
    "UNSUPPORTED": UnsupportedError,
    "INVALID_SHAPE": ArgumentError,
    "SIZE_OVERFLOW": ArgumentError,
    "INVALID_STRIDE": ArgumentError,
    "ALIASED": ArgumentError,
    "INVALID_VALUE": ArgumentError,
    "WRONG_DEVICE": WrongDeviceError,
    "WORKSPACE": WorkspaceError,
    "NO_DEVICE": NoDeviceError,
    "OUT_OF_MEMORY": OutOfMemoryError,
    "CONTEXT_LOST": DeviceError,
    "BUSY": ContextError,
    "CAPTURE": ContextError,
    "DEVICE_ERROR": DeviceError,
    "INTERNAL": InternalError,
}


def error(status: int | str, message: str) -> Error:
    """The exception of a status, by number or by name."""
    number = STATUS.index(status) if isinstance(status, str) else status
    name = STATUS[number] if 0 <= number < len(STATUS) else ""
    return _CLASSES.get(name, Error)(number, message)
