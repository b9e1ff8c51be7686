"""What the tests of the command `sslcuda` share: how it is run and how its failures must look."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import files

trainer = None  # path of the command; see main()
IMAGES = 300  # in the training set of the tests
USAGE, DATA, DEVICE, DIVERGED, OUTPUT, INTERRUPTED = 2, 3, 4, 5, 6, 130
CHECKPOINT = "checkpoints/last.safetensors"

SHAPES = {
    "contrastive": {"fc.weight": (128, 784), "fc.bias": (128,)},
    "rotation": {
        "conv.weight": (16, 1, 3, 3),
        "conv.bias": (16,),
        "fc.weight": (4, 10816),
        "fc.bias": (4,),
    },
    "autoencoder": {
        "encoder.weight": (128, 784),
        "encoder.bias": (128,),
        "decoder.weight": (784, 128),
        "decoder.bias": (784,),
    },
}


def environment(**variables):
    clean = {k: v for k, v in os.environ.items() if k != "SSLCUDA_DATA"}
    return clean | variables


def sslcuda(*arguments, **variables):
    return subprocess.run(
        [trainer, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment(**variables),
        timeout=300,
    )


class TrainerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.TemporaryDirectory()
        cls.data = files.make_dataset(pathlib.Path(cls.shared.name) / "data", IMAGES)

    @classmethod
    def tearDownClass(cls):
        cls.shared.cleanup()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.out = self.folder / "out"

    def command(self, program, *arguments, out=None, data=None):
        paths = ["--data", data or self.data, "--out", out or self.out]
        return ["train", program, *paths, "--device", "cpu", *arguments]

    def train(self, program, *arguments, **paths):
        result = sslcuda(*self.command(program, *arguments, **paths))
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def check_one_line(self, result, code, words):
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertRegex(result.stderr, r"\Asslcuda: [^\n]+; [^\n]+\n\Z")
        self.assertIn(words, result.stderr)

    def check_refused(self, command, code, words):
        before = sorted(self.folder.rglob("*"))
        self.check_one_line(sslcuda(*command), code, words)
        self.assertEqual(sorted(self.folder.rglob("*")), before)


def main():
    """Runs the tests of the calling module; the first argument is the command's path."""
    global trainer
    trainer = sys.argv.pop(1)
    unittest.main()
