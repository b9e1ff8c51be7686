#!/usr/bin/env python3
"""Times PyTorch on the problems of a result of sslcuda_perf, in turns with ours, in one process.

    perf/torch_ops.py RESULT.json --library build/capi/libsslcuda.so --json OUT.json

On the CPU PyTorch runs eager and, with --compile, compiled; on CUDA eager, compiled, and each of
them as a CUDA graph captured by hand. Ours is called through ctypes on the same tensors. A side
counts if its results agree with ours. perf/run calls this and adds the peers to the result.
"""

import argparse
import functools
import json
import math
import pathlib
import sys
import time

import torch

import measure
from library import Library
from torch_case import Maker
from torch_cases import CASES

SAMPLE_SECONDS = 1e-3
CACHE_TIMES = 4
MAX_COPIES = 8192
GRAPH_CALLS = 20
# Largest difference from ours where it is more than the case's own: the scores of a loss, which
# PyTorch stores in 16 bits, are off by that in 5.
TOLERANCES = {"f32": 0, "tf32": 5e-3, "f16": 1e-2, "bf16": 5e-2}


class Copies:
    """A case's tensors so many times that a cache does not hold them, and whose turn it is."""

    def __init__(self, case, count):
        self.sets = [tuple(tuple(t.clone() for t in side) for side in (case.inputs, case.outputs))
                     for _ in range(count)]
        self.turn = 0

    def next(self):
        self.turn = (self.turn + 1) % len(self.sets)
        return self.sets[self.turn]


def with_gradients(function, case):
    """function, followed by the gradients of its first result that the case asks for."""
    if not case.gradients:
        @functools.wraps(function)
        def run(*inputs):
            with torch.no_grad():
                return function(*inputs)
        return run

    def run_both(*inputs):
        leaves = list(inputs)
        for i in case.gradients:
            leaves[i] = inputs[i].detach().requires_grad_()
        results = function(*leaves)
        return *results, *torch.autograd.grad(results[0], [leaves[i] for i in case.gradients])
    return run_both


class CpuClock:
    def __init__(self, lib):
        del lib

    def sides(self, name, call, copies):
        """What to time: name and a function that gives seconds per call."""
        def seconds_of(calls):
            start = time.perf_counter()
            for _ in range(calls):
                call(*copies.next())
            return time.perf_counter() - start

        seconds_of(1)
        calls = math.ceil(SAMPLE_SECONDS / min(seconds_of(1) for _ in range(3)))

        def sample():
            if calls > 1:
                seconds_of(1)
            return seconds_of(calls) / calls
        yield name, sample


class CudaClock:
    def __init__(self, lib):
        self.stream = torch.cuda.Stream()
        torch.cuda.set_stream(self.stream)  # PyTorch's work, so that it is in order with ours
        lib.use_stream(self.stream.cuda_stream)

    def seconds_of(self, work, calls):
        start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record(self.stream)
        work()
        stop.record(self.stream)
        stop.synchronize()
        return 1e-3 * start.elapsed_time(stop) / calls

    def sides(self, name, call, copies):
        """Ours only as a graph, which is how it is meant; PyTorch both ways."""
        calls = max(GRAPH_CALLS, len(copies.sets))

        def loop():
            for _ in range(calls):
                call(*copies.next())

        once = min(self.seconds_of(lambda: call(*copies.next()), 1) for _ in range(3))
        if once > SAMPLE_SECONDS:
            calls = len(copies.sets)
        if name != "ours":
            yield name, lambda: self.seconds_of(loop, calls)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=self.stream):
            loop()
        graph.replay()
        yield (name if name == "ours" else f"{name}, graph",
               lambda: self.seconds_of(graph.replay, calls))


def disagreement(results, expected):
    """Largest relative difference of the tensors; NaN if there is one in them."""
    def difference(x, y):
        x, y = (t.detach().double().reshape(-1) for t in (x, y))
        return torch.linalg.vector_norm(x - y) / torch.linalg.vector_norm(y)
    return torch.stack([difference(x, y) for x, y in zip(results, expected)]).max().item()


def results_of(case, call):
    """What a call leaves or returns on copies of the inputs."""
    inputs = tuple(t.clone() for t in case.inputs)
    outputs = tuple(torch.full_like(t, 255 if t.dtype == torch.uint8 else math.nan)
                    for t in case.outputs)
    returned = call(inputs, outputs)
    return inputs[:case.in_place] if case.in_place else returned or outputs


