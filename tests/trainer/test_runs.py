"""Training runs of `sslcuda` on a small data set: the files they write, that a seed repeats a run,
interruption.

    test_runs.py build/host/sslcuda
"""

import json
import math
import pathlib
import shutil
import signal

import command
import files
from command import (
    CHECKPOINT,
    DATA,
    IMAGES,
    INTERRUPTED,
    METHODS,
    OUTPUT,
    SHAPES,
    TrainerTest,
    sslcuda,
)

BATCH = 64
STEPS = math.ceil(IMAGES / BATCH)  # of an epoch; the last batch is ragged


FILES = {  # of every run of two epochs, beside those that depend on the method
    "config.json",
    "metrics.jsonl",
    "summary.json",
    "train.log",
    "checkpoints/last.safetensors",
    "checkpoints/best.safetensors",
    "checkpoints/epoch-1.safetensors",
    "checkpoints/epoch-2.safetensors",
    "plots/loss.png",
    "report.html",
}


class Runs(TrainerTest):
    def test_writes_what_it_says(self):
        for program, shapes in SHAPES.items():
            with self.subTest(program):
                out = self.folder / program
                self.train(program, "--epochs", 2, out=out)
                self.check_metrics(out)
                self.check_summary(out)
                tensors = files.read_safetensors(out / CHECKPOINT)
                weights = {n: s for n, (s, _) in tensors.items() if "optimizer." not in n}
                self.assertEqual(weights, shapes)
                self.assertEqual(files.read_state(out / CHECKPOINT)["step"], 2 * STEPS)
                self.check_log(out)
                for plot in out.glob("plots/*.png"):
                    self.assertEqual(plot.read_bytes()[:8], b"\x89PNG\r\n\x1a\n")

    def test_every_method_writes_its_files(self):
        for program in METHODS:
            with self.subTest(program):
                out = self.folder / program
                self.train(program, "--epochs", 2, out=out)
                written = {str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()}
                missing = FILES - written
                self.assertEqual(missing, set())
                self.assertEqual(len([n for n in written if n.startswith("tensorboard/")]), 1)
                unknown = [n for n in written - FILES if not n.startswith(("plots/", "tensorboard/"))]
                self.assertEqual(unknown, [])

    def check_log(self, out):
        lines = (out / "train.log").read_text().splitlines()
        self.assertGreaterEqual(len(lines), 3)
        for line in lines:
            self.assertRegex(line, r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}  +\S")
        self.assertIn("epoch 2/2", (out / "train.log").read_text())

    def check_metrics(self, out):
        lines = files.read_lines(out, "loss")
        self.assertEqual([line["step"] for line in lines], list(range(1, 2 * STEPS + 1)))
        self.assertEqual([line["epoch"] for line in lines], [1] * STEPS + [2] * STEPS)
        losses = [line["loss"] for line in lines]
        self.assertTrue(all(map(math.isfinite, losses)))
        means = files.read_lines(out, "mean_loss")
        self.assertEqual([line["step"] for line in means], [STEPS, 2 * STEPS])
        self.assertAlmostEqual(means[1]["mean_loss"], sum(losses[STEPS:]) / STEPS, places=6)

    def check_summary(self, out):
        summary = json.loads((out / "summary.json").read_text())
        self.assertEqual(summary["status"], "completed")
        means = [line["mean_loss"] for line in files.read_lines(out, "mean_loss")]
        self.assertEqual(summary["epoch_losses"], means)
        self.assertEqual(summary["best_epoch"], 1 + means.index(min(means)))
        best = files.read_state(out / "checkpoints/best.safetensors")
        self.assertEqual(best["epoch"], summary["best_epoch"])

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
        self.succeed(*arguments, "--device", "cpu", SSLCUDA_DATA=str(self.data))

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
        self.assertEqual([line["step"] for line in files.read_lines(self.out, "loss")], [3, 6])
        self.assertEqual(json.loads((self.out / "summary.json").read_text())["steps"], 7)

    def test_init_goes_on_from_a_checkpoint(self):
        self.train("autoencoder", "--epochs", 20, "--no-eval")
        again = self.folder / "again"
        init = self.out / CHECKPOINT
        self.train("autoencoder", "--init", init, "--steps", 1, "--no-eval", out=again)
        first, later = files.read_losses(self.out)[0], files.read_losses(again)[0]
        self.assertLess(later, 0.8 * first)

    def test_overwrite_removes_only_the_run(self):
        self.train("autoencoder", "--epochs", 2, "--no-eval")
        (self.out / "notes.txt").write_text("mine")
        self.train("contrastive", "--steps", 2, "--no-eval", "--overwrite")
        self.assertEqual(len(files.read_losses(self.out)), 2)
        left = {str(p.relative_to(self.out)) for p in self.out.rglob("*") if p.is_file()}
        self.assertFalse({n for n in left if "epoch-" in n or "best" in n or "recon" in n})
        self.assertEqual(len([n for n in left if n.startswith("tensorboard/")]), 1)
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
            self.assertIn("130  interrupted", result.stdout)
        self.assertIn("sslcuda", sslcuda("--version").stdout)

    def start_long_run(self):
        arguments = self.command("autoencoder", "--epochs", 1000000, "--no-eval")
        return self.start(*arguments, until=self.out / CHECKPOINT)

    def test_interrupt_saves(self):
        """Ctrl-C, or what a batch system sends first."""
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number):
                process = self.start_long_run()
                process.send_signal(number)
                _, errors = process.communicate(timeout=command.TIMEOUT)
                self.assertEqual(process.returncode, INTERRUPTED, errors)
                last_line = errors.splitlines()[-1]
                self.assertIn("sslcuda: interrupted after step", last_line)
                self.assertIn(f"sslcuda train autoencoder --out {self.out} --resume", last_line)
                self.assertIn("interrupted after step", (self.out / "train.log").read_text())
                summary = json.loads((self.out / "summary.json").read_text())
                self.assertEqual(summary["status"], "interrupted")
                self.assertEqual(summary["steps"], len(files.read_losses(self.out)))
                self.assertEqual(summary["steps"], files.read_state(self.out / CHECKPOINT)["step"])
                shutil.rmtree(self.out)

    def test_two_runs_do_not_share_a_directory(self):
        self.start_long_run()
        for option in ("--overwrite", "--resume"):
            result = sslcuda(*self.command("autoencoder", option))
            self.check_one_line(result, OUTPUT, "another run")

    def test_newest_epoch_checkpoints_are_kept(self):
        cases = {(): {3, 4, 5}, ("--keep", 1): {5}, ("--keep", 0, "--checkpoint-every", 2): {2, 4}}
        for arguments, expected in cases.items():
            with self.subTest(arguments):
                out = self.folder / f"out{len(arguments)}"
                self.train("autoencoder", "--epochs", 5, "--no-eval", *arguments, out=out)
                kept = {int(p.stem[6:]) for p in out.glob("checkpoints/epoch-*.safetensors")}
                self.assertEqual(kept, expected)
                for epoch in kept:
                    path = out / f"checkpoints/epoch-{epoch}.safetensors"
                    self.assertEqual(files.read_state(path)["epoch"], epoch)

    def test_eval_every(self):
        arguments = ["--epochs", 3, "--eval-every", 2]
        self.train("autoencoder", *arguments)
        lines = files.read_lines(self.out, "knn")
        self.assertEqual([(line["step"], line["epoch"]) for line in lines], [(2 * STEPS, 2)])
        self.assertGreater(lines[0]["knn"], 0.4)  # chance is 0.1


if __name__ == "__main__":
    command.main()
