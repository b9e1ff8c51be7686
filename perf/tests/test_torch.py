"""torch_ops.py on the smoke problems and memory on a small one: PyTorch agrees with ours on every op,
and what is measured is all there. Says nothing about speed. Exit code 77 where there is no PyTorch.

    test_torch.py PROGRAM LIBRARY
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

PERF = pathlib.Path(__file__).resolve().parent.parent
# What PyTorch says of that which it has on GPUs alone (before 2.1), or not at all (before 2.3).
ABSENT = ("not implemented for 'Half'", "not implemented for 'BFloat16'",
          "Could not run 'aten::_fused_adam_'",
          "sgd() got an unexpected keyword argument 'fused'")


class Torch(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_command(self, codes, *command):
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
        self.assertIn(done.returncode, codes, done.stdout + done.stderr)

    def test_ops(self):
        ours, both = self.folder / "ours.json", self.folder / "both.json"
        self.run_command([0], PROGRAM, "--device", "cpu", "--problems", "smoke", "--samples", 1,
                         "--json", ours)
        self.run_command([0], sys.executable, PERF / "torch_ops.py", ours, "--library", LIBRARY,
                         "--samples", 1, "--json", both)
        for result in json.loads(both.read_text())["results"]:
            peers = {p["name"]: p for p in result["peers"] if "Liger" not in p["name"]}
            with self.subTest(result["op"], shape=result["shape"], dtype=result["dtype"]):
                peer = peers["PyTorch"]
                if result["shape"].get("pass") == "backward":
                    self.assertEqual(peer["status"], "skipped")
                    continue
                if any(text in peer.get("message", "") for text in ABSENT):
                    continue
                self.assertEqual(peer["status"], "ok", peer)
                self.assertLessEqual(peer["error"]["relative"], peer["error"]["tolerance"])
                self.assertAlmostEqual(peer["ratio"], peer["us"]["p50"] / peer["ours_us"]["p50"])

    def test_memory(self):
        target = self.folder / "memory.json"
        self.run_command([0, 1], sys.executable, PERF / "memory", "--library", LIBRARY, "--kinds",
                         "supcon", "sampled", "--n", 512, "--d", 32, "--limit", 1, "--rounds", 1,
                         "--json", target)
        results = json.loads(target.read_text())["memory"]
        self.assertEqual([result["kind"] for result in results], ["supcon", "sampled"])
        supcon = results[0]
        self.assertEqual(supcon["inputs_bytes"], 4 * 512 * 32)
        self.assertEqual(supcon["outputs_bytes"], 4 * (512 * 32 + 1))
        self.assertEqual(supcon["limit_bytes"], 2**20)
        self.assertGreater(supcon["planned_bytes"], 0)
        for side in (supcon["ours"], supcon["peer"]):
            self.assertGreater(side["peak_bytes"], supcon["inputs_bytes"])
            self.assertGreater(side["seconds"], 0)


if __name__ == "__main__":
    try:
        import torch  # noqa: F401
    except ImportError:
        sys.exit(77)
    PROGRAM, LIBRARY = sys.argv[1:3]
    del sys.argv[1:3]
    unittest.main()
