#!/usr/bin/env python3
"""Every wrapper of kernels/cuda/device/ptx has a twin in the emulator and a test here.

A wrapper without a twin is named in gaps.txt, with the reason; one that is named but has a twin, or
does not exist, is an error too. Exit status 1 if anything is wrong.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
WRAPPERS = ROOT / "kernels/cuda/device/ptx"
TWINS = ROOT / "tests/emulator/include/device/ptx"
TESTS = ROOT / "tests/device"

WRAPPER = re.compile(r"__device__ __forceinline__ [\w:]+[\s&*]+(\w+)\(")
TWIN = re.compile(r"^(?:inline |template <[^;{]*>\s*)?[\w:]+[\s&*]+(\w+)\(", re.MULTILINE)
PRIVATE = {"ss", "rs"}  # parts of wgmma()


def names(path: pathlib.Path, pattern: re.Pattern) -> set[str]:
    return set(pattern.findall(path.read_text())) if path.exists() else set()


def read_gaps() -> set[str]:
    lines = (line.split("#")[0].split() for line in (TESTS / "gaps.txt").read_text().splitlines())
    return {words[0] for words in lines if words}


def main() -> int:
    problems = []
    gaps = read_gaps()
    missing = set()
    tested = "".join(path.read_text() for path in sorted(TESTS.glob("*.cu")))
    count = 0
    for header in sorted(WRAPPERS.glob("*.cuh")):
        wrappers = names(header, WRAPPER) - PRIVATE
        if not wrappers:
            problems.append(f"{header.name}: no wrapper found in it")
        twins = names(TWINS / header.name, TWIN)
        for name in sorted(wrappers):
            count += 1
            if not re.search(rf"\bptx::{name}\b", tested):
                problems.append(f"{header.name}: {name} is not used in tests/device/*.cu")
            if name not in twins:
                missing.add(name)
                if name not in gaps:
                    problems.append(f"{header.name}: {name} has no twin and is not in gaps.txt")
        for name in sorted(twins - wrappers - {"is_wgmma_width"}):
            problems.append(f"{header.name}: the twin {name} has no wrapper")
    for name in sorted(gaps - missing):
        problems.append(f"gaps.txt names {name}, which has a twin or does not exist")
    for problem in problems:
        print(problem)
    print(f"{count} wrappers, {len(missing)} without a twin")
    return 1 if problems or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
