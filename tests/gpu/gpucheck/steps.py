"""The steps of the check, in their order. Each returns an Outcome and keeps to its limit."""

import dataclasses
import glob
import json
import os
import pathlib
import re
import shutil
import sys
import time
from typing import Callable

from . import device, soak
from .process import gtest, run
from .verdict import FAILED, INCOMPLETE, LEFT_OUT, PASSED, Outcome, combined

# The tools of compute-sanitizer, and the fault of planted.cu that each must find.
TOOLS = {"memcheck": "out_of_bounds", "racecheck": "race", "initcheck": "uninitialised",
         "synccheck": "barrier"}
TOOL_FOUND_ERRORS = 86  # exit code that it is told to use then
# Too slow under the tools, which make kernels up to a hundred times slower.
SLOW_UNDER_TOOLS = "*IsRepeatable*:InfoNce.ManyRows*:ContrastiveSizes*"
SECONDS_PER_FAULT = 20  # for a tool to find a planted one
HOPPER = 9  # compute capability, whose instructions older GPUs lack
REPEATS = 1000
LEAST_REPEATS = {"cuda": 100, "cpu": 2}  # where time is short


@dataclasses.dataclass
class Check:
    """What the steps work with."""

    programs: pathlib.Path  # folder that has them
    data: pathlib.Path  # images for training
    cpu: bool
    gpu: dict  # facts about it; empty on the CPU
    log: Callable
    report: pathlib.Path  # the JSON file; what steps leave goes beside it
    machine: dict = dataclasses.field(default_factory=dict)
    tools: dict = dataclasses.field(default_factory=dict)  # name: Outcome of its planted fault

    @property
    def backend(self):
        return "CPU" if self.cpu else "CUDA"

    @property
    def device(self):
        return "cpu" if self.cpu else "cuda"

    def program(self, name):
        return self.programs / name

    def gtest(self, program, chosen, limit, **options):
        """`chosen` with {} where the name of the backend goes."""
        return gtest(self.program(program), chosen.format(self.backend), limit, self.log, **options)


def find_sanitizer():
    places = [shutil.which("compute-sanitizer")]
    for pattern in ("/usr/local/cuda*/bin/compute-sanitizer",
                    "/usr/local/cuda*/compute-sanitizer/compute-sanitizer",
                    "/opt/nvidia/*/compute-sanitizer"):
        places += sorted(glob.glob(pattern), reverse=True)
    return next((place for place in places if place and os.access(place, os.X_OK)), None)


def under(tool, sanitizer):
    """The command to run a program under."""
    options = ["--error-exitcode", TOOL_FOUND_ERRORS, "--print-limit", 20]
    if tool == "memcheck":  # the driver tries out entry points that it need not have
        options += ["--report-api-errors", "no"]
    return [sanitizer, "--tool", tool, *map(str, options)]


def preflight(check, limit):
    deadline = time.monotonic() + limit
    note_machine(check)
    outcomes = [numeric_fault(check, limit)]
    if not check.cpu:
        sanitizer = find_sanitizer()
        if not sanitizer:
            outcomes.append(Outcome(INCOMPLETE, "compute-sanitizer is not installed"))
        for tool in TOOLS if sanitizer else ():
            outcomes.append(tool_fault(check, sanitizer, tool, deadline - time.monotonic()))
    planted = "the planted fault was" if check.cpu else f"all {len(outcomes)} planted faults were"
    result = combined(outcomes, f"{planted} found")
    result.details = {"planted": [outcome.remark for outcome in outcomes]}
    return result


def note_machine(check):
    check.machine.update(device.processor())
    version = run([check.program("sslcuda"), "--version"], 20, check.log)
    check.machine["library"] = version.last_line
    if check.cpu:
        return
    check.machine["gpu"] = check.gpu | {"nvidia_smi": device.smi_facts(check.gpu)}
    sanitizer = find_sanitizer()
    if sanitizer:
        check.machine["compute_sanitizer"] = run([sanitizer, "--version"], 20, check.log).last_line
    run(device.smi_command(check.gpu, "-q", "-d", "ECC,CLOCK,PERFORMANCE,TEMPERATURE,POWER"), 20,
        check.log)


