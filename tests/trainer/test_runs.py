"""Training runs of `sslcuda` on a small data set: the files they write, that a seed repeats a run,
interruption.

    test_runs.py build/host/sslcuda
"""

import json
import math
import pathlib
import shutil
import signal
import subprocess
import time

import command
import files
from command import CHECKPOINT, DATA, IMAGES, INTERRUPTED, OUTPUT, SHAPES, TrainerTest, sslcuda

BATCH = 64
STEPS = math.ceil(IMAGES / BATCH)  # of an epoch; the last batch is ragged


class Runs(TrainerTest):
    def test_writes_what_it_says(self):
        for program, shapes in SHAPES.items():
            with self.subTest(program):
                out = self.folder / program
                result = self.train(program, "--epochs", 2, out=out)
                self.assertIn("kNN", result.stdout)
                expected = {"config.json", "metrics.jsonl", "summary.json"}
                expected |= {CHECKPOINT, "plots/loss.png"}
                if program == "autoencoder":
                    expected.add("plots/reconstructions.png")
                written = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}
                self.assertEqual(written, expected)
                self.check_metrics(out)
                self.check_summary(out)
                tensors = files.read_safetensors(out / CHECKPOINT)
                self.assertEqual({n: s for n, (s, _) in tensors.items()}, shapes)
                for plot in out.glob("plots/*.png"):
                    self.assertEqual(plot.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")

    def check_metrics(self, out):
        lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
        self.assertEqual([line["step"] for line in lines], list(range(1, 2 * STEPS + 1)))
        self.assertEqual([line["epoch"] for line in lines], [1] * STEPS + [2] * STEPS)
        self.assertTrue(all(math.isfinite(line["loss"]) for line in lines))

    def check_summary(self, out):
        summary = json.loads((out / "summary.json").read_text())
        self.assertEqual(summary["status"], "completed")
        self.assertEqual(summary["knn"]["k"], 20)
        # Ten classes that raw pixels tell apart well: chance is 0.1.
        self.assertGreater(summary["knn"]["raw_pixels"], 0.6)
        self.assertGreater(summary["knn"]["accuracy"], 0.4)

    def test_same_seed_same_run(self):
        variants = {
            "a": ["--seed", 5],
            "b": ["--seed", 5, "--no-graph", "--threads", 1],
            "c": ["--seed", 6],
        }
        for program in SHAPES:
            with self.subTest(program):
                results = {}
                for name, arguments in variants.items():
                    out = self.folder / program / name
                    self.train(program, "--epochs", 2, "--no-eval", *arguments, out=out)
                    checkpoint = (out / CHECKPOINT).read_bytes()
                    results[name] = checkpoint, files.read_losses(out)
                self.assertEqual(results["a"], results["b"])
                self.assertNotEqual(results["a"], results["c"])

    def test_plain_files_and_folders_of_torchvision(self):
        self.train("autoencoder", "--steps", 2, "--no-eval")
        expected = files.read_losses(self.out)
        root = self.folder / "root"
        for place in ("", "raw", "MNIST/raw"):
            with self.subTest(place):
                shutil.rmtree(root, ignore_errors=True)
                for path in files.make_dataset(root / place, IMAGES, compress=False).iterdir():
                    self.assertEqual(path.suffix, "")
                out = self.folder / f"out-{place.replace('/', '-')}"
                self.train("autoencoder", "--steps", 2, "--no-eval", data=root, out=out)
                self.assertEqual(files.read_losses(out), expected)

    def test_data_from_the_environment(self):
        arguments = ["train", "autoencoder", "--out", self.out, "--steps", 1, "--no-eval"]
        result = sslcuda(*arguments, "--device", "cpu", SSLCUDA_DATA=str(self.data))
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_images_need_not_be_square(self):
        data = files.make_dataset(self.folder / "wide", 70, 20, height=9, width=14)
        for program in ("contrastive", "autoencoder"):
            self.train(program, "--epochs", 1, data=data, out=self.folder / program)
        self.check_refused(self.command("rotation", data=data), DATA, "square")

    def test_a_single_left_over_image_is_no_contrastive_batch(self):
        self.train("contrastive", "--batch-size", 23, "--epochs", 1, "--no-eval")
        self.assertEqual(len(files.read_losses(self.out)), IMAGES // 23)

    def test_steps_and_log_every(self):
        self.train("autoencoder", "--steps", 7, "--log-every", 3, "--no-eval")
        lines = (self.out / "metrics.jsonl").read_text().splitlines()
        self.assertEqual([json.loads(line)["step"] for line in lines], [3, 6])
        self.assertEqual(json.loads((self.out / "summary.json").read_text())["steps"], 7)

    def test_init_goes_on_from_a_checkpoint(self):
        self.train("autoencoder", "--epochs", 20, "--no-eval")
        again = self.folder / "again"
        init = self.out / CHECKPOINT
        self.train("autoencoder", "--init", init, "--steps", 1, "--no-eval", out=again)
        first, later = files.read_losses(self.out)[0], files.read_losses(again)[0]
        self.assertLess(later, 0.8 * first)

    def test_overwrite_removes_only_the_run(self):
        self.train("autoencoder", "--steps", 1, "--no-eval")
        (self.out / "notes.txt").write_text("mine")
        self.train("contrastive", "--steps", 2, "--no-eval", "--overwrite")
        self.assertEqual(len(files.read_losses(self.out)), 2)
        self.assertFalse((self.out / "plots/reconstructions.png").exists())
        self.assertEqual((self.out / "notes.txt").read_text(), "mine")

    def test_quiet_progress_and_help(self):
        result = self.train("autoencoder", "--steps", 1, "--no-eval", "-q")
        self.assertEqual((result.stdout, result.stderr), ("", ""))
        result = self.train(
            "autoencoder", "--steps", 1, "--no-eval", "--progress", "bar", out=self.folder / "bar"
        )
        self.assertIn("[====================] 100%", result.stderr)
        self.assertIn("loss", result.stdout)
        for level in ([], ["train"], ["train", "rotation"]):
            result = sslcuda(*level, "--help")
            self.assertEqual(result.returncode, 0)
            self.assertIn("Example: sslcuda train", result.stdout)
            self.assertIn("130 interrupted", result.stdout)
        self.assertIn("sslcuda", sslcuda("--version").stdout)

    def start(self):
        """A long run that has begun to train."""
        arguments = self.command("autoencoder", "--epochs", 1000000, "--no-eval")
        process = subprocess.Popen(
            [command.trainer, *map(str, arguments)], stderr=subprocess.PIPE, text=True
        )
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        deadline = time.monotonic() + 60
        while not (self.out / CHECKPOINT).exists():
            self.assertLess(time.monotonic(), deadline, "no checkpoint after 60 s")
            time.sleep(0.02)
        return process

    def test_interrupt_saves(self):
        process = self.start()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, INTERRUPTED, errors)
        self.assertIn("sslcuda: interrupted after step", errors.splitlines()[-1])
        files.read_safetensors(self.out / CHECKPOINT)
        summary = json.loads((self.out / "summary.json").read_text())
        self.assertEqual(summary["status"], "interrupted")
        self.assertEqual(summary["steps"], len(files.read_losses(self.out)))

    def test_two_runs_do_not_share_a_directory(self):
        self.start()
        result = sslcuda(*self.command("autoencoder", "--overwrite"))
        self.check_one_line(result, OUTPUT, "another run")


if __name__ == "__main__":
    command.main()
