"""kill -9 at random moments of a run that saves after every step: the checkpoint is always one of
the run's, no step gets lost twice, and the run that is resumed again and again ends with the same
bits as one that is left alone.

    test_kill.py build/host/sslcuda
"""

import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

import command
import files
from command import CHECKPOINT, TrainerTest
from runs import check_same

KILLS = 210
STEPS = 150  # of a run; each time it gets through, the next one begins
SAVING = ["--checkpoint-steps", 1, "--no-eval", "--progress", "none", "--threads", 1]


class Kill(TrainerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        small = pathlib.Path(cls.shared.name) / "small"
        cls.data = files.make_dataset(small, 60, 20, height=8, width=8)

    def setUp(self):
        super().setUp()
        self.random = random.Random(self.id())
        self.steps = 0  # that the last checkpoint seen had done

    def launch(self, out):
        """The run in `out`, new or resumed."""
        arguments = ["--epochs", STEPS // 3, "--batch-size", 20, *SAVING]
        again = ["train", "autoencoder", "--out", out, "--resume", "--progress", "none"]
        if (out / "config.json").exists():
            arguments = again
        else:  # killed before it was a run
            arguments = self.command("autoencoder", *arguments, "--overwrite", out=out)
        return subprocess.Popen(
            [command.trainer, *map(str, arguments)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=command.environment(),
        )

    def wait(self, process, out):
        """Until some random moment; half of them within a few milliseconds after a save."""
        if self.random.random() < 0.5:
            time.sleep(self.random.uniform(0, 0.15))
            return
        before = self.last_change(out)
        deadline = time.monotonic() + command.TIMEOUT
        while self.last_change(out) == before and process.poll() is None:
            self.assertLess(time.monotonic(), deadline, "no checkpoint")
            time.sleep(0.001)
        time.sleep(self.random.uniform(0, 0.01))

    @staticmethod
    def last_change(out):
        try:
            return os.stat(out / CHECKPOINT).st_ino
        except FileNotFoundError:
            return None

    def check_checkpoint(self, out):
        if not (out / CHECKPOINT).exists():
            self.assertEqual(self.steps, 0)
            return
        files.read_safetensors(out / CHECKPOINT)
        steps = files.read_state(out / CHECKPOINT)["step"]
        self.assertGreaterEqual(steps, self.steps)
        self.steps = steps

    def test_kills(self):
        whole = self.folder / "whole"
        arguments = ["--epochs", STEPS // 3, "--batch-size", 20, *SAVING]
        self.train("autoencoder", *arguments, out=whole)
        kills, run = 0, 0
        while True:
            out = self.folder / f"run{run}"
            process = self.launch(out)
            if kills < KILLS:
                self.wait(process, out)
                process.kill()
            _, errors = process.communicate(timeout=command.TIMEOUT)
            self.check_checkpoint(out)
            if process.returncode == -signal.SIGKILL:
                kills += 1
                continue
            self.assertEqual(process.returncode, 0, errors)
            self.assertEqual(self.steps, STEPS)
            check_same(self, out, whole, f"run {run} after {kills} kills in all")
            if kills >= KILLS:
                break
            run, self.steps = run + 1, 0
        print(f"{kills} kills, {run + 1} runs")

    def test_killed_before_the_oldest_checkpoint_was_removed(self):
        whole = self.folder / "whole"
        self.train("autoencoder", "--epochs", 4, "--batch-size", 20, *SAVING, out=whole)
        shutil.copytree(whole, self.out)
        shutil.copy(self.out / CHECKPOINT, self.out / "checkpoints/epoch-1.safetensors")
        _, errors = self.launch(self.out).communicate(timeout=command.TIMEOUT)
        self.assertEqual(errors, "")
        check_same(self, self.out, whole, "resumed")


if __name__ == "__main__":
    command.main()
