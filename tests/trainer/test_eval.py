"""The evaluation of runs against NumPy: kNN, linear probe, reconstruction error, embeddings.

    test_eval.py build/host/sslcuda

Exits with 77 where NumPy is missing.
"""

import json
import pathlib
import shutil
import sys

import command
import files
from command import CHECKPOINT, DATA, IMAGES, USAGE, TrainerTest, sslcuda

try:
    import numpy as np
except ImportError:
    print("skipped: the Python module numpy is missing")
    sys.exit(77)

TEST_IMAGES = 60
RUNS = {
    "contrastive": ["--epochs", 1],
    "autoencoder": ["--epochs", 4],
    "vae": ["--epochs", 4],
    "simclr": ["--epochs", 1],
}


def images_of(data, part):
    extents, pixels = files.read_idx(files.find_idx(data, f"{part}-images-idx3-ubyte"))
    return np.frombuffer(pixels, np.uint8).reshape(extents[0], -1) / 255.0


def labels_of(data, part):
    _, labels = files.read_idx(files.find_idx(data, f"{part}-labels-idx1-ubyte"))
    return np.frombuffer(labels, np.uint8)


def weights_of(run):
    tensors = files.read_safetensors(run / CHECKPOINT)
    return {n: np.array(v, np.float64).reshape(s) for n, (s, v) in tensors.items()}


def knn_accuracy(train, train_labels, test, test_labels, k, temperature):
    scaled = [x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12) for x in (train, test)]
    similarity = scaled[1] @ scaled[0].T
    right = 0
    for row, label in zip(similarity, test_labels):
        nearest = np.argsort(-row, kind="stable")[:k]
        votes = np.zeros(256)
        np.add.at(votes, train_labels[nearest], np.exp(row[nearest] / temperature))
        right += votes.argmax() == label
    return right / len(test_labels)


def linear_probe(train, labels, test, epochs, lr):
    """Softmax regression by gradient descent on all images at once: their order does not count."""
    mean, scale = train.mean(0), 1 / np.sqrt(train.var(0) + 1e-5)
    with_ones = lambda x: np.hstack([(x - mean) * scale, np.ones((len(x), 1))])
    x = with_ones(train)
    wanted = np.eye(labels.max() + 1)[labels]
    weight = np.zeros((x.shape[1], wanted.shape[1]))
    velocity = np.zeros_like(weight)
    losses = []
    for step in range(epochs):
        scores = x @ weight
        scores -= scores.max(1, keepdims=True)
        p = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        losses.append(-np.log((p * wanted).sum(1)).mean())
        velocity = 0.9 * velocity + x.T @ (p - wanted) / len(x)
        weight -= lr * 0.5 * (1 + np.cos(np.pi * step / epochs)) * velocity
    return losses[-1], (with_ones(test) @ weight).argmax(1), (x @ weight).argmax(1)


