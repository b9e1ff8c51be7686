"""A run that stops anywhere and goes on with --resume ends with the same bits as one that does not
stop: checkpoints (weights, optimiser, state), metrics.jsonl, the losses of summary.json.

    test_resume.py build/host/sslcuda
"""

import json
import math
import random
import signal
import time

import command
import files
from command import CHECKPOINT, DATA, IMAGES, INTERRUPTED, METHODS, USAGE, TrainerTest, sslcuda
from runs import check_same

STEPS = math.ceil(IMAGES / 64)  # of an epoch; the last batch is ragged
EPOCHS = 3
COMMON = ["--epochs", EPOCHS, "--batch-size", 64, "--keep", 0]

# Per method one of the ways in which learning rate, optimiser, batches and metrics may go.
VARIANTS = {
    "contrastive": ["--augment", "--optimizer", "sgd", "--lr", 1e-4, "--warmup-epochs", 1.5],
    "rotation": ["--optimizer", "lars", "--lr", 0.1, "--weight-decay", 1e-4],
    "autoencoder": ["--lr-schedule", "cosine", "--log-every", 2],
    "simclr": [],
    "rotnet": ["--norm", "group", "--checkpoint-every", 2],
    "vae": ["--optimizer", "sgd", "--lr-schedule", "cosine"],
    "denoise": ["--no-shuffle"],
}


