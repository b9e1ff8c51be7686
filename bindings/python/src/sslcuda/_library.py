"""Finds libsslcuda, loads it and checks its version."""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import os
import pathlib
from collections.abc import Iterator

from . import _abi
from ._errors import LibraryError, error

NAME = f"libsslcuda.so.{_abi.VERSION[0]}"


def _candidates() -> Iterator[str]:
    """Where the library may be: named by the user, in this package, on the system."""
    named = os.environ.get("SSLCUDA_LIBRARY")
    if named:
        yield named
        return
    bundled = pathlib.Path(__file__).with_name(NAME)
    if bundled.exists():
        yield str(bundled)
        return
    yield NAME
    found = ctypes.util.find_library("sslcuda")
    if found and found != NAME:
        yield found


@contextlib.contextmanager
def _brief_spinning() -> Iterator[None]:
    """libgomp reads this when it is loaded. Its threads spin for milliseconds while they wait,
    which costs those of PyTorch or NumPy the cores; what the user has set stays."""
    if "GOMP_SPINCOUNT" in os.environ or "OMP_WAIT_POLICY" in os.environ:
        yield
        return
    os.environ["GOMP_SPINCOUNT"] = "2000"
    try:
        yield
    finally:
        del os.environ["GOMP_SPINCOUNT"]


def _load() -> ctypes.CDLL:
    problems = []
    for path in _candidates():
        try:
            with _brief_spinning():
                # ctypes binds all symbols at once (RTLD_NOW). That matters: PyTorch brings an
                # OpenMP of its own, and bound one by one, calls could go to both.
                return ctypes.CDLL(path)
        except OSError as problem:
            problems.append(str(problem))
    raise LibraryError(
        f"sslcuda: {'; '.join(problems)}. Install a wheel that has the library, set "
        f"SSLCUDA_LIBRARY to the path of {NAME}, or put its folder into LD_LIBRARY_PATH"
    )


def _checked(library: ctypes.CDLL) -> ctypes.CDLL:
    try:
        version = library.sslcuda_version()
    except AttributeError:
        raise LibraryError(f"sslcuda: {library._name} is not libsslcuda") from None
    major, minor = version // 10000, version // 100 % 100
    if major != _abi.VERSION[0] or minor < _abi.VERSION[1]:
        raise LibraryError(
            f"sslcuda: {library._name} is version {major}.{minor}.{version % 100}, this package "
            f"needs {_abi.VERSION[0]}.{_abi.VERSION[1]} or a later {_abi.VERSION[0]}.x: install the two "
            "together, or set SSLCUDA_LIBRARY to the path of another library"
        )
    _abi.declare(library)
    return library


lib = _checked(_load())


def check(status: int, handle: int | None = None) -> None:
    """Raises what went wrong in a call of that context, or in one without a context."""
    if status == 0:
        return
    text = ctypes.create_string_buffer(1024)
    lib.sslcuda_last_message(handle, text, len(text))
    raise error(status, text.value.decode("utf-8", "replace"))


def version() -> str:
    """Version of the loaded library, "1.0.0"."""
    number = int(lib.sslcuda_version())
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"


def build_info() -> str:
    """One line: version, compiler, backends, CUDA toolkit and architectures."""
    return str(lib.sslcuda_build_info().decode())


def device_count() -> int:
    """Number of usable CUDA devices; 0 without a GPU, a driver, or CUDA in the library."""
    count = ctypes.c_int32()
    check(lib.sslcuda_device_count(ctypes.byref(count)))
    return count.value
