"""Contexts: explicit ones, and those that calls without one share."""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from . import _abi
from ._arrays import stream_number
from ._dlpack import LEGACY_STREAM
from ._errors import error
from ._library import check, lib

Memory = Callable[[int], tuple[int, Any]]


def _destroy(handle: int, process: int) -> None:
    if os.getpid() == process:  # what a forked child inherits is its parent's
        lib.sslcuda_context_destroy(handle)


class Graph:
    """Calls that were recorded by `Context.graph()`; it keeps their arrays alive.

    launch() runs them all again on the same arrays, reading what these hold then. On CUDA it is
    queued on the stream that the context used last."""

    def __init__(self, context: Context):
        self.context = context
        self._handle: int | None = None
        self._arrays: list[Any] = []

    def launch(self) -> None:
        if self._handle is None:
            raise error("CAPTURE", "sslcuda.Graph: it is launched after its `with` block")
        self.context._call("graph_launch", self._handle)

    def close(self) -> None:
        if self._handle is not None and self.context._handle:
            self.context._call("graph_destroy", self._handle)
        self._handle, self._arrays = None, []


class Plan:
    """What `Context.plan()` found: `bytes` of workspace that its calls need."""

    bytes = 0


class Context:
    """A device with a stream and a workspace. One call at a time; use one for each thread.

    device     "auto" (a GPU if there is one), "cpu", "cuda" or "cuda:1"
    threads    of the CPU; 0: as many as the process may use
    workspace  bytes reserved at once; 0: 4 MiB. A call that needs more makes it grow.
    stream     a CUDA stream of PyTorch, CuPy or cuda-python, or its address; None: its own

    Closed by close(), `with`, or the garbage collector."""

    def __init__(
        self, device: str = "auto", *, threads: int = 0, workspace: int = 0, stream: Any = None
    ):
        name, _, ordinal = device.partition(":")
        if name not in _abi.DEVICE or (ordinal and (name != "cuda" or not ordinal.isdigit())):
            raise error("UNSUPPORTED", 'sslcuda.Context: device must be "auto", "cpu", "cuda" or '
                        f'"cuda:N", got "{device}"')
        options = _abi.ContextOptions(
            size=ctypes.sizeof(_abi.ContextOptions), device=_abi.DEVICE[name],
            ordinal=int(ordinal or 0), threads=threads, workspace_bytes=workspace,
            trust_pointers=1,  # an array's own word for its device has been checked
        )
        handle = ctypes.c_void_p()
        self._handle: int | None = None
        check(lib.sslcuda_context_create(ctypes.byref(options), ctypes.byref(handle)))
        self._handle = handle.value
        assert self._handle is not None
        self._finalizer = weakref.finalize(self, _destroy, self._handle, os.getpid())
        kind, number = ctypes.c_int32(), ctypes.c_int32()
        self._call("context_device", ctypes.byref(kind), ctypes.byref(number))
        self.device: tuple[str, int] = (("", "cpu", "cuda")[kind.value], number.value)
        self._stream = 0  # 0: its own
        self._graph: Graph | None = None
        self._planning = False
        self._log: Any = None
        if stream is not None:
            self.set_stream(stream)

    def _call(self, function: str, *values: Any) -> None:
        if self._handle is None:
            raise error("INVALID_CONTEXT", f"sslcuda_{function}: the context is closed")
        status = getattr(lib, f"sslcuda_{function}")(self._handle, *values)
        if status:
            check(status, self._handle)

    @property
    def handle(self) -> int | None:
        """The sslcuda_context*; None when it is closed."""
        return self._handle

    @property
    def recording(self) -> bool:
        """Whether calls are planned or captured instead of run."""
        return self._planning or self._graph is not None

    def keep(self, arrays: list[Any]) -> None:
        """The graph that is being captured uses them in every launch."""
        if self._graph is not None:
            self._graph._arrays += arrays

    def close(self) -> None:
        """Waits for its work and frees what it owns. Closing twice is fine."""
        self._handle = None
        self._finalizer()

    def __enter__(self) -> Context:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<sslcuda.Context {self.describe() if self._handle else 'closed'}>"

    def describe(self) -> str:
        """One line for people: "cpu (2 threads)"."""
        text = ctypes.create_string_buffer(256)
        self._call("context_describe", text, len(text))
        return text.value.decode("utf-8", "replace")

    def set_stream(self, stream: Any) -> None:
        """The stream that its calls are queued on, which must outlive them; None: its own."""
        number = 0 if stream is None else stream_number(stream)
        if number != self._stream:
            self._call("context_set_stream", number or None)
            self._stream = number

    @property
    def stream(self) -> int:
        """Address of that stream; 0 on the CPU."""
        stream = ctypes.c_void_p()
        self._call("context_get_stream", ctypes.byref(stream))
        return stream.value or 0

    def synchronize(self) -> None:
        """Waits until all that was queued is done; errors of queued work surface here."""
        self._call("synchronize")

    def reserve(self, size: int) -> None:
        """Grows the workspace to at least that many bytes."""
        self._call("context_reserve", size)

    def set_log(self, callback: Callable[[int, str], None] | None, level: str = "info") -> None:
        """Sends messages up to "error", "info" or "debug" to callback(level, text), which must not
        use this context; None switches it off."""

        def forward(number: int, message: bytes, _: Any) -> None:
            assert callback is not None
            callback(number, message.decode("utf-8", "replace"))

        log = _abi.LOG_CALLBACK(forward) if callback else None
        address = ctypes.cast(log, ctypes.c_void_p) if log else None
        self._call("context_set_log", _abi.LOG[level if log else "off"], address, None)
        self._log = log  # ctypes calls it as long as this lives

    @contextlib.contextmanager
    def plan(self) -> Iterator[Plan]:
        """Within it calls check their arguments and run nothing; then the plan tells the bytes that
        the hungriest needs:  `with ctx.plan() as plan: step()`,  `ctx.reserve(plan.bytes)`."""
        plan, size = Plan(), ctypes.c_size_t()
        self._call("plan_begin")
        self._planning = True
        try:
            yield plan
        finally:
            self._planning = False
            self._call("plan_end", ctypes.byref(size))
            plan.bytes = size.value

    @contextlib.contextmanager
    def graph(self) -> Iterator[Graph]:
        """Within it calls are recorded instead of run: `with ctx.graph() as graph: step()`, then
        graph.launch(). Pass out=, or keep what the calls return: it is what a launch writes.
        The workspace cannot grow meanwhile; call step() once before, or use plan()."""
        graph, handle, stream = Graph(self), ctypes.c_void_p(), self._stream
        if stream == LEGACY_STREAM:  # CUDA cannot capture it; a launch may go there
            self.set_stream(None)
        self._call("graph_begin")
        self._graph = graph
        try:
            yield graph
        finally:
            self._graph = None
            self._call("graph_end", ctypes.byref(handle))
            graph._handle = handle.value
            self.set_stream(stream or None)

    def needed(self, call: Callable[[], int]) -> int:
        """Bytes of workspace of one call of the ABI."""
        size = ctypes.c_size_t()
        self._call("plan_begin")
        try:
            check(call(), self._handle)
        finally:
            self._call("plan_end", ctypes.byref(size))
        return size.value

    def run(self, call: Callable[[], int], memory: Memory | None = None) -> None:
        """One call of the ABI, in memory(bytes) where that is given, which returns an address and
        what owns it; else in the context's workspace, which grows where it is too small."""
        if self._handle is None:
            raise error("INVALID_CONTEXT", "the context is closed")
        if memory is not None and not self.recording:
            size = self.needed(call)
            address, owner = memory(size) if size else (None, None)
            self._call("context_set_workspace", address, size)
            try:
                check(call(), self._handle)
            finally:
                self._call("context_set_workspace", None, 0)
                del owner
            return
        status = call()
        if status == _abi.STATUS.index("WORKSPACE") and not self.recording:
            self.reserve(self.needed(call))
            status = call()
        check(status, self._handle)


_local = threading.local()
_forked = False


def _after_fork() -> None:
    global _local, _forked
    _local, _forked = threading.local(), True


os.register_at_fork(after_in_child=_after_fork)


def default_context(device: tuple[str, int], stream: int, threads: int) -> Context:
    """This thread's context of that device and stream, so that no two streams share a workspace.

    After a fork it has one thread: OpenMP's others are gone in the child, and it would wait for
    them for ever."""
    if device[0] == "cpu" and _forked:
        threads = 1
    cache: dict[Any, Context] = _local.__dict__
    key = f"{device}{stream}{threads}"
    context = cache.get(key)
    if context is None:
        name = f"cuda:{device[1]}" if device[0] == "cuda" else "cpu"
        context = cache[key] = Context(name, threads=threads)
    return context
