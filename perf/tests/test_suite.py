"""sslcuda_perf on its smoke problems: exit codes, the result file, and that all is right. Says
nothing about speed.

    test_suite.py PROGRAM
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

OPS = {"matmul", "linear_forward", "linear_backward", "linear_mse", "conv2d_forward", "conv2d_backward",
       "l2_normalize_forward", "l2_normalize_backward", "similarity_forward",
       "similarity_backward", "infonce", "contrastive", "cross_entropy", "mse",
       "binary_cross_entropy", "norm_forward", "norm_backward", "pool2d_forward",
       "pool2d_backward", "reparameterize_forward", "reparameterize_backward", "adam", "sgd",
       "lars", "random_uniform", "random_normal", "augment", "gather_images", "gather_rows",
       "rotate90", "rotate"}

KINDS = {"infonce", "clip", "ntxent", "supcon", "supcon_in", "siglip", "sampled"}


def run(*options):
    return subprocess.run([PROGRAM, "--device", "cpu", "--samples", "2", *options],
                          capture_output=True, text=True)


class Suite(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def problems(self, text):
        path = self.folder / "problems.txt"
        path.write_text(text)
        return path

    def test_every_op(self):
        target = self.folder / "result.json"
        done = run("--problems", "smoke", "--json", target)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        report = json.loads(target.read_text())
        self.assertEqual(report["schema"], 2)
        self.assertEqual(report["device"]["kind"], "cpu")
        for ceiling in (report["ceilings"]["copy_bytes_per_s"],
                        report["ceilings"]["gemm_flops"]["f32"],
                        report["ceilings"]["launch_us"]):
            self.assertGreater(ceiling, 0)
        self.assertEqual({result["op"] for result in report["results"]}, OPS)
        self.assertEqual({result["shape"]["kind"] for result in report["results"]
                          if result["op"] == "contrastive"}, KINDS)
        for result in report["results"]:
            with self.subTest(result["op"]):
                self.check(result)

    def check(self, result):
        self.assertEqual(result["status"], "ok")
        self.assertEqual(result["cache"], "warm")
        self.check_times(result)
        self.check_error(result)
        self.assertGreater(result["bytes"], 0)
        self.assertGreaterEqual(result["flops"], 0)
        self.assertIn(result["limiter"], ("compute", "memory", "latency"))
        self.assertAlmostEqual(result["of_limit"], result["limit_us"] / result["us"]["p50"])
        for peer in result["peers"]:
            if peer["status"] == "skipped" and result["dtype"] == "f16":
                continue  # which oneDNN may lack
            self.assertEqual(peer["status"], "ok", peer)
            self.check_times(peer)
            self.assertAlmostEqual(peer["ratio"], peer["us"]["p50"] / result["us"]["p50"])
            if peer["computes"] == "all":
                self.check_error(peer)

    def check_times(self, side):
        self.assertEqual(side["samples"], 2)
        us = side["us"]
        self.assertTrue(0 < us["p10"] <= us["p50"] <= us["p90"], us)

    def check_error(self, side):
        self.assertTrue(side["error"]["output"])
        self.assertTrue(0 <= side["error"]["relative"] <= side["error"]["tolerance"])

    def test_cold_cache_and_dtype_that_is_not_served(self):
        target = self.folder / "result.json"
        problems = self.problems("# three\nmse count=3000000\nmse count=10 dtype=bf16  # not yet\n"
                                 "matmul m=2 n=2 k=2 dtype=f8\n")
        done = run("--problems", problems, "--json", target)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        cold, *others = json.loads(target.read_text())["results"]
        self.assertEqual(cold["cache"], "cold")
        for skipped in others:
            self.assertEqual(skipped["status"], "skipped")
            self.assertIn(f"dtype {skipped['dtype']} is not", skipped["message"])
            self.assertNotIn("us", skipped)

    def test_fewer_samples_of_a_long_problem(self):
        target = self.folder / "result.json"
        done = run("--problems", self.problems("mse count=10 samples=1\nmse count=10 samples=9\n"),
                   "--json", target)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        report = json.loads(target.read_text())
        self.assertEqual([result["samples"] for result in report["results"]], [1, 2])

    def test_problems_that_are_none(self):
        for text, message in (("msa count=3", "no op 'msa'"), ("mse", "mse needs count="),
                              ("mse count=x", "not a whole number"), ("mse count", "name=value"),
                              ("mse count=3 cache=hot", "cold or warm"),
                              ("contrastive kind=simclr n=4 d=4", "kind is one of infonce, clip"),
                              ("contrastive kind=sampled n=4 d=4 pass=backward", "has no pass")):
            with self.subTest(text):
                done = run("--problems", self.problems(text))
                self.assertEqual(done.returncode, 2, done.stdout)
                self.assertIn(message, done.stderr)
        self.assertEqual(run("--problems", "nowhere").returncode, 2)
        self.assertEqual(run("--nothing").returncode, 2)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
