"""One way into every op: looks at the arrays, checks them against the tables of _abi.py, makes the
outputs, finds the context and calls. Nothing is copied, and what is refused is refused before."""

from __future__ import annotations

import ctypes
import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any, Optional, Union

from . import _abi
from ._abi import Argument
from ._arrays import Kind, kind_of, stream_number
from ._context import Context, default_context
from ._dlpack import CPU, Memory
from ._errors import error
from ._library import lib
from ._struct import sized

Array = Any  # of NumPy, PyTorch, CuPy, JAX ...
Want = Union[str, Sequence[str]]
Dims = dict[str, Any]  # extents by name, and under "*plane" those that are taken together
ELEMENTS = {"f32": ("float32",), "i64": ("int64",), "u8": ("uint8",), "u32": ("uint32", "int32")}


@functools.cache
def table_of(op: str) -> tuple[Argument, ...]:
    return _abi.arguments(_abi.OPS[op] if op in _abi.OPS else _abi.STRUCTS[op])


def choice(name: str, value: str, among: Mapping[str, int]) -> int:
    if value not in among:
        raise error("UNSUPPORTED", f"{name} must be one of {', '.join(among)}, got {value!r}")
    return among[value]


def place(device: tuple[str, int]) -> str:
    return f"cuda:{device[1]}" if device[0] == "cuda" else "cpu"