def peer_functions(case, options):
    """Names and functions of what PyTorch offers; None where a package is absent."""
    functions = {"PyTorch": case.torch, **case.other}
    if options.compile:
        torch._dynamo.reset()  # or it gives up after a few shapes of one function
        functions["PyTorch compiled"] = torch.compile(case.torch, dynamic=False)
    return {name: f and with_gradients(f, case) for name, f in functions.items()}


def measure_problem(result, lib, clock, options, cache_bytes):
    dtype = result["dtype"]
    torch.backends.cuda.matmul.allow_tf32 = dtype == "tf32"
    case = CASES[result["op"]](lib, Maker(options.device, dtype), result["shape"])
    tolerance = max(case.tolerance, TOLERANCES[dtype])
    rounds = min(options.samples, result["samples"])
    lib.reserve_for(lambda: case.ours(case.inputs, case.outputs))
    ours = results_of(case, lambda i, o: case.ours(i, o))
    cold = result["cache"] == "cold"
    wanted = math.ceil(CACHE_TIMES * cache_bytes / result["bytes"]) if cold else 1
    copies = Copies(case, min(wanted, MAX_COPIES))
    samplers, peers = {}, []
    samplers.update(clock.sides("ours", case.ours, copies))
    for name, function in peer_functions(case, options).items():
        peer = {"name": name, "version": torch.__version__, "computes": "all", "status": "ok"}
        try:
            if function is None:
                raise ImportError("not installed")
            expected = results_of(case, lambda i, _, f=function: f(*i))
            peer["error"] = {"output": "all", "relative": disagreement(ours, expected),
                             "tolerance": tolerance}
            if not peer["error"]["relative"] <= tolerance:
                raise ArithmeticError("disagrees with ours")
            for side, sample in clock.sides(name, lambda i, _, f=function: f(*i), copies):
                samplers[side] = sample
                peers.append(peer | {"name": side})
        except Exception as error:  # a peer that cannot run is reported, whatever its reason
            absent = isinstance(error, ImportError)
            side = f"{name}, graph" if name in samplers else name
            peers.append(peer | {"name": side, "status": "skipped" if absent else "failed",
                                 "message": str(error).partition("\n")[0]})
    seconds = {name: [] for name in samplers}
    for _ in range(rounds):
        for name, sample in samplers.items():
            seconds[name].append(sample())
    times = {name: measure.percentiles([1e6 * s for s in values])
             for name, values in seconds.items()}
    for peer in peers:
        if peer["name"] in times:
            peer |= {"us": times[peer["name"]], "samples": rounds,
                     "ours_us": times["ours"],
                     "ratio": times[peer["name"]]["p50"] / times["ours"]["p50"]}
    return peers


def describe(peers):
    def words(peer):
        if "ratio" in peer:
            return f"{peer['ratio']:.2f}x {peer['name']}"
        if peer["status"] == "skipped":
            return f"(no {peer['name']})"
        return f"({peer['name']}: {peer['message']})"
    return "  ".join(map(words, peers))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("result", help="JSON of sslcuda_perf")
    parser.add_argument("--library", required=True, help="libsslcuda.so")
    parser.add_argument("--json", type=pathlib.Path, required=True, help="where to write")
    parser.add_argument("--samples", type=int, default=30)
    parser.add_argument("--compile", action="store_true", help="also torch.compile")
    options = parser.parse_args()
    report = measure.load(options.result)
    options.device = report["device"]["kind"]
    if options.device == "cuda" and not torch.cuda.is_available():
        sys.exit("torch_ops: this PyTorch has no CUDA, and the result is of CUDA")

    threads = report["device"].get("threads", 0)
    if threads:
        torch.set_num_threads(threads)
    torch.manual_seed(0)
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    lib = Library(options.library, options.device, threads)
    clock = CpuClock(lib) if options.device == "cpu" else CudaClock(lib)
    found = []
    results = [result for result in report["results"] if "us" in result]
    for number, result in enumerate(results, 1):
        name = measure.name_of(result)
        if options.device == "cuda":
            torch.cuda.empty_cache()  # what a side left that ran out of memory
        try:
            peers = measure_problem(result, lib, clock, options, report["device"]["cache_bytes"])
        except (NotImplementedError, RuntimeError) as error:  # out of memory, too
            peers = [{"name": "PyTorch", "version": torch.__version__, "status": "skipped",
                      "message": str(error).partition("\n")[0]}]
        found.append(peers)
        print(f"[{number:2}/{len(results)}] {name:64} {describe(peers)}", flush=True)
    for result, peers in zip(results, found):
        result["peers"] += peers
    options.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
