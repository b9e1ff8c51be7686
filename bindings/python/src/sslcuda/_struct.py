"""Small things that several modules make arguments with."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, Union


def pair(value: Union[int, Sequence[int]]) -> tuple[int, int]:
    """(height, width) of one number or two."""
    if isinstance(value, int):
        return value, value
    height, width = value
    return height, width


def sized(struct: type[ctypes.Structure], /, **fields: Any) -> ctypes.c_void_p:
    """Pointer to such a struct, its size filled in; it keeps the struct alive."""
    made = struct(size=ctypes.sizeof(struct), **fields)
    return ctypes.cast(ctypes.pointer(made), ctypes.c_void_p)


def value_or_array(name: str, value: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """(scalars, arrays): a number goes by value, an array of one element as a pointer to it."""
    if isinstance(value, (int, float)):
        return {name: value}, {}
    return {}, {f"{name}_device": value}
