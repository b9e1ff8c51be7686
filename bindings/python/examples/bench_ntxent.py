"""bench_ntxent.py - one NT-Xent loss with its gradient beside the dense one in PyTorch, on the CPU.

    python bench_ntxent.py                     # 8192 rows of width 128 and 256
    python bench_ntxent.py --rows 4096 --widths 512 --rounds 5

Every measurement is a process of its own, ours and PyTorch's in turns. Time: the median of its steps
after the first. Memory: its peak less what was resident before the first step. Medians over the
rounds. Exit code 1: PyTorch was faster, or took less memory."""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import time

MIB = 2**20


def resident(field):
    """VmRSS or VmHWM of this process, in bytes."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return 1024 * int(line.split()[1])
    raise OSError(f"no {field} in /proc/self/status")


def measure(side, rows, width, steps, threads):
    """In a process of its own."""
    import torch
    from mnist_ntxent import dense_ntxent

    import sslcuda
    from sslcuda.torch import NTXentLoss

    if threads:
        torch.set_num_threads(threads)
    torch.manual_seed(0)
    z = torch.randn(rows, width, requires_grad=True)
    loss_of = NTXentLoss(0.5) if side == "sslcuda" else lambda z: dense_ntxent(z, 0.5)
    # What a process does once, as starting threads, is no part of a step.
    loss_of(torch.randn(64, width, requires_grad=True)).backward()
    pathlib.Path("/proc/self/clear_refs").write_text("5")  # VmHWM starts anew
    before, times = resident("VmRSS"), []
    for _ in range(steps):
        z.grad = None
        start = time.perf_counter()
        loss = loss_of(z)
        loss.backward()
        times.append(time.perf_counter() - start)
    print(
        json.dumps(
            {
                "seconds": statistics.median(times[1:]),
                "bytes": resident("VmHWM") - before,
                "loss": loss.item(),
                "norm": z.grad.norm().item(),
                "threads": torch.get_num_threads(),
                "versions": f"sslcuda {sslcuda.version()}, PyTorch {torch.__version__}",
            }
        )
    )


def compare(rows, width, options):
    results = {"sslcuda": [], "PyTorch": []}
    for _ in range(options.rounds):
        for side, measured in results.items():
            command = [
                sys.executable,
                __file__,
                "--side",
                side,
                "--rows",
                rows,
                "--widths",
                width,
                "--steps",
                options.steps,
                "--threads",
                options.threads,
            ]
            done = subprocess.run([*map(str, command)], capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(f"bench_ntxent: {side}\n{done.stderr[-2000:]}")
            measured.append(json.loads(done.stdout))
    ours, theirs = (results[side][0] for side in ("sslcuda", "PyTorch"))
    for name in ("loss", "norm"):
        if abs(ours[name] - theirs[name]) > 1e-4 * abs(theirs[name]):
            sys.exit(f"bench_ntxent: {name} is {ours[name]} here, {theirs[name]} in PyTorch")
    return {
        "rows": rows,
        "width": width,
        "versions": ours["versions"],
        "threads": ours["threads"],
        **{
            side: {
                name: statistics.median(m[name] for m in measured) for name in ("seconds", "bytes")
            }
            for side, measured in results.items()
        },
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=8192, help="two views of half as many samples")
    parser.add_argument("--widths", type=int, nargs="+", default=[128, 256])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--threads", type=int, default=0, help="0: PyTorch's choice for both")
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        measure(options.side, options.rows, options.widths[0], options.steps, options.threads)
        return 0
    results, failed = [], False
    print(f"{'rows':>6} {'width':>6} {'sslcuda':>10} {'PyTorch':>10} {'ratio':>6}   peak memory")
    for width in options.widths:
        result = compare(options.rows, width, options)
        results.append(result)
        (s, m), (ps, pm) = (
            (result[side]["seconds"], result[side]["bytes"] / MIB)
            for side in ("sslcuda", "PyTorch")
        )
        failed = failed or s >= ps or m >= pm
        print(
            f"{options.rows:6} {width:6} {s:8.3f} s {ps:8.3f} s {ps / s:6.1f}   {m:.0f} / {pm:.0f} MiB",
            flush=True,
        )
    print(f"{results[0]['versions']}, {results[0]['threads']} threads")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
