"""perf/page on a small result: one file that stands alone and shows every measurement."""

import html.parser
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

PAGE = pathlib.Path(__file__).resolve().parent.parent / "page"
VOID = {"meta", "br"}
OPTIONAL_END = {"html", "tr", "th", "td"}


def times(median):
    return {"p10": 0.9 * median, "p50": median, "p90": 1.2 * median}


def result(op, shape, median, peers=()):
    return {"op": op, "shape": shape, "dtype": "f32", "cache": "cold", "flops": 1e6, "bytes": 1e5,
            "status": "ok", "us": times(median), "samples": 30, "limiter": "memory",
            "limit_us": median / 2, "of_limit": 0.5, "peers": list(peers),
            "error": {"output": "y", "relative": 1e-8, "tolerance": 1e-6}}


def peer(name, median, ratio, computes="all"):
    return {"name": name, "version": "1", "computes": computes, "status": "ok",
            "us": times(median), "ratio": ratio}


ABSENT = {"name": "cuDNN", "version": "", "computes": "all", "status": "skipped", "message": "<no>"}
REPORT = {
    "schema": 2, "commit": "abc", "date": "2026-01-02T03:04:05", "library": "sslcuda",
    "device": {"kind": "cpu", "name": "a <machine>", "threads": 2},
    "conditions": {"before": {"load": 0.1}},
    "ceilings": {"gemm_flops": {"f32": 1e11, "bf16": 4e11, "f16": None}, "copy_bytes_per_s": 1e10,
                 "launch_us": 0.1},
    "results": [
        *(result("infonce", {"n": n, "d": 128, "grad": 1}, n * n / 100,
                 [peer("PyTorch", n * n / 50, 2.0)]) for n in (64, 128, 256)),
        result("rotate90", {"n": 4}, 3.0, [ABSENT]) | {"flops": 0.0},
        result("mse", {"count": 9}, 2.0, [peer("CUB", 1.0, 0.5, "the loss")]),
        result("contrastive", {"kind": "clip", "n": 64, "d": 8, "pass": "both"}, 2.0)
        | {"dtype": "bf16"},
        {"op": "adam", "shape": {"count": 7}, "dtype": "f32", "cache": "cold", "flops": 1.0,
         "bytes": 1.0, "status": "failed", "message": "wrong result: params", "peers": []},
    ],
    "memory": [{"kind": "ntxent", "n": 16, "d": 8, "dtype": "f32", "inputs_bytes": 2**20,
                "outputs_bytes": 2**20, "limit_bytes": 2**26, "planned_bytes": 2**24,
                "ours": {"peak_bytes": 2**25, "seconds": 1.5}, "of_allowed": 0.48, "ratio": 2.0,
                "peer": {"peak_bytes": 2**28, "seconds": 3.0}, "memory_ratio": 8.0}],
    "training": [{"op": "train rotation", "ratio": 3.0, "process_ratio": 4.0, "memory_ratio": 5.0,
                  "ours": {"us_per_step": times(100.0)},
                  "peer": {"name": "PyTorch 2", "us_per_step": times(300.0)}}],
}


class Balance(html.parser.HTMLParser):
    """Complains of tags that are not closed in their order, and of anything loaded from outside."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        for name, value in attrs:
            assert name not in ("src", "href"), f"{tag} loads {value}"
        assert tag != "script"
        if tag not in VOID | OPTIONAL_END:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if tag not in OPTIONAL_END:
            assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"


class Page(unittest.TestCase):
    def draw(self, report):
        with tempfile.TemporaryDirectory() as name:
            source, target = pathlib.Path(name) / "a.json", pathlib.Path(name) / "a.html"
            source.write_text(json.dumps(report))
            subprocess.run([sys.executable, PAGE, source, "-o", target], check=True,
                           capture_output=True)
            return target.read_text()

    def test_well_formed_and_self_contained(self):
        parser = Balance()
        parser.feed(self.draw(REPORT))
        self.assertEqual(parser.open, [])

    def test_shows_all(self):
        text = self.draw(REPORT)
        for words in ("a &lt;machine&gt;", "Roofline", "Scaling", "time over n", "Training",
                      "6 of 7", "wrong result: params", "0.50×", "the loss only",
                      "pass=both bf16", "ntxent n=16 d=8", "0.48"):
            self.assertIn(words, text)

    def test_result_without_peers_and_training(self):
        report = REPORT | {"training": [], "memory": [], "results": REPORT["results"][3:4]}
        text = self.draw(report)
        self.assertNotIn("Training", text)
        self.assertNotIn("Memory", text)
        self.assertIn("rotate90", text)


if __name__ == "__main__":
    unittest.main()