class Call:
    """What is known of one call: its arrays, their extents, and where it runs."""

    def __init__(self, op: str, title: str, *, context: Optional[Context] = None,
                 stream: Any = None, tf32: bool = False, dims: Optional[Dims] = None):
        self.op, self.title, self.context, self.tf32 = op, f"sslcuda.{title}", context, tf32
        self.stream = None if stream is None else stream_number(stream)
        self.dims: Dims = dict(dims or {})
        self.kind, self.device, self.element = Kind(), CPU, ""
        self.first: Any = None  # the array that decides kind, device and stream
        self.first_name = self.typed_name = ""
        self.pointers: dict[str, int] = {}
        self.owners: list[Any] = []
        self.other_streams: set[int] = set()

    def refuse(self, status: str, message: str) -> Exception:
        return error(status, f"{self.title}: {message}")

    def look(self, name: str, array: Any) -> Memory:
        """The array's memory; the first one decides the device."""
        try:
            kind = kind_of(array)
            memory = kind.look(array, self.stream)
        except (TypeError, BufferError) as problem:
            raise self.refuse("UNSUPPORTED", f"{name} {problem}") from None
        if self.first is None:
            self.first, self.first_name, self.kind, self.device = array, name, kind, memory.device
            if self.device != CPU and self.stream is None:
                self.stream = kind.stream(memory)
        elif memory.device != self.device:
            raise self.refuse("WRONG_DEVICE", f"{name} must be on {place(self.device)} like "
                              f"{self.first_name}, got {place(memory.device)}")
        if memory.stream is not None and stream_number(memory.stream) != self.stream:
            self.other_streams.add(stream_number(memory.stream))
        self.owners.append(memory.owner)
        return memory

    def add(self, argument: Argument, array: Any) -> None:
        """Takes the caller's array for that argument, if it obeys the rules."""
        memory = self.look(argument.name, array)
        self.check_element(argument, memory)
        self.check_shape(argument, memory)
        self.check_strides(argument, memory)
        if argument.output and memory.readonly:
            raise self.refuse("INVALID_VALUE", f"{argument.name} must be writable")
        self.pointers[argument.name] = memory.pointer

    def check_element(self, argument: Argument, memory: Memory) -> None:
        name, why = argument.name, ""
        allowed = ELEMENTS.get(argument.element)
        if allowed is None:
            if not self.element:
                if argument.element != "any" and memory.element not in _abi.DTYPE:
                    raise self.refuse("UNSUPPORTED", f"{name} must be float32, bfloat16 or "
                                      f"float16, got {memory.element}")
                self.element, self.typed_name = memory.element, name
            allowed, why = (self.element,), f" like {self.typed_name}"
        if memory.element not in allowed:
            raise self.refuse("UNSUPPORTED",
                              f"{name} must be {allowed[0]}{why}, got {memory.element}")

    def check_shape(self, argument: Argument, memory: Memory) -> None:
        shape, names = memory.shape, argument.dims
        tail = names[-1] if names and names[-1].startswith("*") else ""
        fixed = names[:-1] if tail else names
        if not names:  # one number, in an array of any rank
            fits = math.prod(shape) == 1
        else:
            fits = len(shape) >= len(fixed) if tail else len(shape) == len(fixed)
            fits = fits and all(self.dims.setdefault(n, e) == e for n, e in zip(fixed, shape))
        if fits and tail:
            rest = shape[len(fixed) :]
            fits = self.dims.setdefault(tail, rest) == rest
            self.dims.setdefault(tail[1:], math.prod(rest))
        if not fits:
            words = ", ".join(names).replace("*", "...") or "1"
            known = ", ".join("?" if e is None else str(e) for e in self.shape_of(argument))
            raise self.refuse("INVALID_SHAPE", f"{argument.name} must have the shape [{words}]"
                              + (f" = [{known}]" if known else "")
                              + f", got {list(shape)}")

    def shape_of(self, argument: Argument) -> list[Any]:
        """Its extents; None where one is not known."""
        shape: list[Any] = []
        for name in argument.dims:
            if name.startswith("*"):
                shape.extend(self.dims.get(name, ()))
            else:
                shape.append(self.dims.get(name))
        return shape

    def check_strides(self, argument: Argument, memory: Memory) -> None:
        """Dense, or rows that lie apart where the ABI has a leading dimension for them."""
        fits = is_dense(memory)
        if argument.ld:
            rows, ld = memory.shape
            if not fits and memory.strides and (memory.strides[1] == 1 or ld <= 1):
                fits = memory.strides[0] >= ld
                ld = max(ld, memory.strides[0])
            known = self.dims.setdefault(argument.ld, ld)
            if fits and known != ld and rows > 1:
                raise self.refuse("INVALID_STRIDE", f"rows of {argument.name} must be "
                                  f"{argument.ld} = {known} elements apart, got {ld}")
        if not fits:
            rule = "rows of adjacent elements" if argument.ld else "contiguous"
            raise self.refuse("INVALID_STRIDE", f"{argument.name} must be {rule}, got strides "
                              f"{list(memory.strides or ())} for the shape {list(memory.shape)}; "
                              "no copy is made")

    def make(self, argument: Argument) -> Any:
        """An output of the first array's kind, on its device."""
        shape = self.shape_of(argument)
        if None in shape:
            raise self.refuse("NULL_POINTER", f"{argument.name} was wanted, but an array that its "
                              "shape comes from was not given")
        width = shape[-1] if shape else 0
        if argument.ld:
            shape[-1] = self.dims.setdefault(argument.ld, width)
        element = ELEMENTS.get(argument.element, (self.element,))[0]
        try:
            array = self.kind.empty(self.first, tuple(shape), element, self.device)
        except TypeError as problem:
            raise self.refuse("UNSUPPORTED", str(problem)) from None
        self.pointers[argument.name] = self.look(argument.name, array).pointer
        return array[:, :width] if argument.ld and shape[-1] != width else array

    def find_context(self) -> Context:
        if self.context is None:
            # PyTorch brings the workspace, so there all streams can share one context.
            stream = 0 if self.kind.name == "torch" else self.stream or 0
            threads = self.kind.threads() if self.device == CPU else 0
            self.context = default_context(self.device, stream, threads)
        elif self.context.device != self.device:
            raise self.refuse("WRONG_DEVICE", f"{self.first_name} must be on the context's device "
                              f"{place(self.context.device)}, got {place(self.device)}")
        context = self.context
        if context.handle and self.device != CPU and not context.recording:
            for stream in self.other_streams:
                context.set_stream(stream)
                context.synchronize()
            context.set_stream(self.stream)
        return context

    def invoke(self, scalars: Mapping[str, Any]) -> None:
        """Calls the function with what was gathered, and `scalars` for the rest."""
        if self.tf32 and self.element != "float32":
            raise self.refuse("UNSUPPORTED", f"tf32 goes with float32 arrays, got {self.element}")
        context = self.find_context()
        dtype = _abi.DTYPE.get("tf32" if self.tf32 else self.element, 0)
        given = {**self.dims, "dtype": dtype, **scalars, **self.pointers}
        values = [given.get(a.name, None if a.code == "p" else 0) for a in table_of(self.op)]
        function, handle = getattr(lib, f"sslcuda_{self.op}"), context.handle
        workspace = None
        if self.kind.name == "torch" and self.device != CPU:
            workspace = self.torch_memory
        context.run(lambda: int(function(handle, *values)), workspace)
        context.keep(self.owners)

    def torch_memory(self, size: int) -> tuple[int, Any]:
        """Of PyTorch's allocator, which knows about streams and about graphs that are captured."""
        import torch

        tensor = torch.empty(size, dtype=torch.uint8, device=self.first.device)
        return tensor.data_ptr(), tensor


