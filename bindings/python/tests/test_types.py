"""The package is typed: mypy --strict finds nothing in it, nor in a program that uses it."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

PACKAGE = pathlib.Path(__file__).resolve().parents[1]
USE = """
import sslcuda
loss = sslcuda.infonce(1, 2, tau=0.1, want=("loss", "grad_a"))
with sslcuda.Context("cpu", threads=1) as context:
    reveal_type(context.device)
"""


class Types(unittest.TestCase):
    def mypy(self, *arguments):
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "mypy",
                "--config-file",
                PACKAGE / "pyproject.toml",
                "--cache-dir",
                self.cache,
                *arguments,
            ],
            capture_output=True,
            text=True,
            cwd=PACKAGE / "src",
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_strict(self):
        with tempfile.TemporaryDirectory() as self.cache:
            self.mypy("-p", "sslcuda")
            use = pathlib.Path(self.cache, "use.py")
            use.write_text(USE)
            self.assertIn('"tuple[str, int]"', self.mypy(use))


if __name__ == "__main__":
    unittest.main()
