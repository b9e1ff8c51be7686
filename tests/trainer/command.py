"""What the tests of the command `sslcuda` share: how it is run and how its failures must look."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

import files

trainer = None  # path of the command; see main()
TIMEOUT = 300  # of one command, in seconds; far more than any takes even on a loaded machine
IMAGES = 300  # in the training set of the tests
USAGE, DATA, DEVICE, DIVERGED, OUTPUT, DEVICE_LOST, INTERRUPTED = 2, 3, 4, 5, 6, 75, 130
METHODS = ("contrastive", "rotation", "autoencoder", "simclr", "rotnet", "vae", "denoise")
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
    command = [trainer, *map(str, arguments)]
    try:
        return subprocess.run(
            command, capture_output=True, text=True, env=environment(**variables), timeout=TIMEOUT
        )
    except subprocess.TimeoutExpired as error:
        shown = (error.stderr or b"").decode(errors="replace")
        raise AssertionError(f"no end after {TIMEOUT} s: {' '.join(command)}\n{shown}") from error


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
        return self.succeed(*self.command(program, *arguments, **paths))

    def succeed(self, *arguments, **variables):
        result = sslcuda(*arguments, **variables)
        self.assertEqual(result.returncode, 0, self.describe(result))
        return result

    @staticmethod
    def describe(result):
        """For the message of a test that fails: all that the command said."""
        return f"{' '.join(result.args)}\nstdout: {result.stdout}\nstderr: {result.stderr}"

    def start(self, *arguments, until):
        """Starts a command and returns its process once the file `until` is there."""
        process = subprocess.Popen(
            [trainer, *map(str, arguments)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        deadline = time.monotonic() + TIMEOUT
        while not until.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                self.fail(f"no {until}; the command said: {process.communicate()[1]}")
            time.sleep(0.02)
        return process

    def check_one_line(self, result, code, words):
        self.assertEqual(result.returncode, code, self.describe(result))
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
