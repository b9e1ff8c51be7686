"""How two run directories are compared: a run that was cut short and resumed must leave what an
uninterrupted one leaves, to the last bit."""

import json
import pathlib

TIMES = {"seconds", "images_per_second", "resumed_at_step"}  # of summary.json; of one process


def results(run):
    """All of a run that is the same every time, as {name: contents}."""
    run = pathlib.Path(run)
    contents = {p.name: p.read_bytes() for p in (run / "checkpoints").iterdir()}
    contents["metrics.jsonl"] = (run / "metrics.jsonl").read_text()
    summary = json.loads((run / "summary.json").read_text())
    contents["summary.json"] = {k: v for k, v in summary.items() if k not in TIMES}
    return contents


def check_same(test, got, expected, what):
    """Fails naming what differs instead of printing megabytes."""
    got, expected = results(got), results(expected)
    test.assertEqual(set(got), set(expected), what)
    for name, contents in expected.items():
        if isinstance(contents, bytes):
            test.assertTrue(got[name] == contents, f"{what}: {name} differs")
        else:
            test.assertEqual(got[name], contents, f"{what}: {name}")
