"""--config: the config.json of a run, or a part of it, gives the same run again; the command line
goes before it; what it holds is checked, each mistake by name.

    test_config.py build/host/sslcuda
"""

import hashlib
import json

import command
import files
from command import CHECKPOINT, DATA, IMAGES, METHODS, USAGE, TrainerTest, sslcuda

UNUSUAL = {  # no defaults, and valid for every method
    "epochs": 2,
    "steps": 6,
    "batch_size": 32,
    "seed": 2**64 - 1,
    "shuffle": False,
    "optimizer": "sgd",
    "lr": 0.0123,
    "lr_schedule": "cosine",
    "warmup_epochs": 0.25,
    "momentum": 0.75,
    "weight_decay": 1e-05,
    "log_every": 2,
    "eval": False,
    "tensorboard": False,
    "checkpoint_every": 2,
    "checkpoint_steps": 3,
    "keep": 2,
    "device": "cpu",
    "threads": 1,
    "graph": False,
}


class Config(TrainerTest):
    def config_of(self, run):
        return json.loads((run / "config.json").read_text())

    def write(self, contents):
        path = self.folder / "given.json"
        path.write_text(contents if isinstance(contents, str) else json.dumps(contents))
        return path

    def check_same_results(self, a, b):
        for name in (CHECKPOINT, "metrics.jsonl"):
            self.assertTrue((a / name).read_bytes() == (b / name).read_bytes(), name)

    def test_a_run_again_from_its_config(self):
        for method in METHODS:
            with self.subTest(method):
                first, again = self.folder / f"{method}1", self.folder / f"{method}2"
                options = ["--epochs", 2, "--batch-size", 50, "--seed", 3, "--no-eval"]
                self.train(method, *options, out=first)
                self.succeed(
                    "train", method, "--config", first / "config.json", "--out", again
                )
                self.check_same_results(first, again)
                self.assertEqual(self.config_of(again), self.config_of(first))

    def test_every_key(self):
        """What a file says arrives, and config.json says it again."""
        path = self.write(UNUSUAL)
        self.succeed(
            "train", "vae", "--config", path, "--out", self.out, "--data", self.data, "-q"
        )
        config = self.config_of(self.out)
        self.assertEqual({k: config[k] for k in UNUSUAL}, UNUSUAL)
        unset = set(config) - set(UNUSUAL)
        self.assertEqual(unset, {"program", "data", "init", "eval_every", "resolved"})

    def test_every_option(self):
        """The same from the command line."""
        arguments = []
        for key, value in UNUSUAL.items():
            name = key.replace("_", "-")
            arguments += [f"--no-{name}"] if value is False else [f"--{name}", value]
        self.succeed("train", "vae", *arguments, "--out", self.out, "--data", self.data)
        config = self.config_of(self.out)
        self.assertEqual({k: config[k] for k in UNUSUAL}, UNUSUAL)

    def test_the_command_line_wins(self):
        path = self.write({"epochs": 3, "batch_size": 32, "shuffle": False, "eval": False})
        self.train("autoencoder", "--config", path, "--epochs", 1, "--shuffle")
        config = self.config_of(self.out)
        self.assertEqual((config["epochs"], config["batch_size"]), (1, 32))
        self.assertEqual((config["shuffle"], config["eval"]), (True, False))
        self.assertEqual(len(files.read_losses(self.out)), -(-IMAGES // 32))

    def test_resolved(self):
        self.train("rotation", "--steps", 1, "--no-eval")
        resolved = self.config_of(self.out)["resolved"]
        for path in self.data.glob("*images*"):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            self.assertEqual(resolved["data_sha256"][path.name], digest)
        self.assertIn(resolved["library"], sslcuda("--version").stdout)
        self.assertIn("cpu", resolved["device"])
        self.assertEqual((resolved["train_images"], resolved["height"]), (IMAGES, 28))

    def test_other_data_than_the_config_says(self):
        self.train("rotation", "--steps", 1, "--no-eval")
        other = files.make_dataset(self.folder / "other", IMAGES - 1)
        again = self.folder / "again"
        result = self.train(
            "rotation", "--config", self.out / "config.json", data=other, out=again
        )
        self.assertIn("SHA-256", result.stderr)

    def test_mistakes(self):
        cases = [
            ({"epoch": 3}, USAGE, "epoch"),
            ({"temperature": 0.5}, USAGE, "temperature"),  # not of an autoencoder
            ({"out": "somewhere"}, USAGE, "out"),
            ({"program": "vae"}, USAGE, "vae"),
            ({"program": 3}, USAGE, "must be a string"),
            ({"epochs": "3"}, USAGE, 'epochs is "3" but must be an integer'),
            ({"epochs": 3.5}, USAGE, "epochs is 3.5"),
            ({"epochs": 2**63}, USAGE, "must be an integer"),
            ({"epochs": -1}, USAGE, "--epochs is -1"),
            ({"seed": -1}, USAGE, "seed is -1"),
            ({"lr": "fast"}, USAGE, "must be a number"),
            ({"lr": 0}, USAGE, "--lr is 0"),
            ({"shuffle": 1}, USAGE, "true or false"),
            ({"device": None}, USAGE, "must be a string"),
            ({"optimizer": "rmsprop"}, USAGE, "rmsprop"),
            ([1, 2], USAGE, "object"),
            ('{"epochs": 1, "epochs": 2}', DATA, "twice"),
            ('{"epochs": 1', DATA, "JSON"),
            ("", DATA, "JSON"),
        ]
        for contents, code, words in cases:
            with self.subTest(contents):
                path = self.write(contents)
                self.check_refused(self.command("autoencoder", "--config", path), code, words)
        elsewhere = self.command("autoencoder", "--config", self.write({"device": "tpu"}))
        at = elsewhere.index("--device")
        del elsewhere[at : at + 2]
        self.check_refused(elsewhere, USAGE, "tpu")
        missing = self.folder / "missing.json"
        self.check_refused(self.command("autoencoder", "--config", missing), DATA, "missing.json")


if __name__ == "__main__":
    command.main()
