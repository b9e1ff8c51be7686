"""scripts/gpu_check: its verdicts on programs that go wrong in every way it knows, what it says
without a GPU, and, given the real programs, some of its steps on the CPU.

    test_gpu_check.py sslcuda sslcuda_test_ops sslcuda_test_gpu
"""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

HERE = pathlib.Path(__file__).resolve().parent
SCRIPT = HERE.parents[1] / "scripts/gpu_check"
GPU = {"name": "Fake GPU", "uuid": None}
FAKES = ("sslcuda", "sslcuda_test_device", "sslcuda_test_ops", "sslcuda_test_gpu",
         "sslcuda_planted", "sslcuda_perf", "compute-sanitizer", "nvidia-smi")
real_programs = []


def load():
    loader = importlib.machinery.SourceFileLoader("gpu_check", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("gpu_check", loader))
    loader.exec_module(module)
    return module


gpu_check = load()


class GpuCheckTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "bin").mkdir()
        (self.folder / "data").mkdir()
        (self.folder / "manifest.json").write_text('{"commit": "0123", "changed": false}')
        self.report = self.folder / "gpu_check.json"

    def main(self, *arguments):
        """Returns (exit code, what it printed, the JSON)."""
        arguments = ["--run", self.folder, *arguments]
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            code = gpu_check.main(list(map(str, arguments)), find_gpu=lambda: GPU)
        report = json.loads(self.report.read_text())
        self.assertEqual(report["exit_code"], code)
        self.assertIn(report["verdict"], shown.getvalue().splitlines()[-1])
        return code, shown.getvalue(), report


class Verdicts(GpuCheckTest):
    def setUp(self):
        super().setUp()
        source = (HERE / "fake_program.py").read_text()
        for name in FAKES:
            path = self.folder / "bin" / name
            path.write_text(f"#!{sys.executable} -SE\n{source}")
            path.chmod(0o755)
        memory = self.folder / "memory"
        memory.write_text("100")
        tools = self.folder / "bin"
        environment = {"PATH": f"{tools}:{os.environ['PATH']}", "FAKE_MEMORY": str(memory)}
        for patch in (mock.patch.dict(os.environ, environment),
                      mock.patch("gpucheck.steps.find_sanitizer", self.find_sanitizer)):
            patch.start()
            self.addCleanup(patch.stop)

    def find_sanitizer(self):
        tool = self.folder / "bin/compute-sanitizer"
        return str(tool) if tool.exists() else None

    def check(self, *arguments, **fake):
        fake = {name.replace("_", " "): fate for name, fate in fake.items()}
        with mock.patch.dict(os.environ, {"FAKE": json.dumps(fake)}):
            return self.main(*arguments)

    def expect(self, step, verdict, code, words, *arguments, **fake):
        """That step alone has the verdict; `words` are in its remark."""
        actual, shown, report = self.check("--only", step, *arguments, **fake)
        entry = next(entry for entry in report["steps"] if entry["name"] == step)
        self.assertEqual((entry["verdict"], actual), (verdict, code), shown)
        self.assertIn(words, entry["remark"])
        self.assertIn(words, shown)

    def test_all_is_well(self):
        code, shown, report = self.check()
        self.assertEqual((code, report["verdict"]), (0, "passed"), shown)
        self.assertEqual([step["name"] for step in report["steps"]], gpu_check.NAMES)
        self.assertEqual({step["verdict"] for step in report["steps"]}, {"passed"})
        self.assertEqual(report["machine"]["gpu"]["name"], "Fake GPU")
        self.assertEqual((report["commit"], report["device"]), ("0123", "cuda"))
        self.assertIn("sslcuda_test_ops", self.report.with_suffix(".log").read_text())
        self.assertEqual(self.report.with_suffix(".perf.json").read_text(), "{}")

    def test_a_failure_is_a_failure_and_the_rest_runs(self):
        code, _, report = self.check(Ops="fails", Large="skips")
        self.assertEqual((code, report["verdict"]), (1, "failed"))
        verdicts = {step["name"]: step["verdict"] for step in report["steps"]}
        self.assertEqual(verdicts.pop("ops"), "failed")
        self.assertEqual(verdicts.pop("large"), "INCOMPLETE")
        # The op tests fail under the tools, too.
        self.assertEqual(verdicts.pop("sanitizer"), "failed")
        self.assertEqual(set(verdicts.values()), {"passed"})

    def test_instructions(self):
        self.expect("instructions", "failed", 1, "y[3] is 1, expected 2", Device="fails")
        self.expect("instructions", "failed", 1, "skipped", Device="skips")
        with mock.patch.dict(GPU, compute_major=8):
            self.expect("instructions", "passed", 0, "", Device="skips")

    def test_op_tests(self):
        self.expect("ops", "failed", 1, "y[3] is 1, expected 2", Ops="fails")
        self.expect("ops", "failed", 1, "skipped", Ops="skips")
        self.expect("ops", "failed", 1, "SIGABRT in Ops.One/CUDA", Ops="crashes")
        (self.folder / "bin/sslcuda_test_ops").unlink()
        self.expect("ops", "INCOMPLETE", 4, "No such file")

    def test_planted_faults(self):
        self.expect("preflight", "passed", 0, "all 5 planted faults were found")
        self.expect("preflight", "INCOMPLETE", 4, "does not notice", plant="passes")
        self.expect("preflight", "failed", 1, "y[3]", Planted="fails")
        for tool in ("memcheck", "racecheck", "initcheck", "synccheck"):
            self.expect("preflight", "INCOMPLETE", 4, f"{tool} does not find",
                        tool_that_misses=tool)

    def test_without_compute_sanitizer(self):
        (self.folder / "bin/compute-sanitizer").unlink()
        self.expect("preflight", "INCOMPLETE", 4, "compute-sanitizer is not installed")
        self.expect("sanitizer", "INCOMPLETE", 4, "compute-sanitizer is not installed")

    def test_tools(self):
        self.expect("sanitizer", "failed", 1, "racecheck: Error: fault",
                    tool_that_finds="racecheck")
        self.expect("sanitizer", "failed", 1, "memcheck: 1 of tests failed", Ops="fails")
        self.expect("sanitizer", "INCOMPLETE", 4, "synccheck does not find barrier",
                    tool_that_misses="synccheck")

    def test_training(self):
        self.expect("soak", "passed", 0, "rotation: 0.75 to")
        self.expect("soak", "failed", 1, "not finite", train="nan")
        self.expect("soak", "failed", 1, "two runs differ", train="differs")
        self.expect("soak", "failed", 1, "does not fall", train="flat")
        self.expect("soak", "failed", 1, "memory grows", train="grows")
        (self.folder / "bin/nvidia-smi").unlink()
        with mock.patch("gpucheck.device.smi_command", lambda *_: ["no-such-program"]):
            self.expect("soak", "INCOMPLETE", 4, "used memory")

    def test_performance(self):
        self.expect("perf", "failed", 1, "exit code 1", perf="fails")
        (self.folder / "bin/sslcuda_perf").unlink()
        self.expect("perf", "INCOMPLETE", 4, "there is no sslcuda_perf")

    def test_limits(self):
        self.expect("repeat", "INCOMPLETE", 4, "stopped after 4 s in Repeat.One", "--budget", "4",
                    Repeat="hangs")
        self.expect("repeat", "INCOMPLETE", 4, "budget is used up", "--budget", "1")
        self.expect("ops", "failed", 1, "Ops.Other: see the log", "--budget", "4",
                    Ops="fails and hangs")

    def test_a_defect_of_a_step_costs_only_that_step(self):
        with mock.patch("gpucheck.steps.peer_libraries", side_effect=TypeError("oh")):
            self.expect("perf", "INCOMPLETE", 4, "TypeError: oh")

    def test_what_is_left_out_does_not_count(self):
        code, shown, report = self.check("--skip", "ops", "--skip", "sanitizer", Ops="fails")
        self.assertEqual((code, report["verdict"]), (0, "passed"), shown)
        self.assertIn("left out", shown)


