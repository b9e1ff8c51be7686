"""The examples run, and say what they should."""

import gzip
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import unittest

import numpy as np

PACKAGE = pathlib.Path(__file__).resolve().parents[1]
# The formula in doubles on the batch of examples/infonce.c.
INFONCE = """
loss 0.247037
grad_a -0.113017 0.115422
grad_a -0.023934 -0.145623
grad_a 0.179808 0.130609
grad_b -0.154270 0.091210
grad_b 0.000240 -0.089440
grad_b 0.154030 -0.001770
"""


def run(*command):
    return subprocess.run(
        [sys.executable, *map(str, command)],
        capture_output=True,
        text=True,
        timeout=800,
        env={**os.environ, "PYTHONPATH": str(PACKAGE / "src")},
    )


def made_up(folder):
    """Images of bright boxes, 2000 and 200 of them, as MNIST's files."""
    rng = np.random.default_rng(0)
    for part, count in (("train", 2000), ("t10k", 200)):
        images = rng.integers(0, 40, (count, 28, 28), dtype=np.uint8)
        for image, (y, x, h, w) in zip(images, rng.integers(3, 14, (count, 4))):
            image[y : y + h, x : x + w] += 200
        labels = rng.integers(0, 10, count, dtype=np.uint8)
        pathlib.Path(folder, f"{part}-images-idx3-ubyte").write_bytes(
            struct.pack(">iiii", 2051, count, 28, 28) + images.tobytes()
        )
        with gzip.open(pathlib.Path(folder, f"{part}-labels-idx1-ubyte.gz"), "wb") as file:
            file.write(struct.pack(">ii", 2049, count) + labels.tobytes())


class Examples(unittest.TestCase):
    def test_infonce(self):
        done = run(PACKAGE / "examples/infonce.py")
        self.assertEqual(done.returncode, 0, done.stderr)
        for got, wanted in zip(done.stdout.split(), INFONCE.split()):
            if re.match(r"-?\d", wanted):
                self.assertAlmostEqual(float(got), float(wanted), delta=2e-6)
            else:
                self.assertEqual(got, wanted)
        self.assertEqual(len(done.stdout.split()), len(INFONCE.split()))

    def test_mnist_ntxent(self):
        example = PACKAGE / "examples/mnist_ntxent.py"
        with tempfile.TemporaryDirectory() as folder:
            data = os.environ.get("SSLCUDA_DATA")
            if not data:
                made_up(folder)
            done = run(example, "--data", data or folder, "--check", "--batch", 64)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertRegex(done.stdout, "largest difference of 100 losses: .*e-0[5-9]")
            done = run(example, "--data", data or folder, "--steps", 2)
            self.assertRegex(done.stdout, r"step    1  loss \d.*\n.*\nkNN \d+.\d %", done.stderr)
        done = run(example, "--data", "/nowhere")
        self.assertEqual(done.returncode, 1)
        self.assertIn(
            "no train-images-idx3-ubyte[.gz] in /nowhere; pass the directory", done.stderr
        )

    def test_bench(self):
        """Only that it measures; the numbers of a test machine mean nothing."""
        done = run(
            PACKAGE / "examples/bench_ntxent.py",
            "--rows",
            1024,
            "--widths",
            32,
            "--rounds",
            1,
            "--steps",
            2,
        )
        self.assertRegex(done.stdout, r"1024     32 +\d+\.\d+ s .* MiB\nsslcuda 1", done.stderr)


if __name__ == "__main__":
    unittest.main()
