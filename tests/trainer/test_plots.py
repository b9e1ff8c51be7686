"""The pictures of runs of every method.

    test_plots.py build/host/sslcuda
"""

import json
import pathlib
import shutil
import struct
import zlib

import command
from command import DATA, METHODS, USAGE, TrainerTest, sslcuda

ALWAYS = {"loss", "filters", "embedding_pca", "embedding_tsne", "similarity", "confusion"}
OF_METHOD = {
    "autoencoder": {"reconstructions"},
    "denoise": {"reconstructions", "denoised"},
    "vae": {"reconstructions", "samples", "interpolation"},
}


def read_png(path):
    """Returns (width, height, rows of RGB bytes)."""
    raw = pathlib.Path(path).read_bytes()
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    place, packed = 8, b""
    while place < len(raw):
        length, kind = struct.unpack(">I4s", raw[place : place + 8])
        body = raw[place + 8 : place + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", body[:10])
            assert (depth, colour) == (8, 2)
        packed += body if kind == b"IDAT" else b""
        place += 12 + length
    data, stride = zlib.decompress(packed), 3 * width
    rows, above = [], bytes(stride)
    for y in range(height):
        kind, line = data[y * (stride + 1)], bytearray(data[y * (stride + 1) + 1 :][:stride])
        for i in range(stride if kind else 0):
            left = line[i - 3] if i >= 3 else 0
            corner = above[i - 3] if i >= 3 else 0
            if kind == 4:
                guess = left + above[i] - corner
                near = min((abs(guess - v), n, v) for n, v in enumerate((left, above[i], corner)))
                left = near[2]
            line[i] = (line[i] + (0, left, above[i], (left + above[i]) // 2, left)[kind]) & 255
        above = bytes(line)
        rows.append(above)
    return width, height, rows


class Plots(TrainerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.runs = {}
        for program in METHODS:
            cls.runs[program] = pathlib.Path(cls.shared.name) / program
            paths = ["--data", cls.data, "--out", cls.runs[program], "--device", "cpu"]
            result = sslcuda("train", program, *paths, "--no-eval", "--epochs", 1, "--log-every", 2)
            assert result.returncode == 0, cls.describe(result)

    def drawn(self, *arguments):
        """The names of the pictures that a command says it drew."""
        result = json.loads(self.succeed("plot", *arguments, "--json").stdout)
        for name in result["files"]:
            self.assertEqual(pathlib.Path(name).read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        return {pathlib.Path(name).stem for name in result["files"]}

    def test_every_method_has_its_pictures(self):
        for program, run in self.runs.items():
            with self.subTest(program):
                self.assertEqual(self.drawn("--run", run), ALWAYS | OF_METHOD.get(program, set()))
                there = {p.stem for p in run.glob("plots/*.png")}
                self.assertEqual(there, ALWAYS | OF_METHOD.get(program, set()))
                self.assertIn("data:image/png", (run / "report.html").read_text())

    def test_pictures_are_not_empty_and_the_same_every_time(self):
        run = shutil.copytree(self.runs["vae"], self.folder / "run")
        self.succeed("plot", "all", "--run", run, "--threads", 1)
        first = {p.name: p.read_bytes() for p in run.glob("plots/*.png")}
        self.succeed("plot", "all", "--run", run, "--threads", 2)
        for path in run.glob("plots/*.png"):
            self.assertTrue(first[path.name] == path.read_bytes(), f"{path.name} differs")
        for name in ("confusion.png", "filters.png"):
            width, height, rows = read_png(run / "plots" / name)
            self.assertGreater(min(width, height), 400)
            inked = sum(row[3 * x : 3 * x + 3] != b"\xff" * 3 for row in rows for x in range(width))
            self.assertGreater(inked, 0.1 * width * height)

    def test_one_kind_or_several(self):
        run = self.runs["vae"]
        self.assertEqual(self.drawn("loss", "--run", run), {"loss"})
        self.assertEqual(self.drawn("map", "--run", run), {"embedding_pca", "embedding_tsne"})
        kinds = ["samples", "interpolation", "loss"]
        self.assertEqual(self.drawn(*kinds, "--run", run), set(kinds))
        self.assertEqual(self.drawn("samples", "all", "--run", run), ALWAYS | OF_METHOD["vae"])

    def test_loss_needs_no_data(self):
        run = shutil.copytree(self.runs["rotation"], self.folder / "run")
        config = json.loads((run / "config.json").read_text())
        config["data"] = str(self.folder / "gone")
        (run / "config.json").write_text(json.dumps(config))
        self.assertEqual(self.drawn("loss", "--run", run), {"loss"})
        self.check_one_line(sslcuda("plot", "filters", "--run", run), DATA, "--data")

    def test_pictures_without_labels(self):
        data = shutil.copytree(self.data, self.folder / "data")
        for path in data.glob("*labels*"):
            path.unlink()
        run = self.runs["vae"]
        self.assertEqual(self.drawn("samples", "--run", run, "--data", data), {"samples"})
        self.succeed("reconstruct", "--run", run, "--data", data)
        arguments = ["plot", "samples", "confusion", "--run", run, "--data", data]
        self.check_one_line(sslcuda(*arguments), DATA, "labels")

    def test_what_a_method_does_not_have(self):
        for program, run in self.runs.items():
            for kind, words in (
                ("samples", "one of vae"),
                ("interpolation", "one of vae"),
                ("denoised", "one of denoise"),
                ("reconstructions", "one of autoencoder, denoise and vae"),
            ):
                if kind in OF_METHOD.get(program, set()):
                    continue
                with self.subTest(f"{program} {kind}"):
                    self.check_refused(["plot", kind, "--run", run], USAGE, words)

    def test_bad_input(self):
        run = self.runs["contrastive"]
        self.check_refused(["plot", "pie", "--run", run], USAGE, "similarity")
        self.check_refused(["plot", "loss", "--run", self.folder], USAGE, "config.json")
        self.check_refused(["plot"], USAGE, "--run")
        empty = shutil.copytree(run, self.folder / "run")
        (empty / "metrics.jsonl").write_text("")
        self.check_one_line(sslcuda("plot", "loss", "--run", empty), DATA, "--log-every")


if __name__ == "__main__":
    command.main()