def numeric_fault(check, limit):
    """The comparison passes a right result, and notices one wrong element."""
    right = check.gtest("sslcuda_test_gpu", "Planted.*{}", limit).outcome("comparisons")
    if right.verdict != PASSED:
        return right
    wrong = check.gtest("sslcuda_test_gpu", "Planted.*{}", limit, SSLCUDA_PLANT_FAULT=1)
    if wrong.result.code == 1 and any("y[" in message for message in wrong.failed.values()):
        return Outcome(PASSED, "comparison: found a wrong result")
    return Outcome(INCOMPLETE, "the comparison does not notice a wrong result")


def tool_fault(check, sanitizer, tool, limit):
    """The tool reports an error, and in the kernel that has it. Tried once."""
    if tool not in check.tools:
        fault = TOOLS[tool]
        result = run([*under(tool, sanitizer), check.program("sslcuda_planted"), fault],
                     min(limit, SECONDS_PER_FAULT), check.log)
        outcome = Outcome(PASSED, f"{tool}: found {fault}")
        if result.code != TOOL_FOUND_ERRORS or f"planted_{fault}" not in result.output:
            end = f"stopped after {result.seconds:.0f} s" if result.timed_out else result.end
            outcome = Outcome(INCOMPLETE,
                              f"{tool} does not find {fault} ({end}, {result.last_line})")
        check.tools[tool] = outcome
    return check.tools[tool]


def instructions(check, limit):
    """What the emulator takes for the meaning of instructions is what they do."""
    if check.cpu:
        return Outcome(LEFT_OUT, "only on a GPU")
    is_other = check.gpu.get("compute_major", HOPPER) != HOPPER  # has not all of the instructions
    return check.gtest("sslcuda_test_device", "*", limit).outcome("tests", may_skip=is_other)


def ops(check, limit):
    # The reference with 4099 rows takes as long as all others.
    tests = check.gtest("sslcuda_test_ops", "*/{}-*Rows4099*", limit)
    return tests.outcome("op tests", may_skip=check.cpu)


def large(check, limit):
    tests = check.gtest("sslcuda_test_gpu", "Large*/{}", limit)
    short = "device memory is short" in tests.result.output
    outcome = tests.outcome("ops", may_skip=short)
    if outcome.verdict == PASSED and short:
        outcome.verdict = INCOMPLETE
        outcome.remark += " (device memory is short)"
    elif outcome.verdict == PASSED:
        outcome.remark += ", on small tensors" if check.cpu else ", past 2^31 elements"
    return outcome


def repeat(check, limit):
    tests = check.gtest("sslcuda_test_gpu", "Repeat.*/{}", limit, SSLCUDA_REPEATS=REPEATS,
                        SSLCUDA_REPEAT_SECONDS=0.5 * limit, SSLCUDA_REPEAT_LARGE=1)
    outcome = tests.outcome("comparisons", may_skip=check.cpu)
    if outcome.verdict == PASSED:
        times = int(tests.properties.get("repeats", 0))
        outcome.remark = f"every op at least {times} times, in graphs, contexts and streams"
        if times < LEAST_REPEATS[check.device]:
            outcome.verdict = INCOMPLETE
            outcome.remark = f"there was time to repeat an op only {times} times"
    return outcome


def sanitizer(check, limit):
    if check.cpu:
        return Outcome(LEFT_OUT, "only on a GPU")
    program = find_sanitizer()
    if not program:
        return Outcome(INCOMPLETE, "compute-sanitizer is not installed")
    deadline = time.monotonic() + limit
    outcomes = [tool_fault(check, program, tool, deadline - time.monotonic()) for tool in TOOLS]
    tools = [tool for tool in TOOLS if check.tools[tool].verdict == PASSED]
    runs = [(tool, "sslcuda_test_gpu", "Repeat.SmallOnce/{}") for tool in tools]
    # Buffers of the op tests are filled beforehand, so initcheck would see nothing there.
    runs += [(tool, "sslcuda_test_ops", "*/{}-" + SLOW_UNDER_TOOLS)
             for tool in tools if tool != "initcheck"]
    for i, (tool, name, chosen) in enumerate(runs):
        share = (deadline - time.monotonic()) / (len(runs) - i)
        tests = check.gtest(name, chosen, share, wrapper=under(tool, program))
        outcomes.append(tool_outcome(tool, tests))
    result = combined(outcomes, f"{', '.join(TOOLS)}: no error")
    result.details = {"runs": [outcome.remark for outcome in outcomes]}
    return result


