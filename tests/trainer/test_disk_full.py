"""When files cannot be written or the device is lost: one line that says what to do, the documented
exit code, the last checkpoint as it was; and --resume then ends with the bits of a run to which
nothing happened.

    test_disk_full.py build/host/sslcuda

Some disks are full here: a small tmpfs, where the machine allows to mount one; a limit on the size
of files; and calls that faults.c makes fail one after the other ($SSLCUDA_FAULTS is that library).
"""

import errno
import os
import pathlib
import resource
import shutil
import subprocess
import unittest

import command
import files
from command import CHECKPOINT, DEVICE_LOST, OUTPUT, TrainerTest, sslcuda
from runs import check_same

FAULTS = os.environ.get("SSLCUDA_FAULTS")
CONTEXT_LOST = 14  # a status of sslcuda.h
SMALL = ["--epochs", 12, "--batch-size", 30, "--no-eval", "--keep", 0, "--progress", "none"]


class Small(TrainerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        small = pathlib.Path(cls.shared.name) / "small"
        cls.data = files.make_dataset(small, 60, 20, height=8, width=8)
        cls.whole = pathlib.Path(cls.shared.name) / "whole"
        cls("run").train("autoencoder", *SMALL, out=cls.whole)

    def run_command(self, *options):
        return ["train", "autoencoder", "--out", self.out, *options, "--progress", "none"]

    def check_message(self, result, code, words):
        self.check_one_line(result, code, words)
        self.assertIn(f"sslcuda train autoencoder --out {self.out} --resume", result.stderr)

    def check_resumes(self, what):
        """The checkpoint is whole, and the run goes on as if nothing had been."""
        if (self.out / CHECKPOINT).exists():
            files.read_safetensors(self.out / CHECKPOINT)
        self.succeed(*self.run_command("--resume"))
        check_same(self, self.out, self.whole, what)
        left = [p for p in self.out.rglob("*.tmp")]
        self.assertEqual(left, [], what)


class FullDisk(Small):
    def test_small_tmpfs(self):
        mount = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
        allowed = shutil.which("unshare") and subprocess.run(
            [*mount, "mount -t tmpfs none /mnt"], capture_output=True
        )
        if not allowed or allowed.returncode != 0:
            self.skipTest("a tmpfs cannot be mounted here")
        script = """
            mkdir "$2" && mount -t tmpfs -o size=1500k none "$2" || exit 99
            "$1" train autoencoder --data "$3" --out "$2" --device cpu $4 2> "$2.errors"
            echo $? > "$2.code"
            cp -r "$2" "$2.full"
            mount -o remount,size=64m "$2" || exit 99
            "$1" train autoencoder --out "$2" --resume --progress none || exit 98
            cp -r "$2" "$2.resumed"
        """
        arguments = [command.trainer, self.out, self.data, " ".join(map(str, SMALL))]
        done = subprocess.run(
            [*mount, script, "sh", *arguments],
            capture_output=True,
            text=True,
            env=command.environment(),
            timeout=command.TIMEOUT,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        def beside(end):
            return self.out.with_name(self.out.name + end)

        self.assertEqual(beside(".code").read_text().strip(), str(OUTPUT))
        errors = beside(".errors").read_text()
        self.assertRegex(errors, r"\Asslcuda: [^\n]*No space left[^\n]*; [^\n]*--resume\n\Z")
        files.read_safetensors(beside(".full") / CHECKPOINT)
        check_same(self, beside(".resumed"), self.whole, "after a full disk")

    def test_limit_on_file_sizes(self):
        self.train("autoencoder", *SMALL, "--steps", 5)
        before = (self.out / CHECKPOINT).read_bytes()
        limit = len(before) // 2
        result = subprocess.run(
            [command.trainer, *map(str, self.run_command("--resume", "--steps", 0))],
            capture_output=True,
            text=True,
            env=command.environment(),
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        )
        self.check_message(result, OUTPUT, "File too large")
        self.assertTrue((self.out / CHECKPOINT).read_bytes() == before)
        self.check_resumes("after a limit")


class FullOutput(Small):
    """Standard output or standard error on /dev/full."""

    def run_on(self, *arguments, **streams):
        with open("/dev/full", "w") as full:
            streams = {name: full for name in streams}
            return subprocess.run(
                [command.trainer, *map(str, arguments)],
                **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams,
                text=True,
                env=command.environment(),
                timeout=command.TIMEOUT,
            )

    def test_results_that_nobody_gets(self):
        run = ["--run", shutil.copytree(self.whole, self.folder / "copy"), "--progress", "none"]
        commands = [["--version"], ["train", "--help"], ["doctor"], ["inspect", self.whole]]
        commands += [["inspect", self.whole, "--json"], ["eval", "knn", *run]]
        commands += [self.command("autoencoder", *SMALL)]
        for arguments in commands:
            with self.subTest(arguments):
                result = self.run_on(*arguments, stdout=True)
                self.assertEqual(result.returncode, OUTPUT, result.stderr)
                message = r"\Asslcuda: standard output cannot be written; [^\n]+\n\Z"
                self.assertRegex(result.stderr, message)
        check_same(self, self.out, self.whole, "with a full output")

    def test_the_first_failure_counts(self):
        result = self.run_on("inspect", self.folder, stdout=True)
        self.assertEqual(result.returncode, command.DATA)
        self.assertNotIn("standard output", result.stderr)

    def test_a_run_does_not_need_standard_error(self):
        for mode in ("plain", "bar"):
            with self.subTest(mode):
                options = [*SMALL[:-1], mode, "--verbose", "--overwrite"]
                result = self.run_on(*self.command("autoencoder", *options), stderr=True)
                self.assertEqual(result.returncode, 0)
                self.assertIn("results", result.stdout)
                check_same(self, self.out, self.whole, mode)
        self.assertEqual(self.run_on("--colour", stderr=True).returncode, command.USAGE)


@unittest.skipUnless(FAULTS, "SSLCUDA_FAULTS is not set")
class FailingCalls(Small):
    def faulty(self, kind, first, value):
        """A run in which calls fail from the `first` on."""
        shutil.rmtree(self.out, ignore_errors=True)
        fault = f"{kind} {first} {value}"
        return sslcuda(
            *self.command("autoencoder", *SMALL), LD_PRELOAD=FAULTS, SSLCUDA_FAULT=fault
        )

    def check_every_call(self, kind, value, words, step, first=1):
        failures = 0
        while True:
            result = self.faulty(kind, first, value)
            if result.returncode == 0:
                break
            self.check_message(result, OUTPUT, words)
            failures += 1
            if not (self.out / "config.json").exists():  # not a run yet
                self.assertEqual(first, 1)
            else:
                self.check_resumes(f"{kind} {first}")
            first += step
        self.assertGreater(failures, 2)
        check_same(self, self.out, self.whole, f"{kind} {first}: too late")

    def test_no_space(self):
        self.check_every_call("write", errno.ENOSPC, "No space left", step=3)

    def test_input_output_error(self):
        self.check_every_call("fsync", errno.EIO, "Input/output error", step=11)

    def test_a_single_failure_counts(self):
        """The contents of every file must have reached the disk; for a directory that is not asked,
        as some cannot say."""
        failed = set()
        for call in range(1, 8):
            result = self.faulty("fsync", call, f"{errno.EIO} once")
            if result.returncode == 0:
                check_same(self, self.out, self.whole, f"fsync {call}")
                continue
            failed.add(call)
            self.check_message(result, OUTPUT, "Input/output error")
        # config.json and its directory; metrics.jsonl, then a checkpoint and the directory of its
        # three names.
        self.assertEqual(failed, {1, 3, 4})

    def test_no_rename(self):
        self.check_every_call("rename", errno.EACCES, "Permission denied", step=9)

    def test_metrics_that_cannot_be_written(self):
        self.check_every_call("fflush", errno.ENOSPC, "No space left", step=23)

    def test_short_writes(self):
        self.assertEqual(self.faulty("short", 1, 0).returncode, 0)
        check_same(self, self.out, self.whole, "short writes")

    def test_no_hard_links(self):
        self.assertEqual(self.faulty("link", 1, errno.EPERM).returncode, 0)
        check_same(self, self.out, self.whole, "no hard links")

    def test_lost_device(self):
        for first in (9, 30):  # the first ones are only planned
            # Without a graph every step calls the library.
            fault = f"device {first} {CONTEXT_LOST}"
            command_line = self.command("autoencoder", *SMALL, "--no-graph")
            result = sslcuda(*command_line, LD_PRELOAD=FAULTS, SSLCUDA_FAULT=fault)
            self.check_message(result, DEVICE_LOST, "CONTEXT_LOST")
            self.check_resumes(f"device {first}")
            shutil.rmtree(self.out)


if __name__ == "__main__":
    command.main()
