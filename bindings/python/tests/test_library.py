"""How the library is found and what import says when it is not; OpenMP beside PyTorch's."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "src"
LIBRARY = os.environ.get("SSLCUDA_LIBRARY", "")
COMPILER = shutil.which(os.environ.get("CC", "cc"))


def python(code, **environment):
    """Runs it in a process of its own, with the package of this tree."""
    kept = {
        n: v
        for n, v in os.environ.items()
        if n not in ("SSLCUDA_LIBRARY", "GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
    }
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=300,
        env={**kept, "PYTHONPATH": str(SOURCE), **environment},
    )


class Finding(unittest.TestCase):
    def fails(self, done, *words):
        self.assertNotEqual(done.returncode, 0)
        last = done.stderr.strip().splitlines()[-1]
        self.assertIn("LibraryError", last)
        for word in words:
            self.assertIn(word, last)

    def test_named(self):
        done = python(
            "import sslcuda; print(sslcuda.version(), sslcuda.build_info())",
            SSLCUDA_LIBRARY=LIBRARY,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        version, info = done.stdout.split(maxsplit=1)
        self.assertIn(f"sslcuda {version}", info)

    def test_on_the_system(self):
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(LIBRARY, pathlib.Path(folder, "libsslcuda.so.1"))
            done = python("import sslcuda", LD_LIBRARY_PATH=folder)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_missing(self):
        self.fails(
            python("import sslcuda", SSLCUDA_LIBRARY="/nowhere/libsslcuda.so.1"),
            "/nowhere/libsslcuda.so.1",
            "set SSLCUDA_LIBRARY to the path",
        )
        if subprocess.run("ldconfig -p | grep -q libsslcuda", shell=True).returncode != 0:
            self.fails(python("import sslcuda"), "libsslcuda.so.1", "Install a wheel")

    @unittest.skipUnless(COMPILER, "no C compiler")
    def test_wrong_version(self):
        for version, words in (
            ("20000", "is version 2.0.0, this package needs 1."),
            ("", "is not libsslcuda"),
        ):
            with tempfile.TemporaryDirectory() as folder:
                source = pathlib.Path(folder, "fake.c")
                source.write_text(
                    f"int sslcuda_version(void) {{ return {version}; }}" if version else "int x;"
                )
                fake = str(source.with_suffix(".so"))
                subprocess.run([COMPILER, "-shared", "-fPIC", source, "-o", fake], check=True)
                self.fails(python("import sslcuda", SSLCUDA_LIBRARY=fake), fake, words)

    def test_environment_is_left_as_it_was(self):
        code = "import os, sslcuda; print(os.environ.get('GOMP_SPINCOUNT'))"
        self.assertEqual(python(code, SSLCUDA_LIBRARY=LIBRARY).stdout, "None\n")
        done = python(code, SSLCUDA_LIBRARY=LIBRARY, GOMP_SPINCOUNT="7")
        self.assertEqual(done.stdout, "7\n")


# Two libraries of OpenMP in a process, or one, depending on who came first.
BESIDE = """
import {0}
import {1}
import sslcuda, torch
torch.manual_seed(0)
a, b = torch.randn(2, 1500, 64)
one = sslcuda.infonce(a, b, want="grad_a", context=sslcuda.Context("cpu", threads=1))
assert torch.equal(one, sslcuda.infonce(a, b, want="grad_a"))
before = torch.get_num_threads()
for _ in range(20):
    a = (a @ torch.eye(64)).relu() + sslcuda.similarity(a, b[:64])
assert torch.get_num_threads() == before
print("same")
"""


class BesideTorch(unittest.TestCase):
    def test_either_import_first(self):
        if python("import torch").returncode != 0:
            self.skipTest("no PyTorch")
        for order in (("torch", "sslcuda"), ("sslcuda", "torch")):
            done = python(BESIDE.format(*order), SSLCUDA_LIBRARY=LIBRARY)
            self.assertEqual((done.stdout, done.returncode), ("same\n", 0), done.stderr)


if __name__ == "__main__":
    unittest.main()
