#!/usr/bin/env python3
"""scripts/kernel_stats, with a compiler that reports what the test wants."""

import contextlib
import importlib.machinery
import importlib.util
import io
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What ptxas says of one kernel; %s: its name and bytes.
REPORT = """\
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function '%s' for 'sm_80'
ptxas info    : Function properties for %s
    %d bytes stack frame, %d bytes spill stores, %d bytes spill loads
ptxas info    : Used %d registers, used 1 barriers, %d bytes stack, 64 bytes smem
ptxas info    : Compile time = 12.345 ms
"""
# Its sources are the reports themselves.
COMPILER = """\
#!/bin/sh
for argument; do
  case "$argument" in *.cu) cat "$argument" >&2 ;; esac
done
"""


def load():
    path = ROOT / "scripts/kernel_stats"
    loader = importlib.machinery.SourceFileLoader("kernel_stats", str(path))
    spec = importlib.util.spec_from_loader("kernel_stats", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


class KernelStats(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        compiler = self.folder / "nvcc"
        compiler.write_text(COMPILER)
        compiler.chmod(0o755)
        self.stats = load()
        self.stats.KERNELS = self.folder
        self.stats.find_nvcc = lambda: str(compiler)

    def source(self, name, *kernels):
        """A source of kernels (name, stack, stores, loads, registers)."""
        (self.folder / name).write_text("".join(
            REPORT % (kernel, kernel, stack, stores, loads, registers, stack)
            for kernel, stack, stores, loads, registers in kernels))

    def run_main(self, *arguments):
        output = io.StringIO()
        before, sys.argv = sys.argv, ["kernel_stats", *arguments]
        try:
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
                status = self.stats.main()
        finally:
            sys.argv = before
        return status, output.getvalue()

    def test_without_spills(self):
        self.source("one.cu", ("_Z5firstv", 0, 0, 0, 40), ("_Z6secondv", 16, 0, 0, 128))
        self.source("two_sm90.cu", ("_Z5thirdv", 0, 0, 0, 168))
        status, output = self.run_main()
        self.assertEqual(status, 0, output)
        # The last source is for one architecture alone.
        self.assertIn("5 kernels, 0 with spilled registers; at most 168 registers", output)
        self.assertRegex(output, r"second\s+80\s+128\s+64\s+16\s+0\n")

    def test_a_spill_fails(self):
        for stores, loads in ((4, 0), (0, 8)):
            with self.subTest(stores=stores, loads=loads):
                self.source("one.cu", ("_Z5firstv", 0, 0, 0, 40),
                            ("_Z6secondv", 8, stores, loads, 255))
                status, output = self.run_main("--arch", "80")
                self.assertEqual(status, 1, output)
                self.assertIn("2 kernels, 1 with spilled registers", output)

    def test_nothing_to_report(self):
        self.source("one.cu")
        status, output = self.run_main()
        self.assertEqual(status, 2, output)
        self.stats.find_nvcc = lambda: ""
        status, output = self.run_main()
        self.assertEqual(status, 2, output)
        self.assertIn("no CUDA compiler", output)


if __name__ == "__main__":
    unittest.main()
