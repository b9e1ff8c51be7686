"""Every block of code in the documentation: Python and C are run, or compiled where a fragment or a
machine does not allow more; shell commands exist; what is shown as output is what is printed.

    test_snippets.py python|torch|c|shell --library FILE [--compiler CC] [--command sslcuda]
"""

import argparse
import functools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from blocks import ROOT, blocks_in, same_output

HERE = pathlib.Path(__file__).parent
SKIPPED = 77
# What a fragment of C may use without saying so: the symbols of docs/notation.md.
FRAGMENT = """#include <sslcuda.h>
#include <stdio.h>
#include <stdlib.h>
int fragment(sslcuda_context* ctx, int64_t n, int64_t m, int64_t d, const float* a, const float* b,
             float* loss, float* grad_a, float* grad_b);
int fragment(sslcuda_context* ctx, int64_t n, int64_t m, int64_t d, const float* a, const float* b,
             float* loss, float* grad_a, float* grad_b) {{
  (void)ctx, (void)n, (void)m, (void)d, (void)a, (void)b, (void)loss, (void)grad_a, (void)grad_b;
  {{
#line {line} "{page}"
{code}
  }}
  return 0;
}}
"""
options = None


class Snippets(unittest.TestCase):
    maxDiff = None

    def test_every_block_has_a_language(self):
        self.assertEqual([list(map(str, found)) for found in blocks_in("").values()], [])

    def check_output(self, block, printed):
        if block.output is not None and not same_output(block.output, printed):
            self.assertEqual(block.output, printed, f"{block} prints something else")

    def run_it(self, command, where, **more):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **more)
        self.assertEqual(done.returncode, 0, f"{where}\n{done.stdout}{done.stderr}")
        return done.stdout


def needs_torch(page_blocks):
    return any(re.search(r"^\s*(import|from) torch\b", block.code, re.M) for block in page_blocks)


def python_environment():
    path = [str(ROOT / "bindings/python/src"), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path)),
            "SSLCUDA_LIBRARY": options.library}


@functools.lru_cache(maxsize=None)
def python_results(kind):
    """{page: [outputs, traceback]}: one process for all pages, as importing PyTorch takes seconds."""
    found = FOUND[kind]()
    pages = [[str(page), [{"line": block.line, "code": block.code, "not_run": block.not_run}
                          for block in page_blocks]] for page, page_blocks in found.items()]  # fmt: skip
    done = subprocess.run([sys.executable, HERE / "run_python.py"], input=json.dumps(pages), text=True,
                          env=python_environment(), stdout=subprocess.PIPE, check=True)  # fmt: skip
    return dict(zip(found, json.loads(done.stdout)))


def python_test(page, page_blocks):
    def test(self):
        outputs, error = python_results(options.kind)[page]
        self.assertEqual(error, "")
        for block, output in zip(page_blocks, outputs):
            self.check_output(block, output)

    return test


def compiled_c(test, folder, source, where, *flags):
    """The program, or with -fsyntax-only nothing but the compiler's opinion."""
    file, program = pathlib.Path(folder, "snippet.c"), pathlib.Path(folder, "snippet")
    file.write_text(source, encoding="utf-8")
    library = pathlib.Path(options.library)
    test.run_it([options.compiler, "-std=c99", "-Wall", "-Wextra", "-Werror", *flags,
                 f"-I{ROOT}/capi/include", file, library, f"-Wl,-rpath,{library.parent}",
                 "-o", program], where)  # fmt: skip
    return program


def c_test(_page, page_blocks):
    def test(self):
        for block in page_blocks:
            with self.subTest(str(block)), tempfile.TemporaryDirectory() as folder:
                if not re.search(r"\bmain\(", block.code):
                    source = FRAGMENT.format(line=block.line, page=block.page, code=block.code)
                    compiled_c(self, folder, source, block, "-fsyntax-only")
                    continue
                program = compiled_c(self, folder, block.code, block)
                if not block.not_run:
                    self.check_output(block, self.run_it([program], block))

    return test


def quick_starts_test(self):
    """Their programs print one output, which is in one file; examples/all_languages compares them."""
    source = (ROOT / "examples/infonce.c").read_text(encoding="utf-8")
    expected = (ROOT / "docs/quickstart/output.txt").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        program = compiled_c(self, folder, source, "examples/infonce.c")
        self.assertEqual(self.run_it([program], "examples/infonce.c"), expected)


