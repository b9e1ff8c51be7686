"""Bad input to `sslcuda`: each gets one line on standard error that says what to do, the documented
exit code, and nothing is written.

    test_bad_input.py build/host/sslcuda
"""

import gzip
import json
import math
import os
import pathlib
import shutil

import command
import files
from command import (
    CHECKPOINT,
    DATA,
    DEVICE,
    DIVERGED,
    IMAGES,
    OUTPUT,
    SHAPES,
    USAGE,
    TrainerTest,
    sslcuda,
)



class BadInput(TrainerTest):
    def test_usage(self):
        cases = [
            (["--batch-size", 0], "--batch-size"),
            (["--batch-size", 1], "--batch-size"),
            (["--batch-size", -5], "--batch-size"),
            (["--batch-size", "many"], "--batch-size"),
            (["--temperature", 0], "--temperature"),
            (["--temperature", "nan"], "--temperature"),
            (["--lr", "inf"], "--lr"),
            (["--epochs", 0], "--epochs"),
            (["--log-every", 0], "--log-every"),
            (["--threads", -1], "--threads"),
            (["--device", "tpu"], "--device"),
            (["--seed", -1], "--seed"),
            (["--momentum", 1], "--momentum"),
            (["--weight-decay", -0.1], "--weight-decay"),
            (["--weight-decay", "nan"], "--weight-decay"),
            (["--warmup-epochs", "inf"], "--warmup-epochs"),
            (["--optimizer", "adamw"], "--optimizer is adamw"),
            (["--lr-schedule", "step"], "--lr-schedule is step"),
            (["--checkpoint-every", 0], "--checkpoint-every is 0"),
            (["--checkpoint-steps", -1], "--checkpoint-steps"),
            (["--keep", -1], "--keep"),
            (["--eval-every", 1, "--no-eval"], "--eval-every"),
            (["--norm", "batch"], "--norm"),
            (["--device", "cuda:"], "--device"),
            (["--progress", "loud"], "--progress"),
            (["--colour"], "--colour"),
            (["--out"], "--out"),
        ]
        for arguments, words in cases:
            with self.subTest(arguments):
                self.check_refused(self.command("contrastive", *arguments), USAGE, words)
        self.check_refused(["train", "gan"], USAGE, "gan")
        self.check_refused(["train"], USAGE, "missing")
        self.check_refused([], USAGE, "missing")
        self.check_refused(self.command("rotation", "--temperature", 1), USAGE, "--temperature")
        self.check_refused(self.command("rotnet", "--norm", "layer"), USAGE, "--norm is layer")

    def test_missing_data(self):
        self.check_refused(self.command("rotation", data=self.folder / "none"), DATA, "--data")
        data = shutil.copytree(self.data, self.folder / "data")
        (data / "t10k-labels-idx1-ubyte.gz").unlink()
        self.check_refused(self.command("rotation", data=data), DATA, "t10k-labels")
        self.train("rotation", "--steps", 1, "--no-eval", data=data)

    def test_damaged_data(self):
        images, labels = "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"
        packed = (self.data / images).read_bytes()
        raw = gzip.decompress(packed)
        short_labels = files.format_idx((IMAGES - 1,), bytes(IMAGES - 1))
        cases = [
            ("truncated gzip", images, packed[: len(packed) // 2], "truncated"),
            ("truncated data", images, gzip.compress(raw[:-1]), "truncated"),
            ("too much data", images, gzip.compress(raw + b"x"), "more data"),
            ("junk behind", images, packed + b"junk", "gzip"),
            ("no gzip", images, b"<html>404 not found</html>", "not a gzip file"),
            ("empty", images, b"", "not a gzip file"),
            ("wrong magic", images, gzip.compress(b"\0\0\x08\x01" + raw[4:]), "magic"),
            ("labels for images", images, (self.data / labels).read_bytes(), "magic"),
            ("label count", labels, gzip.compress(short_labels), f"{IMAGES - 1} labels"),
        ]
        for what, name, contents, words in cases:
            with self.subTest(what):
                data = shutil.copytree(self.data, self.folder / what)
                (data / name).write_bytes(contents)
                self.check_refused(self.command("contrastive", data=data), DATA, words)

    def test_damaged_plain_data(self):
        data = files.make_dataset(self.folder / "data", IMAGES, compress=False)
        path = data / "train-images-idx3-ubyte"
        raw = path.read_bytes()
        cases = [(raw[:-1], "truncated"), (raw[:7], "truncated"), (raw + b"x", "more data")]
        for contents, words in cases:
            path.write_bytes(contents)
            self.check_refused(self.command("contrastive", data=data), DATA, words)

    def test_init_that_does_not_fit(self):
        path = self.folder / "init.safetensors"
        good = {n: (s, [0.0] * math.prod(s)) for n, s in SHAPES["contrastive"].items()}
        transposed = good | {"fc.weight": ((784, 128), good["fc.weight"][1])}
        cases = [
            ({"fc.weight": good["fc.weight"]}, "no tensor fc.bias"),
            (good | {"head.weight": ((1,), [0.0])}, "unknown tensor head.weight"),
            (transposed, "[784, 128], expected [128, 784]"),
        ]
        for tensors, words in cases:
            with self.subTest(words):
                files.write_safetensors(path, tensors)
                self.check_refused(self.command("contrastive", "--init", path), DATA, words)
        path.write_bytes(path.read_bytes()[:-1])
        self.check_refused(self.command("contrastive", "--init", path), DATA, "safetensors")
        missing = self.folder / "missing.safetensors"
        self.check_refused(self.command("contrastive", "--init", missing), DATA, "missing")

    def test_out_that_cannot_be_used(self):
        used = self.folder / "used"
        used.mkdir()
        (used / "thesis.tex").write_text("all of it")
        self.check_refused(self.command("contrastive", out=used), OUTPUT, "--overwrite")
        inside_file = used / "thesis.tex" / "run"
        self.check_refused(self.command("contrastive", out=inside_file), OUTPUT, "not a directory")
        self.check_refused(self.command("contrastive", out=used / "thesis.tex"), OUTPUT, "--out")
        if os.geteuid() != 0:  # root may write anywhere
            locked = self.folder / "locked"
            locked.mkdir(mode=0o500)
            self.check_refused(self.command("contrastive", out=locked / "run"), OUTPUT, "denied")
        self.check_refused(self.command("contrastive", out="/proc/sslcuda"), OUTPUT, "--out")

    def test_cuda_without_a_gpu(self):
        if pathlib.Path("/dev/nvidiactl").exists():
            self.skipTest("there is a GPU")
        command = self.command("contrastive")
        command[command.index("cpu")] = "cuda"
        self.check_refused(command, DEVICE, "--device cpu")

    def diverge(self, *options):
        """What such a run leaves: (summary, report)."""
        options = ["--lr", 1e30, "--progress", "none", "--overwrite", *options]
        result = sslcuda(*self.command("contrastive", *options))
        self.check_one_line(result, DIVERGED, "try a lower --lr than 1e+30, and see")
        self.assertIn(str(self.out / "report.html"), result.stderr)
        summary = json.loads((self.out / "summary.json").read_text())
        self.assertEqual(summary["status"], "diverged")
        self.assertIn(summary["reason"], result.stderr)
        self.assertIn(summary["reason"], (self.out / "train.log").read_text())
        losses = files.read_losses(self.out)
        self.assertTrue(all(map(math.isfinite, losses)))
        self.assertEqual(summary["steps"], len(losses))
        self.assertEqual(len(summary["epoch_losses"]), min(1, len(losses)))
        report = (self.out / "report.html").read_text()
        self.assertIn(f"diverged: {summary['reason']}", report)
        self.assertEqual(report.count("<svg"), len(summary["epoch_losses"]))  # the curve
        self.assertEqual((self.out / "plots/loss.png").exists(), losses != [])
        self.assertNotIn("--resume", report)
        self.assertIn(" --lr 1e+29 ", report)
        return summary, report

    def test_diverging_loss(self):
        summary, report = self.diverge()
        self.assertGreater(summary["steps"], 0)
        self.assertFalse((self.out / CHECKPOINT).exists())
        self.assertNotIn("sslcuda eval", report)

    def test_diverging_after_a_checkpoint(self):
        summary, report = self.diverge("--checkpoint-steps", 1)
        state = files.read_state(self.out / CHECKPOINT)
        self.assertIn(state["step"], range(1, summary["steps"] + 1))
        self.assertIn("sslcuda eval", report)

    def test_diverging_at_once(self):
        init = self.folder / "init.safetensors"
        shapes = SHAPES["contrastive"].items()
        files.write_safetensors(init, {n: (s, [math.nan] * math.prod(s)) for n, s in shapes})
        summary, _ = self.diverge("--init", init)
        self.assertEqual(summary["steps"], 0)


if __name__ == "__main__":
    command.main()
