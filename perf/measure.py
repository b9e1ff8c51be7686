"""What the Python side of the suite shares: percentiles, the machine, and result files."""

import json
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SCHEMA = 2
# Threads of OpenMP that wait spin: by default so long that they take the cores from others.
SPIN = {"GOMP_SPINCOUNT": os.environ.get("GOMP_SPINCOUNT", "2000")}


def percentiles(values):
    if len(values) == 1:
        return {"p10": values[0], "p50": values[0], "p90": values[0]}
    tenths = statistics.quantiles(values, n=10, method="inclusive")
    return {"p10": tenths[0], "p50": statistics.median(values), "p90": tenths[-1]}


def output_of(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()


def commit():
    return output_of("git", "describe", "--always", "--dirty", "--exclude=*")


def cpu_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown"


def load(path):
    """A result file; leaves the program with a message where it is none."""
    name = pathlib.Path(sys.argv[0]).name
    try:
        report = json.loads(pathlib.Path(path).read_text())
    except (OSError, ValueError) as error:
        print(f"{name}: cannot read {path}: {error}", file=sys.stderr)
        sys.exit(2)
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        print(f"{name}: {path} is no result of schema {SCHEMA}", file=sys.stderr)
        sys.exit(2)
    return report


def shape_text(result):
    return " ".join(f"{name}={value}" for name, value in result["shape"].items())


def dtype_text(result):
    """What is added to the shape where it is not float32."""
    return "" if result["dtype"] == "f32" else f" {result['dtype']}"


def name_of(result):
    """As sslcuda_perf prints it."""
    return f"{result['op']} {shape_text(result)}{dtype_text(result)}"


def key(result):
    """What makes two results comparable."""
    return result["op"], shape_text(result), result["dtype"], result["cache"]
