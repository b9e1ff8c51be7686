"""Training of the three programs: losses finite, falling and the same again; memory that does not
grow with the length of a run."""

import contextlib
import dataclasses
import json
import math
import pathlib
import tempfile
import time

from . import device
from .process import run
from .verdict import FAILED, INCOMPLETE, PASSED, Outcome, combined

PROGRAMS = ("contrastive", "rotation", "autoencoder")
# On a GPU a short run lasts long enough for some samples of its memory.
SHORT_EPOCHS = {"cuda": 100, "cpu": 4}
LONG_EPOCHS = {"cuda": 400, "cpu": 12}
LEARNING_RATE = 1e-4  # slow enough that the contrastive loss falls steadily
FALLEN = 0.9  # mean loss of the last epoch over that of the first, at most
ALLOWED_GROWTH = 16 << 20  # bytes; what allocators and sampling leave uncertain


@dataclasses.dataclass
class Training:
    losses: list
    checkpoint: bytes
    peak_bytes: int


class Trouble(Exception):
    """A run that gives nothing to judge, as an Outcome."""

    def __init__(self, verdict, remark):
        super().__init__(remark)
        self.outcome = Outcome(verdict, remark)


def soak(check, limit):
    deadline = time.monotonic() + limit
    outcomes, losses = [], {}
    for program in PROGRAMS:
        try:
            outcome, losses[program] = judge(check, program, deadline)
        except Trouble as trouble:
            outcome = trouble.outcome
        outcomes.append(dataclasses.replace(outcome, remark=f"{program}: {outcome.remark}"))
    result = combined(outcomes, "; ".join(outcome.remark for outcome in outcomes))
    result.details = {"losses": losses, "remarks": [outcome.remark for outcome in outcomes]}
    return result


def judge(check, program, deadline):
    """Returns (outcome, [mean loss of the first epoch, of the last])."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        short = train(check, program, SHORT_EPOCHS[check.device], folder / "short", deadline)
        long, again = (train(check, program, LONG_EPOCHS[check.device], folder / name, deadline)
                       for name in ("long", "again"))
    if not all(map(math.isfinite, long.losses)):
        return Outcome(FAILED, "the loss is not finite"), []
    steps = len(long.losses) // LONG_EPOCHS[check.device]
    first, last = (sum(part) / steps for part in (long.losses[:steps], long.losses[-steps:]))
    fall = [first, last]
    if (long.losses, long.checkpoint) != (again.losses, again.checkpoint):
        return Outcome(FAILED, "two runs differ"), fall
    if short.losses != long.losses[:len(short.losses)]:
        return Outcome(FAILED, "a short run differs from the beginning of a long one"), fall
    if not last < FALLEN * first:
        return Outcome(FAILED, f"the loss does not fall: {first:.4g} to {last:.4g}"), fall
    growth = max(long.peak_bytes, again.peak_bytes) - short.peak_bytes
    if growth > ALLOWED_GROWTH:
        return Outcome(FAILED, f"memory grows, by {growth >> 20} MiB in a longer run"), fall
    if not short.peak_bytes:
        return Outcome(INCOMPLETE, "nvidia-smi does not tell the used memory"), fall
    return Outcome(PASSED, f"{first:.3g} to {last:.3g}"), fall


def train(check, program, epochs, out, deadline):
    """One run. Its peak memory is that of the GPU, or of the process on the CPU."""
    command = [check.program("sslcuda"), "train", program, "--data", check.data, "--out", out,
               "--device", check.device, "--epochs", epochs, "--lr", LEARNING_RATE, "--no-eval",
               "--quiet"]
    with contextlib.ExitStack() as stack:
        watch = None if check.cpu else stack.enter_context(device.MemoryWatch(check.gpu))
        result = run(command, deadline - time.monotonic(), check.log)
    if result.timed_out:
        raise Trouble(INCOMPLETE, "stopped at the time limit")
    if result.code != 0:
        raise Trouble(FAILED, f"{result.end}: {result.last_line}")
    lines = map(json.loads, (out / "metrics.jsonl").read_text().splitlines())
    checkpoint = (out / "checkpoints/last.safetensors").read_bytes()
    return Training([line["loss"] for line in lines if "loss" in line], checkpoint,
                    watch.peak_bytes if watch else result.peak_bytes)
