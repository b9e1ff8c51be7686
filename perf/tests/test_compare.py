"""perf/compare on results made by hand."""

import copy
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

COMPARE = pathlib.Path(__file__).resolve().parent.parent / "compare"


def times(median, spread=0.02):
    return {"p10": median * (1 - spread), "p50": median, "p90": median * (1 + spread)}


def result(op, median):
    return {"op": op, "shape": {"n": 64}, "dtype": "f32", "cache": "cold", "us": times(median)}


REPORT = {
    "schema": 2, "device": {"name": "a machine"},
    "results": [result("mse", 10.0), result("adam", 20.0)],
    "training": [{"op": "train rotation", "ours": {"us_per_step": times(500.0)}}],
}


class Compare(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.after = copy.deepcopy(REPORT)

    def compare(self, *options, before=REPORT):
        for name, report in (("a", before), ("b", self.after)):
            (self.folder / f"{name}.json").write_text(json.dumps(report))
        return subprocess.run([sys.executable, COMPARE, self.folder / "a.json",
                               self.folder / "b.json", *options], capture_output=True, text=True)

    def expect(self, code, text, *options):
        done = self.compare(*options)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(text, done.stdout + done.stderr)

    def test_same(self):
        self.expect(0, "0 regressions in 3 measurements")

    def test_slower_beyond_the_noise(self):
        self.after["results"][0]["us"] = times(12.0)
        self.expect(1, "1.20  REGRESSION")

    def test_slower_within_the_noise(self):
        self.after["results"][0]["us"] = times(12.0, spread=0.3)
        self.expect(0, "0 regressions")

    def test_slower_within_the_threshold(self):
        self.after["results"][0]["us"] = times(12.0)
        self.expect(0, "0 regressions", "--threshold", "0.25")

    def test_faster(self):
        self.after["results"][1]["us"] = times(10.0)
        self.expect(0, "0.50  faster")

    def test_slower_training(self):
        self.after["training"][0]["ours"]["us_per_step"] = times(600.0)
        self.expect(1, "train rotation (a step)")

    def test_result_that_is_wrong_now(self):
        del self.after["results"][0]["us"]
        self.expect(1, "REGRESSION: no time")

    def test_problem_that_is_gone(self):
        del self.after["results"][0]
        self.expect(1, "REGRESSION: no time")

    def test_new_problem(self):
        self.after["results"].append(result("rotate", 5.0))
        self.expect(0, "new")

    def test_other_machine(self):
        self.after["device"]["name"] = "another"
        self.expect(0, "not the same machine")

    def test_no_result(self):
        self.after = {"schema": 1}
        self.expect(2, "no result of schema 2")


if __name__ == "__main__":
    unittest.main()