class WithoutGpu(unittest.TestCase):
    def run_script(self, *arguments):
        return subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, timeout=60,
                              env=os.environ | {"CUDA_VISIBLE_DEVICES": ""}, check=False)

    def test_says_so_in_one_line(self):
        result = self.run_script()
        self.assertEqual((result.returncode, result.stdout), (3, ""))
        self.assertRegex(result.stderr, r"\Agpu_check: [^\n]+ --cpu\n\Z")

    def test_usage(self):
        for arguments in (["--only", "nothing"], ["--budget", "0"], ["--pack", "x", "--run"],
                          ["--cpu", "--run", "/no/such/folder"]):
            self.assertEqual(self.run_script(*arguments).returncode, 2, arguments)
        self.assertIn("exit codes", self.run_script("--help").stdout)


class OnTheCpu(GpuCheckTest):
    def test_some_steps(self):
        if not real_programs:
            self.skipTest("no programs given")
        sys.path.insert(0, str(HERE.parent / "trainer"))
        import files

        for program in real_programs:
            shutil.copy(program, self.folder / "bin")
        files.make_dataset(self.folder / "data", 200, 50)
        steps = ["preflight", "large", "misuse", "soak"]
        code, shown, report = self.main("--cpu", *(f"--only={step}" for step in steps))
        self.assertEqual(code, 0, shown + self.report.with_suffix(".log").read_text())
        verdicts = {step["name"]: step["verdict"] for step in report["steps"]}
        self.assertEqual({name for name, v in verdicts.items() if v == "passed"}, set(steps))
        self.assertEqual(report["device"], "cpu")


if __name__ == "__main__":
    real_programs = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
