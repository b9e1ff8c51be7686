"""`sslcuda inspect` and `sslcuda doctor`: the numbers they give, what they find wrong.

    test_info.py build/host/sslcuda
"""

import json
import math
import statistics

import command
import files
from command import CHECKPOINT, DATA, DEVICE, IMAGES, SHAPES, USAGE, TrainerTest, sslcuda


class Inspect(TrainerTest):
    def inspect(self, path, code=0):
        result = sslcuda("inspect", path, "--json")
        self.assertEqual(result.returncode, code, result.stderr)
        return json.loads(result.stdout)

    def test_numbers_of_a_run(self):
        self.train("autoencoder", "--epochs", 2, "--seed", 7, "--no-eval")
        found = self.inspect(self.out)
        tensors = files.read_safetensors(self.out / CHECKPOINT)
        listed = found["tensors"] + found["optimizer"]
        self.assertEqual([t["name"] for t in listed], list(tensors))
        for tensor in listed:
            shape, values = tensors[tensor["name"]]
            self.assertEqual(tuple(tensor["shape"]), shape)
            self.assertEqual(tensor["count"], len(values))
            self.assertEqual((tensor["min"], tensor["max"]), (min(values), max(values)))
            mean = math.fsum(values) / len(values)
            self.assertAlmostEqual(tensor["mean"], mean, delta=1e-12)
            self.assertAlmostEqual(tensor["std"], statistics.pstdev(values, mean), delta=1e-9)
        names = set(SHAPES["autoencoder"])
        self.assertEqual({t["name"] for t in found["tensors"]}, names)
        moments = {f"optimizer.{n}.{m}" for n in names for m in ("moment", "variance")}
        self.assertEqual({t["name"] for t in found["optimizer"]}, moments)
        self.assertEqual(found["parameters"], 2 * 784 * 128 + 784 + 128)
        self.assertEqual(found["bytes"], (self.out / CHECKPOINT).stat().st_size)
        self.assertEqual(found["checksum"], "ok")
        words = json.dumps(found["metadata"])
        for word in ('"autoencoder"', '"step": 10', '"epoch": 2', '"seed": 7'):
            self.assertIn(word, words)

    def test_lines_for_people(self):
        self.train("rotation", "--steps", 1, "--no-eval")
        result = sslcuda("inspect", self.out)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("checksum ok", result.stdout)
        self.assertRegex(result.stdout, r"\nconv\.weight +16x1x3x3 +float32 +144 ")

    def test_files_of_others(self):
        path = self.folder / "other.safetensors"
        files.write_safetensors(path, {"a": ((), [2.5]), "none": ((0, 3), []), "b": ((2,), [1, 3])})
        found = self.inspect(path)
        self.assertEqual(found["checksum"], "none")
        scalar, empty, pair = found["tensors"]
        self.assertEqual((scalar["shape"], scalar["min"], scalar["std"]), ([], 2.5, 0))
        self.assertEqual((empty["count"], empty["mean"]), (0, 0))
        self.assertEqual((pair["mean"], pair["std"]), (2, 1))
        self.assertIn("no checksum", sslcuda("inspect", path).stdout)

    def test_values_that_are_not_finite(self):
        path = self.folder / "broken.safetensors"
        values = [1.0, math.nan, 3.0, -math.inf]
        files.write_safetensors(path, {"w": ((4,), values), "n": ((1,), [math.nan])})
        found = self.inspect(path, code=DATA)
        first, second = found["tensors"]
        self.assertEqual([first[k] for k in ("min", "mean", "max", "not_finite")], [1, 2, 3, 2])
        self.assertEqual([second[k] for k in ("min", "max", "not_finite")], [0, 0, 1])
        self.assertIn("3 values are NaN or infinite", sslcuda("inspect", path).stdout)

    def test_damaged_and_missing_files(self):
        self.train("autoencoder", "--steps", 1, "--no-eval")
        path = self.folder / "damaged.safetensors"
        data = bytearray((self.out / CHECKPOINT).read_bytes())
        data[-1] ^= 1
        path.write_bytes(data)
        self.check_refused(["inspect", path], DATA, "checksum does not match")
        self.check_refused(["inspect", self.folder / "nothing"], DATA, "nothing")
        self.check_refused(["inspect", self.folder], DATA, "last.safetensors")
        self.check_refused(["inspect"], USAGE, "path is required")


class Doctor(TrainerTest):
    def doctor(self, code=0, **variables):
        result = sslcuda("doctor", "--json", **variables)
        self.assertEqual(result.returncode, code, result.stderr)
        found = json.loads(result.stdout)
        self.assertEqual(found["usable"], code == 0)
        for finding in found["findings"]:
            self.assertIn(finding["level"], ("ok", "warning", "problem"))
            self.assertEqual(finding["level"] == "ok", finding["advice"] == "", finding)
        return found["findings"]

    def test_a_usable_machine(self):
        findings = self.doctor(SSLCUDA_DATA=str(self.data))
        texts = {finding["name"]: finding["text"] for finding in reversed(findings)}
        self.assertTrue({"library", "CPU", "driver", "cpu", "data", "disk"} <= set(texts))
        self.assertIn(texts["library"], sslcuda("--version").stdout)
        self.assertRegex(texts["cpu"], r"^cpu \(\d+ threads\) computes correct results$")
        words = f"{self.data}: {IMAGES} training and 60 test images of 28x28, 10 classes"
        self.assertEqual(texts["data"], words)

    def test_unusable_data(self):
        for name in ("t10k-labels-idx1-ubyte.gz", "train-images-idx3-ubyte.gz"):
            data = files.make_dataset(self.folder / name, 20, 10)
            (data / name).write_bytes((data / name).read_bytes()[:-9])
            findings = self.doctor(DEVICE, SSLCUDA_DATA=str(data))
            problems = [f for f in findings if f["level"] == "problem"]
            self.assertEqual([f["name"] for f in problems], ["data"])
            self.assertIn(name, problems[0]["text"])
        findings = self.doctor(DEVICE, SSLCUDA_DATA=str(self.folder / "nowhere"))
        self.assertIn("no data in", [f["text"] for f in findings if f["level"] == "problem"][0])

    def test_lines_for_people(self):
        result = sslcuda("doctor", SSLCUDA_DATA=str(self.data))
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = result.stdout.splitlines()
        self.assertEqual(lines[-1], "sslcuda can train here.")
        for line in lines[:-2]:
            self.assertRegex(line, r"^(ok      |warning ) \S+ +\S")
        result = sslcuda("doctor", SSLCUDA_DATA=str(self.folder))
        self.assertEqual(result.returncode, DEVICE)
        self.assertRegex(result.stdout, r"\nproblem  data +no data in [^\n]+; [^\n]+\n")


if __name__ == "__main__":
    command.main()