class Resume(TrainerTest):
    def setUp(self):
        super().setUp()
        self.random = random.Random(self.id())

    def resume(self, method, *arguments, out=None):
        return self.succeed("train", method, "--out", out or self.out, "--resume", *arguments)

    def check_cuts(self, method, arguments, cuts):
        whole, out = self.folder / f"{method}-whole", self.folder / f"{method}-cut"
        self.train(method, *COMMON, *arguments, out=whole)
        self.train(method, *COMMON, *arguments, "--steps", cuts[0], out=out)
        for stop in [*cuts[1:], 0]:
            # What does not change results may change on the way.
            how = self.random.choice([[], ["--threads", 1], ["--no-graph"], ["--progress", "bar"]])
            self.resume(method, "--steps", stop, *how, out=out)
        self.assertEqual(files.read_state(out / CHECKPOINT)["step"], EPOCHS * STEPS)
        check_same(self, out, whole, f"{method} {arguments}, cut after steps {cuts}")

    def test_every_method_at_random_cuts(self):
        for method in METHODS:
            with self.subTest(method):
                cuts = sorted(self.random.sample(range(1, EPOCHS * STEPS), 3))
                self.check_cuts(method, [*VARIANTS[method], "--no-eval"], cuts)

    def test_cuts_between_epochs_and_evaluations(self):
        cuts = [1, STEPS, 2 * STEPS - 1, EPOCHS * STEPS - 1]
        self.check_cuts("autoencoder", ["--eval-every", 1], cuts)

    def test_interrupts(self):
        """Ctrl-C wherever it falls, until the run is through."""
        arguments = ["--epochs", 40, "--no-eval", "--keep", 0]
        whole = self.folder / "whole"
        self.train("autoencoder", *arguments, out=whole)
        process = self.start(*self.command("autoencoder", *arguments), until=self.out / CHECKPOINT)
        again = ["train", "autoencoder", "--out", self.out, "--resume"]
        cuts = 0
        while True:
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=command.TIMEOUT)
            if process.returncode == 0:
                break
            # Before the run is under way, and after it, a signal ends it in the ordinary way.
            self.assertIn(process.returncode, (INTERRUPTED, -signal.SIGINT), errors)
            cuts += process.returncode == INTERRUPTED
            lines = self.count_lines()
            process = self.start(*again, until=self.out / CHECKPOINT)
            self.wait_for_lines(process, lines + self.random.randrange(8 * STEPS))
        self.assertGreater(cuts, 0)
        check_same(self, self.out, whole, f"{cuts} interrupts")

    def count_lines(self):
        return (self.out / "metrics.jsonl").read_bytes().count(b"\n")

    def wait_for_lines(self, process, count):
        """Until the metrics have more than so many, or the process has ended."""
        while self.count_lines() <= count:
            if process.poll() is not None:
                return
            time.sleep(0.002)

    def test_a_complete_run_stays_as_it_is(self):
        self.train("autoencoder", *COMMON, "--no-eval")
        names = ["summary.json", "metrics.jsonl", *(self.out / "checkpoints").iterdir()]
        before = {self.out / n: (self.out / n).read_bytes() for n in names}
        self.resume("autoencoder")
        self.assertEqual({p: p.read_bytes() for p in before}, before)
        self.assertEqual(len(files.read_losses(self.out)), EPOCHS * STEPS)

    def test_killed_before_the_summary(self):
        """That of an earlier, interrupted part must not be taken for the run's."""
        whole = self.folder / "whole"
        self.train("autoencoder", *COMMON, "--no-eval", out=whole)
        self.train("autoencoder", *COMMON, "--no-eval", "--steps", 2)
        summary = (self.out / "summary.json").read_bytes()
        self.resume("autoencoder", "--steps", 0)
        (self.out / "summary.json").write_bytes(summary)
        self.resume("autoencoder")
        check_same(self, self.out, whole, "killed before the summary")

    def test_more_epochs(self):
        whole = self.folder / "whole"
        self.train("autoencoder", "--epochs", 4, "--keep", 1, "--no-eval", out=whole)
        self.train("autoencoder", "--epochs", 2, "--keep", 1, "--no-eval")
        self.resume("autoencoder", "--epochs", 4)
        config = json.loads((self.out / "config.json").read_text())
        self.assertEqual((config["epochs"], config["resolved"]["steps"]), (4, 4 * STEPS))
        for name in ("checkpoints/last.safetensors", "metrics.jsonl"):
            self.assertEqual((self.out / name).read_bytes(), (whole / name).read_bytes(), name)

    def test_before_the_first_checkpoint(self):
        """A run that was killed before it could save starts again, in the same directory."""
        self.train("autoencoder", *COMMON, "--no-eval")
        whole = self.folder / "whole"
        self.train("autoencoder", *COMMON, "--no-eval", out=whole)
        for path in (self.out / "checkpoints").iterdir():
            path.unlink()
        self.resume("autoencoder")
        self.assertIn("no checkpoint yet", (self.out / "train.log").read_text())
        check_same(self, self.out, whole, "from the start")

    def test_damaged_checkpoint(self):
        """The newest that is whole is taken; it is a matter of a disk, not of a crash."""
        whole = self.folder / "whole"
        self.train("autoencoder", *COMMON, "--no-eval", out=whole)
        self.train("autoencoder", *COMMON, "--no-eval")
        for name in ("last", "epoch-3"):
            path = self.out / f"checkpoints/{name}.safetensors"
            raw = bytearray(path.read_bytes())
            raw[len(raw) // 2] ^= 1
            path.unlink()  # it may share its bytes with others
            path.write_bytes(raw)
        result = self.resume("autoencoder")
        self.assertIn("checksum", result.stderr)
        self.assertIn("epoch-2.safetensors", result.stderr)
        check_same(self, self.out, whole, "from epoch-2")
        for path in (self.out / "checkpoints").iterdir():
            path.write_bytes(b"junk")
        result = sslcuda("train", "autoencoder", "--out", self.out, "--resume")
        self.check_one_line(result, DATA, "last.safetensors")

    def test_cut_metrics(self):
        """A line that a crash cut short goes, and so do lines behind the checkpoint."""
        whole = self.folder / "whole"
        self.train("autoencoder", *COMMON, "--no-eval", out=whole)
        self.train("autoencoder", *COMMON, "--no-eval", "--steps", STEPS + 2)
        with open(self.out / "metrics.jsonl", "a") as metrics:
            metrics.write('{"step":8,"epoch":2,"loss":0.5}\n{"step":9,"epo')
        self.resume("autoencoder", "--steps", 0)
        check_same(self, self.out, whole, "cut metrics")


class Contradictions(TrainerTest):
    def setUp(self):
        super().setUp()
        self.train("simclr", "--steps", 1, "--batch-size", 64, "--no-eval")

    def refused(self, *arguments, code=USAGE, words, program="simclr", out=None):
        before = {p: p.read_bytes() for p in self.out.rglob("*") if p.is_file()}
        where = ["--out", out or self.out]
        result = sslcuda("train", program, *where, "--resume", *arguments)
        for word in words:
            self.check_one_line(result, code, word)
        after = {p: p.read_bytes() for p in self.out.rglob("*") if p.is_file()}
        self.assertTrue(after == before, "files have changed")

    def test_options_that_change_results(self):
        cases = [
            ("--lr", "0.5", "0.001"),
            ("--batch-size", "32", "64"),
            ("--seed", "7", "0"),
            ("--temperature", "0.3", "0.2"),
            ("--norm", "group", "batch"),
            ("--optimizer", "lars", "adam"),
            ("--lr-schedule", "constant", "cosine"),
            ("--warmup-epochs", "3.0", "1.0"),
            ("--weight-decay", "0.25", "0.0"),
            ("--momentum", "0.5", "0.9"),
            ("--log-every", "2", "1"),
            ("--eval-every", "2", "0"),
            ("--init", "some.safetensors", '""'),
            ("--epochs", "11", "10"),  # the cosine depends on it
        ]
        for option, given, recorded in cases:
            with self.subTest(option):
                self.refused(option, given, words=[option, given, recorded])
        self.refused("--no-shuffle", words=["--shuffle is false", "with true"])

    def test_other_refusals(self):
        self.refused("--overwrite", words=["--overwrite"])
        self.refused("--config", self.out / "config.json", words=["--config"])
        self.refused(program="vae", words=["simclr", "vae"])
        self.refused(out=self.folder / "none", words=["config.json"])
        result = sslcuda("train", "simclr", "--resume")
        self.check_one_line(result, USAGE, "--out")
        self.resume_with_other_data()

    def resume_with_other_data(self):
        other = files.make_dataset(self.folder / "other", IMAGES + 1)
        self.refused("--data", other, code=DATA, words=["SHA-256", "train-images"])
        same = files.make_dataset(self.folder / "same", IMAGES)
        self.succeed("train", "simclr", "--out", self.out, "--resume", "--data", same, "--steps", 2)

    def test_fewer_steps_than_are_done(self):
        self.succeed("train", "simclr", "--out", self.out, "--resume", "--steps", 3)
        self.refused("--steps", "2", words=["3 steps"])

    def test_the_same_value_is_no_contradiction(self):
        arguments = ["--lr", 1e-3, "--batch-size", 64, "--shuffle", "--steps", 2]
        self.succeed("train", "simclr", "--out", self.out, "--resume", *arguments)


if __name__ == "__main__":
    command.main()