class Eval(TrainerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.runs = {}
        for program, arguments in RUNS.items():
            cls.runs[program] = pathlib.Path(cls.shared.name) / program
            paths = ["--data", cls.data, "--out", cls.runs[program], "--device", "cpu"]
            result = sslcuda("train", program, *paths, "--no-eval", *arguments)
            assert result.returncode == 0, cls.describe(result)

    def json_of(self, *arguments):
        return json.loads(self.succeed(*arguments, "--json").stdout)

    def embed(self, program, split, *arguments):
        out = self.folder / f"{program}-{split}"
        self.succeed(
            "embed", "--run", self.runs[program], "--split", split, "--out", out, *arguments
        )
        return np.load(out / "embeddings.npy"), np.load(out / "labels.npy")

    def test_embeddings_are_the_encoders_output(self):
        weights = weights_of(self.runs["autoencoder"])
        for split, part in (("train", "train"), ("test", "t10k")):
            got, labels = self.embed("autoencoder", split)
            linear = images_of(self.data, part) @ weights["encoder.weight"].T
            expected = np.maximum(linear + weights["encoder.bias"], 0)
            self.assertEqual(got.dtype, np.float32)
            np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)
            np.testing.assert_array_equal(labels, labels_of(self.data, part))

    def test_embeddings_of_the_projector(self):
        run = self.runs["simclr"]
        backbone, _ = self.embed("simclr", "test")
        projector, _ = self.embed("simclr", "test", "--layer", "projector")
        weights = weights_of(run)
        hidden = np.maximum(
            backbone @ weights["projector.fc1.weight"].T + weights["projector.fc1.bias"], 0
        )
        expected = hidden @ weights["projector.fc2.weight"].T + weights["projector.fc2.bias"]
        np.testing.assert_allclose(projector, expected, rtol=1e-4, atol=1e-5)

    def test_files_lie_in_the_run(self):
        run = self.runs["contrastive"]
        result = self.succeed("embed", "--run", run)
        self.assertIn(f"{TEST_IMAGES} x 128", result.stdout)
        self.assertEqual(np.load(run / "embeddings.npy").shape, (TEST_IMAGES, 128))
        self.assertEqual(np.load(run / "labels.npy").shape, (TEST_IMAGES,))
        for name in ("embeddings", "labels"):  # so that the values can be mapped into memory
            header = (run / f"{name}.npy").read_bytes().index(b"\n") + 1
            self.assertEqual(header % 64, 0)

    def features(self, program, kind):
        if kind == "raw_pixels":
            return images_of(self.data, "train"), images_of(self.data, "t10k")
        return tuple(
            self.embed(program, split, "--layer", kind)[0].astype(np.float64)
            for split in ("train", "test")
        )

    def test_knn(self):
        labels = labels_of(self.data, "train"), labels_of(self.data, "t10k")
        for program in ("contrastive", "simclr"):
            result = self.json_of("eval", "knn", "--run", self.runs[program])
            kinds = ["backbone", "raw_pixels"] + ["projector"] * (program == "simclr")
            self.assertEqual(sorted(result), sorted(kinds))
            for kind in kinds:
                train, test = self.features(program, kind)
                for k, temperature in ((20, 0.07), (200, 0.1)):
                    got = result[kind][f"k{k}"]
                    self.assertEqual(got["temperature"], temperature)
                    expected = knn_accuracy(train, labels[0], test, labels[1], k, temperature)
                    # A tie of votes may go either way for rounding: one image.
                    self.assertAlmostEqual(
                        got["accuracy"], expected, delta=1.01 / TEST_IMAGES, msg=f"{kind} {k}"
                    )

    def test_knn_of_more_images_than_a_block(self):
        data = files.make_dataset(self.folder / "data", 2100, 1100, height=8, width=8)
        self.train("contrastive", "--no-eval", "--steps", 1, "--batch-size", 100, data=data)
        result = self.json_of("eval", "knn", "--run", self.out)
        weights = weights_of(self.out)
        features = [
            (images_of(data, part) - 0.5) / 0.5 @ weights["fc.weight"].T + weights["fc.bias"]
            for part in ("train", "t10k")
        ]
        labels = [labels_of(data, part) for part in ("train", "t10k")]
        expected = knn_accuracy(features[0], labels[0], features[1], labels[1], 20, 0.07)
        got = result["backbone"]["k20"]["accuracy"]
        self.assertAlmostEqual(got, expected, delta=2.01 / 1100)

    def test_linear_probe(self):
        labels = labels_of(self.data, "train"), labels_of(self.data, "t10k")
        run = self.runs["autoencoder"]
        # All images in one batch: the learning rate is 0.05 * 512 / 256.
        result = self.json_of(
            "eval", "linear", "--run", run, "--epochs", 30, "--batch-size", 512, "--lr", 0.05
        )
        for kind in ("backbone", "raw_pixels"):
            train, test = self.features("autoencoder", kind)
            loss, classes, train_classes = linear_probe(train, labels[0], test, 30, 0.1)
            got = result[kind]
            self.assertAlmostEqual(got["loss"], loss, delta=1e-4 * loss)
            confusion = np.zeros((10, 10), int)
            np.add.at(confusion, (labels[1], classes), 1)
            np.testing.assert_array_equal(got["confusion"], confusion)
            self.assertEqual(got["accuracy"], (classes == labels[1]).mean())
            self.assertEqual(got["train_accuracy"], (train_classes == labels[0]).mean())

    def test_linear_probe_is_repeatable(self):
        arguments = ["eval", "linear", "--run", self.runs["contrastive"], "--epochs", 3, "--json"]
        first = self.succeed(*arguments, "--threads", 1).stdout
        self.assertEqual(self.succeed(*arguments, "--threads", 2).stdout, first)
        self.assertNotEqual(self.succeed(*arguments, "--seed", 1).stdout, first)

    def test_reconstruction_error(self):
        train, test = images_of(self.data, "train"), images_of(self.data, "t10k")
        sigmoid = lambda x: 1 / (1 + np.exp(-x))
        weights = weights_of(self.runs["autoencoder"])
        layer = lambda x, name: x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
        expected = {
            "autoencoder": sigmoid(layer(np.maximum(layer(test, "encoder"), 0), "decoder"))
        }
        weights = weights_of(self.runs["vae"])
        mu = layer(np.maximum(layer(test, "encoder.fc1"), 0), "encoder.fc2")[:, :20]
        expected["vae"] = sigmoid(layer(np.maximum(layer(mu, "decoder.fc1"), 0), "decoder.fc2"))
        for program, width in (("autoencoder", 128), ("vae", 20)):
            result = self.json_of("eval", "reconstruction", "--run", self.runs[program])
            self.assertEqual(result["width"], width)
            error = ((expected[program] - test) ** 2).mean()
            self.assertAlmostEqual(result["mse"], error, delta=1e-4 * error)
            mean = train.mean(0)
            axes = np.linalg.svd(train - mean, full_matrices=False)[2][:width]
            pca_error = (((test - mean) @ axes.T @ axes + mean - test) ** 2).mean()
            self.assertAlmostEqual(result["pca_mse"], pca_error, delta=1e-3 * pca_error)

    def test_reconstructions_for_numpy(self):
        run = self.runs["vae"]
        self.succeed("reconstruct", "--run", run, "--npy")
        images = np.load(run / "reconstructions.npy")
        self.assertEqual(images.shape, (TEST_IMAGES, 28, 28))
        error = ((images.reshape(TEST_IMAGES, -1) - images_of(self.data, "t10k")) ** 2).mean()
        result = self.json_of("eval", "reconstruction", "--run", run)
        self.assertAlmostEqual(result["mse"], error, places=6)

    def test_results_are_kept(self):
        run = shutil.copytree(self.runs["autoencoder"], self.folder / "run")
        results = {
            name: self.json_of("eval", name, "--run", run, *more)
            for name, more in (("knn", []), ("linear", ["--epochs", 2]), ("reconstruction", []))
        }
        summary = json.loads((run / "summary.json").read_text())
        self.assertEqual(summary["status"], "completed")
        for name, result in results.items():
            kept = summary["eval"][name]
            self.assertEqual(kept.pop("checkpoint"), "last.safetensors")
            for value in result.values():
                if isinstance(value, dict):
                    value.pop("confusion", None)
            self.assertEqual(kept, result)
        result = self.succeed("eval", "knn", "--run", run, "--checkpoint", "best")
        summary = json.loads((run / "summary.json").read_text())
        self.assertEqual(summary["eval"]["knn"]["checkpoint"], "best.safetensors")
        self.assertIn("eval linear", (run / "report.html").read_text())

    def test_tables(self):
        run = self.runs["simclr"]
        table = self.succeed("eval", "knn", "--run", run).stdout.splitlines()
        self.assertEqual(len({len(line) for line in table}), 1, table)
        self.assertEqual([line[:8].strip() for line in table[1:]], ["backbone", "projecto", "raw pixe"])
        self.assertRegex(table[1], r"\A\S+ +576 +\d+\.\d\d % +\d+\.\d\d %\Z")
        quiet = self.succeed("eval", "knn", "--run", run, "-q")
        self.assertEqual((quiet.stdout, quiet.stderr), ("", ""))

    def test_help(self):
        for words in (["eval"], ["eval", "knn"], ["eval", "linear"], ["eval", "reconstruction"],
                      ["embed"], ["reconstruct"], ["plot"]):
            result = self.succeed(*words, "--help")
            self.assertIn(f"Example: sslcuda {' '.join(words)}", result.stdout)

    def test_bad_input(self):
        run = self.runs["contrastive"]
        cases = [
            (["eval"], USAGE, "missing"),
            (["eval", "knn"], USAGE, "--run"),
            (["eval", "knn", "--run", self.folder], USAGE, "not the directory of a run"),
            (["eval", "knn", "--run", self.folder / "none"], USAGE, "config.json"),
            (["eval", "knn", "--run", run, "--checkpoint", "epoch-99"], DATA, "epoch-99"),
            (["eval", "knn", "--run", run, "--data", self.folder], DATA, "--data"),
            (["eval", "knn", "--run", run, "--threads", -1], USAGE, "--threads"),
            (["eval", "knn", "--run", run, "--device", "tpu"], USAGE, "--device"),
            (["eval", "knn", "--run", run, "--progress", "loud"], USAGE, "--progress"),
            (["eval", "linear", "--run", run, "--epochs", 0], USAGE, "--epochs"),
            (["eval", "linear", "--run", run, "--batch-size", 0], USAGE, "--batch-size"),
            (["eval", "linear", "--run", run, "--lr", "nan"], USAGE, "--lr"),
            (["eval", "reconstruction", "--run", run], USAGE, "autoencoder, denoise or vae"),
            (["reconstruct", "--run", run], USAGE, "autoencoder, denoise and vae"),
            (["embed", "--run", run, "--layer", "projector"], USAGE, "simclr"),
            (["embed", "--run", run, "--layer", "last"], USAGE, "--layer"),
            (["embed", "--run", run, "--split", "all"], USAGE, "--split"),
        ]
        for arguments, code, words in cases:
            with self.subTest(arguments):
                self.check_refused(arguments, code, words)

    def test_wrong_checkpoint(self):
        other = self.runs["autoencoder"] / CHECKPOINT
        arguments = ["eval", "knn", "--run", self.runs["contrastive"], "--checkpoint", other]
        self.check_refused(arguments, DATA, "fc.weight")


if __name__ == "__main__":
    command.main()
