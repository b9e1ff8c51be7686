"""Stands for every program that scripts/gpu_check runs; its name says which, and $FAKE, a JSON
object, what goes wrong. Reports as the real ones do."""

import json
import os
import pathlib
import sys
import time

NAME = pathlib.Path(sys.argv[0]).name
FAKE = json.loads(os.environ.get("FAKE", "{}"))


def option(name):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else None


def gtest():
    options = dict(word[2:].split("=", 1) for word in sys.argv[1:])
    chosen, target = options["gtest_filter"], options["gtest_output"].removeprefix("json:")
    suite = chosen.split(".")[0].split("*")[0] or NAME.removeprefix("sslcuda_test_").title()
    fate = FAKE.get(suite, "passes")
    if suite == "Planted" and "SSLCUDA_PLANT_FAULT" in os.environ:
        fate = FAKE.get("plant", "fails")
    print(f"[ RUN      ] {suite}.One/CUDA", flush=True)
    if fate == "fails and hangs":
        print(f"[  FAILED  ] {suite}.Other, where GetParam() = 2 (1 ms)", flush=True)
    if fate.endswith("hangs"):
        time.sleep(60)
    if fate == "crashes":
        os.abort()
    test = {"name": "One/CUDA", "status": "RUN", "result": "COMPLETED", "time": "0s"}
    if suite == "Repeat":
        test["repeats"] = "1000"
    if fate == "fails":
        test["failures"] = [{"failure": "test.cpp:7\ny[3] is 1, expected 2", "type": ""}]
    if fate == "skips":
        test["result"] = "SKIPPED"
        print("Skipped\ndevice memory is short" if suite == "Large" else "Skipped\nno CUDA device")
    report = {"testsuites": [{"name": suite, "testsuite": [test]}]}
    pathlib.Path(target).write_text(json.dumps(report))
    return int(fate == "fails")


def trainer():
    if "--version" in sys.argv:
        print("sslcuda 0.0.0")
        return 0
    fate = FAKE.get("train", "passes")
    out, steps = pathlib.Path(option("--out")), 2 * int(option("--epochs"))
    losses = [1.0 if fate == "flat" else 1 / step for step in range(1, steps + 1)]
    if fate == "nan":
        losses[-1] = float("nan")
    if fate == "differs" and out.name == "again":
        losses[0] = 2.0
    (out / "checkpoints").mkdir(parents=True)
    lines = [json.dumps({"loss": loss}) for loss in losses]
    (out / "metrics.jsonl").write_text("\n".join(lines) + "\n")
    (out / "checkpoints/last.safetensors").write_bytes(b"")
    if fate == "grows":
        pathlib.Path(os.environ["FAKE_MEMORY"]).write_text(str(100 + steps))
    time.sleep(0.15)  # nvidia-smi shall see it
    return 0


def compute_sanitizer():
    tool = option("--tool")
    if tool is None:
        print("fake 1.0")
        return 0
    command = sys.argv[sys.argv.index("20") + 1:]  # behind --print-limit 20 and what follows it
    if command[0].startswith("--"):
        command = command[2:]
    fault = command[1] if command[0].endswith("planted") else None
    found = fault and FAKE.get("tool that misses") != tool
    found = found or (not fault and FAKE.get("tool that finds") == tool)
    if not fault:
        os.spawnv(os.P_WAIT, command[0], command)
    print(f"========= Error: fault in planted_{fault}" if found else "=========")
    print(f"========= ERROR SUMMARY: {int(bool(found))} error{'s' * (not found)}")
    return int(option("--error-exitcode")) if found else 0


def perf():
    pathlib.Path(option("--json")).write_text("{}")
    return int(FAKE.get("perf") == "fails")


def nvidia_smi():
    while "-lms" in sys.argv:
        print(pathlib.Path(os.environ["FAKE_MEMORY"]).read_text().strip(), flush=True)
        time.sleep(0.02)
    return 0


PROGRAMS = {"sslcuda": trainer, "sslcuda_test_device": gtest,
            "sslcuda_test_ops": gtest, "sslcuda_test_gpu": gtest,
            "sslcuda_perf": perf, "compute-sanitizer": compute_sanitizer,
            "nvidia-smi": nvidia_smi}

if __name__ == "__main__":
    sys.exit(PROGRAMS[NAME]())