def shell_commands(block):
    """The lines that are typed: all of a script, those behind `$ ` of a console."""
    lines = block.code.split("\n")
    if block.language == "console":
        lines = [line[2:] for line in lines if line.startswith("$ ")]
    return "\n".join(lines)


def shell_test(_page, page_blocks):
    def test(self):
        for block in page_blocks:
            with self.subTest(str(block)):
                commands = shell_commands(block)
                self.run_it(["bash", "-n", "-c", commands], block)
                for line in commands.split("\n"):
                    check_words(self, block, line.partition("#")[0])
                if block.language == "console" and not block.not_run:
                    check_console(self, block)

    return test


def check_words(test, block, line):
    """That the files that a command names are there, and the options it takes in its --help."""
    for name in re.findall(r"(?:^|[\s;&|])((?:scripts|perf|tests|examples)/[\w./-]+)", line):
        stands_for_one = re.search(r"/[A-Z]+\b", name)  # results/A.json
        test.assertTrue(stands_for_one or (ROOT / name).exists(), f"{block}: there is no {name}")
    match = re.match(r"(scripts/\w+|sslcuda)((?: [a-z]\w*)*)(?= |$)", line)
    if match:
        program = options.command if match.group(1) == "sslcuda" else ROOT / match.group(1)
        words = match.group(2).split() if match.group(1) == "sslcuda" else []
        help_text = test.run_it([program, *words, "--help"], block)
        for option in re.findall(r" (--[a-z][a-z-]*)", line):
            test.assertIn(option, help_text, f"{block}: {line}")


def check_console(test, block):
    """Runs the commands of a console one after the other, beside the repository's files."""
    mark = "--- end of a command ---"
    script = "\n".join(f"{line} 2>&1; echo '{mark}'" for line in shell_commands(block).split("\n"))
    with tempfile.TemporaryDirectory() as here:
        for entry in ROOT.iterdir():
            pathlib.Path(here, entry.name).symlink_to(entry)
        if "DIR/lib" in script:
            build = pathlib.Path(options.library).parents[1]
            test.run_it(["cmake", "--install", build, "--prefix", f"{here}/DIR"], block)
            script = script.replace("DIR/", f"{here}/DIR/")
        done = subprocess.run(["bash", "-c", script], cwd=here, env=python_environment(), text=True,
                              stdout=subprocess.PIPE, timeout=300, check=False)  # fmt: skip
    outputs = [part.lstrip("\n") for part in done.stdout.split(mark)]
    for part, printed in zip(re.split(r"^(?=\$ )", block.code, flags=re.M)[1:], outputs):
        command, _, expected = part.partition("\n")
        if not same_output(expected, printed):
            test.assertEqual(expected, printed, f"{block}: {command}")


FOUND = {
    "python": lambda: {page: some for page, some in blocks_in("python").items()
                       if not needs_torch(some)},
    "torch": lambda: {page: some for page, some in blocks_in("python").items() if needs_torch(some)},
    "c": lambda: blocks_in("c"),
    "shell": lambda: blocks_in("sh", "bash", "console"),
}  # fmt: skip


def make_tests(kind):
    found = FOUND[kind]()
    make = {"python": python_test, "torch": python_test, "c": c_test, "shell": shell_test}[kind]
    for page, page_blocks in found.items():
        name = re.sub(r"\W+", "_", str(page.relative_to(ROOT).with_suffix("")))
        setattr(Snippets, f"test_{name}", make(page, page_blocks))
    if kind == "c":
        Snippets.test_quick_starts = quick_starts_test
    if not found:
        sys.exit(f"no page has code for {kind}")


def has(module):
    return subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True,
                          check=False).returncode == 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=("python", "torch", "c", "shell"))
    parser.add_argument("--library", required=True)
    parser.add_argument("--compiler", default="cc")
    parser.add_argument("--command")
    options = parser.parse_args()
    for module in {"python": ["numpy"], "torch": ["numpy", "torch"]}.get(options.kind, []):
        if not has(module):
            print(f"skipped: no {module} here")
            sys.exit(SKIPPED)
    make_tests(options.kind)
    unittest.main(argv=sys.argv[:1])