def is_dense(memory: Memory) -> bool:
    if memory.strides is None or 0 in memory.shape:
        return True
    step = 1
    for extent, stride in zip(reversed(memory.shape), reversed(memory.strides)):
        if extent > 1 and stride != step:
            return False
        step *= extent
    return True


def requested(call: Call, want: Want, out: Any, outputs: Sequence[str]) -> dict[str, Any]:
    """The caller's array, or None, for each output that is wanted."""
    names = [want] if isinstance(want, str) else list(want)
    for name in names:
        if name not in outputs:
            raise call.refuse("INVALID_VALUE",
                              f"want must be among {', '.join(outputs)}, got {name!r}")
    arrays = [out] if isinstance(want, str) else [None] * len(names) if out is None else list(out)
    if len(arrays) != len(names):
        raise call.refuse("INVALID_VALUE", f"out must hold an array or None for each of {names}")
    return dict(zip(names, arrays))


def run(
    call: Call, arrays: Mapping[str, Any], scalars: Any = None, *, want: Want, out: Any = None,
    struct: str = "", shapes: Optional[Mapping[str, tuple[str, ...]]] = None,
) -> Any:
    """One op, with `arrays` by the names of its table, None for those that are not there.

    `scalars` is a mapping, or a function of the extents that may add to them and gives one;
    `struct` names the table of a struct that holds all but the dtype; `shapes` puts other extents
    in the place of the table's. Gives the output that `want` names, or a tuple of those of a list."""
    table = [a for a in table_of(struct or call.op) if a.tensor]
    if shapes:
        table = [a._replace(dims=shapes.get(a.name, a.dims)) for a in table]
    for argument in table:
        array = arrays.get(argument.name)
        if array is not None:
            call.add(argument, array)
        elif not argument.output and not argument.optional:
            raise call.refuse("NULL_POINTER", f"{argument.name} must not be None")
    scalars = scalars(call.dims) if callable(scalars) else dict(scalars or {})
    wanted = requested(call, want, out, [a.name for a in table if a.output])
    results: dict[str, Any] = {}
    for argument in table:
        name = argument.name
        if name in call.pointers:  # read and written
            results[name] = arrays[name]
        elif wanted.get(name) is not None:
            call.add(argument, wanted[name])
            results[name] = wanted[name]
        elif name in wanted or (argument.output and not argument.optional):
            results[name] = call.make(argument)
    call.invoke({"args": filled(call, struct, scalars)} if struct else scalars)
    gathered = [results[name] if given is not None else call.kind.finish(results[name])
                for name, given in wanted.items()]
    return gathered[0] if isinstance(want, str) else tuple(gathered)


def filled(call: Call, struct: str, scalars: Mapping[str, Any]) -> ctypes.c_void_p:
    given = {**call.dims, **scalars, **call.pointers}
    names = [field.name for field in table_of(struct) if given.get(field.name) is not None]
    return sized(_abi.ContrastiveArgs, **{name: given[name] for name in names})
