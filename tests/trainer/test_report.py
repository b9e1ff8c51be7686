"""report.html of `sslcuda`: what it says, that it escapes what files say, runs that are not whole.
How it looks is for test_report_browser.py.

    test_report.py build/host/sslcuda
"""

import base64
import html.parser
import json
import pathlib
import shlex
import shutil

import command
from command import USAGE, TrainerTest, sslcuda

MARKUP = "<script>document.title='taken'</script><img src=x onerror=alert(1)>\"'&"


class Page(html.parser.HTMLParser):
    """Tags with their attributes, texts, and whether every tag is closed in order."""

    EMPTY = {"meta", "link", "img", "path"}

    def __init__(self, path):
        super().__init__()
        self.tags, self.texts, self.open, self.balanced = [], [], [], True
        self.source = pathlib.Path(path).read_text()
        self.feed(self.source)
        self.balanced = self.balanced and not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.texts.append((tag, ""))
        if tag not in self.EMPTY:
            self.open.append(tag)

    handle_startendtag = handle_starttag

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.balanced = False

    def handle_data(self, data):
        tag, text = self.texts[-1] if self.texts else ("", "")
        self.texts[-1:] = [(tag, text + data)]

    def of(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    def text(self, tag):
        return [text.strip() for name, text in self.texts if name == tag]


class Report(TrainerTest):
    def write(self, run):
        result = sslcuda("report", run)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, f"{run / 'report.html'}\n")
        page = Page(run / "report.html")
        self.check_page(page)
        return page

    def check_page(self, page):
        self.assertTrue(page.balanced)
        self.assertEqual(len(page.of("h1")), 1)
        self.assertEqual(page.of("html"), [{"lang": "en"}])
        self.assertEqual(page.of("script"), [])
        for tag, attributes in page.tags:
            for name, value in attributes.items():
                self.assertFalse(name.startswith("on"), (tag, name))
                if name in ("src", "href"):
                    self.assertTrue(value.startswith("data:"), (tag, value))
        for picture in page.of("img"):
            self.assertGreater(len(picture["alt"]), 3)
        self.assertEqual(page.source.count("<svg"), page.source.count('role="img" aria-label="'))

    def make_run(self, config, summary=None):
        """A run's directory without pictures."""
        self.out.mkdir()
        (self.out / "config.json").write_text(json.dumps(config))
        if summary is not None:
            (self.out / "summary.json").write_text(json.dumps(summary))
        return self.out

    def test_tells_of_a_run(self):
        self.train("autoencoder", "--epochs", 2)
        page = self.write(self.out)
        self.assertEqual(page.text("h1"), ["autoencoder"])
        summary = json.loads((self.out / "summary.json").read_text())
        words = page.source.replace("&nbsp;", " ")
        for loss in summary["epoch_losses"]:
            self.assertIn(f"{loss:.5g}", words)
        self.assertIn(f">{int(summary['images_per_second']):,}<", words)
        config = json.loads((self.out / "config.json").read_text())
        rows = [text for text in page.text("th")]
        for key in config:
            if key != "resolved":
                self.assertIn(key.replace("_", " "), rows)
        self.assertIn(config["resolved"]["device"], page.text("td"))
        self.assertEqual(len(page.of("svg")), 1)  # the loss

    def test_holds_the_pictures(self):
        self.train("autoencoder", "--steps", 2, "--no-eval")
        plots = self.out / "plots"
        for path in plots.glob("*.png"):
            if path.name != "loss.png":
                path.unlink()
        picture = (plots / "loss.png").read_bytes()
        for name in ("my picture", "samples", "confusion"):
            (plots / f"{name}.png").write_bytes(picture)
        (plots / "text.png").write_text("no picture")
        (plots / "notes.txt").write_text("mine")
        page = self.write(self.out)
        sources = [image["src"] for image in page.of("img")]
        self.assertEqual([image["alt"] for image in page.of("img")][2], "my picture")
        self.assertEqual(len(sources), 3)
        for source in sources:
            head, data = source.split(",")
            self.assertEqual(head, "data:image/png;base64")
            self.assertEqual(base64.b64decode(data, validate=True), picture)
        self.assertIn("text is not a PNG picture.", page.text("p"))
        self.assertEqual(page.of("img")[0]["width"], str(int.from_bytes(picture[16:20], "big")))

    def test_base64_of_every_length(self):
        self.make_run({"program": "vae"})
        (self.out / "plots").mkdir()
        head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1"
        pictures = [head + bytes(range(250, 250 + n)) for n in range(6)]
        for i, picture in enumerate(pictures):
            (self.out / "plots" / f"picture {i}.png").write_bytes(picture)
        sources = [image["src"].split(",")[1] for image in self.write(self.out).of("img")]
        self.assertEqual([base64.b64decode(s, validate=True) for s in sources], pictures)

    def test_accuracies_beside_raw_pixels(self):
        kinds = {"backbone": 0.98765, "projector": 0.97, "raw_pixels": 0.9}
        knn = {k: {"k20": {"accuracy": a}, "k200": {"accuracy": a / 2}} for k, a in kinds.items()}
        linear = {"lr": 0.1, "backbone": {"accuracy": 0.5}}
        evaluations = {"knn": knn, "linear": linear, "reconstruction": {"mse": 0.25}}
        summary = {"status": "completed", "seconds": 4000, "images_per_second": 12345.6}
        self.make_run({"program": "simclr"}, summary | {"eval": evaluations})
        page = self.write(self.out)
        table = [cell for cell in page.text("td") if cell.endswith("%")]
        rows = ["98.77 %", "49.38 %", "50.00 %", "97.00 %", "48.50 %", "90.00 %", "45.00 %"]
        self.assertEqual(table, rows)
        source = page.source.replace("&nbsp;", " ")
        for words in ("raw pixels 90.00 %", "12,345", "1 h 06 min", "Error per pixel", "0.25000"):
            self.assertIn(words, source)

    def test_escapes_what_files_say(self):
        name = "out'; $(touch taken) & <b>"
        self.out = self.folder / name
        hostile = {"checkpoint": MARKUP, "backbone": {"k20": {"accuracy": 1}}, "raw_pixels": MARKUP}
        self.make_run(
            {"program": MARKUP, MARKUP: MARKUP, "resolved": {MARKUP: [MARKUP]}},
            {"status": MARKUP, "eval": {"knn": hostile}, "epoch_losses": MARKUP},
        )
        plots = self.out / "plots"
        plots.mkdir()
        self.train("autoencoder", "--steps", 1, "--no-eval", out=self.folder / "other")
        shutil.copy(self.folder / "other/plots/loss.png", plots / '" onerror="alert(1).png')
        page = self.write(self.out)
        self.assertEqual(page.of("b"), [])
        self.assertEqual(page.text("h1"), [MARKUP])
        for text in page.text("pre"):
            for line in text.splitlines():
                words = shlex.split(line)
                self.assertTrue([w for w in words if w.startswith(str(self.out))], words)

    def test_a_run_that_was_killed(self):
        self.make_run({"program": "rotnet", "lr": 0.25})
        page = self.write(self.out)
        self.assertIn("not finished", page.source)
        self.assertIn(f"sslcuda train rotnet --out {self.out} --resume", page.text("pre"))

    def test_a_run_that_diverged(self):
        """Going on would end at the same step; nothing is offered that needs a checkpoint."""
        reason = "the loss is NaN at step 7 (epoch 1)"
        summary = {"status": "diverged", "reason": reason + MARKUP}
        self.make_run({"program": "rotnet", "lr": 0.25}, summary)
        page = self.write(self.out)
        self.assertIn(f"{self.out}, diverged: {reason}{MARKUP}", page.text("p"))
        again = f"sslcuda train rotnet --config {self.out}/config.json --lr 0.025 --out {self.out}-again"
        self.assertEqual(page.text("pre"), [again, f"tensorboard --logdir {self.out}"])

    def test_its_commands_work(self):
        self.train("autoencoder", "--epochs", 1)
        for text in self.write(self.out).text("pre"):
            for line in text.splitlines():
                words = shlex.split(line)
                if words[0] == "sslcuda":
                    with self.subTest(line):
                        result = sslcuda(*words[1:])
                        self.assertEqual(result.returncode, 0, result.stderr)

    def test_refuses_what_is_no_run(self):
        self.check_refused(["report", self.folder], USAGE, "config.json")


if __name__ == "__main__":
    command.main()