def tool_outcome(tool, tests):
    outcome = tests.outcome("tests")
    summary = re.search(r"SUMMARY: (\d+) (?:error|hazard)", tests.result.output)
    if tests.result.code == TOOL_FOUND_ERRORS or (summary and int(summary[1]) > 0):
        report = re.search(r"^=+ +((?:Error|Warning|Invalid|Uninit|Barrier|Race|Program hit).*)",
                           tests.result.output, re.MULTILINE)
        outcome = Outcome(FAILED, report[1] if report else tests.result.last_line)
    elif outcome.verdict == PASSED and not summary:
        outcome = Outcome(INCOMPLETE, f"gave no summary ({tests.result.last_line})")
    elif outcome.verdict == FAILED and not summary and not tests.passed and not tests.failed:
        outcome = Outcome(INCOMPLETE, f"did not run ({tests.result.last_line})")
    return dataclasses.replace(outcome, remark=f"{tool}: {outcome.remark}")


def misuse(check, limit):
    chosen = "DeviceMisuse.*/{0}:CudaMisuse.*/{0}"
    return check.gtest("sslcuda_test_gpu", chosen, limit).outcome("kinds of misuse")


def peer_libraries():
    """Where cuBLAS and cuDNN may be, with which the performance suite compares: in the CUDA Toolkit
    and in Python packages. As a search path."""
    folders = [os.environ.get("LD_LIBRARY_PATH", "")]
    for place in ("/usr/local/cuda", *filter(None, sys.path)):
        folders += sorted(glob.glob(f"{place}/lib64") + glob.glob(f"{place}/nvidia/*/lib"))
    return ":".join(filter(None, folders))


def perf(check, limit):
    program = check.program("sslcuda_perf")
    if not program.exists():
        return Outcome(INCOMPLETE, "there is no sslcuda_perf")
    target = check.report.with_suffix(".perf.json")
    result = run([program, "--device", check.device, "--problems", "quick", "--json", target],
                 limit, check.log, LD_LIBRARY_PATH=peer_libraries())
    if result.timed_out:
        return Outcome(INCOMPLETE, f"stopped after {limit:.0f} s")
    if result.code == 127:  # a library that it compares with is not here
        return Outcome(INCOMPLETE, result.last_line)
    if result.code != 0:
        return Outcome(FAILED, f"{result.end}: {result.last_line}")
    try:
        json.loads(target.read_text())
    except (OSError, ValueError) as error:
        return Outcome(FAILED, f"{target}: {error}")
    return Outcome(PASSED, f"results in {target}", {"file": str(target)})


@dataclasses.dataclass
class Step:
    name: str
    share: float  # seconds of the default budget
    run: Callable
    purpose: str


STEPS = (
    Step("preflight", 70, preflight, "machine and versions; planted faults are found"),
    Step("instructions", 20, instructions, "the wrappers of single instructions"),
    Step("ops", 70, ops, "every op against its float64 reference"),
    Step("large", 60, large, "tensors with more than 2^31 elements"),
    Step("repeat", 60, repeat, "the same bits every time, in graphs, contexts and streams"),
    Step("sanitizer", 90, sanitizer, "the four tools of compute-sanitizer on every op"),
    Step("misuse", 30, misuse, "wrong pointers, no memory left, a lost GPU"),
    Step("soak", 60, soak.soak, "training: finite, falling, repeatable, no growth"),
    Step("perf", 80, perf, "the performance suite"),
)
DEFAULT_BUDGET = sum(step.share for step in STEPS)
