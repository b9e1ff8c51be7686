"""report.html in a headless browser: nothing wider than the screen of a phone or a desk, pictures
decoded, text to be read in both colour schemes, nothing loaded, nothing run, nothing complained of.
Exits with 77 where there is no browser.

    test_report_browser.py build/host/sslcuda
"""

import json
import shutil
import sys

import browser
import command
from command import TrainerTest, sslcuda
from test_report import MARKUP

SCREENS = {"small phone": (320, 568), "phone": (390, 844), "desk": (1280, 900)}

# Every text with the contrast to what is behind it, as WCAG 2.1 defines it, and its size.
TEXTS = """
(() => {
  const channels = color => color.match(/[\\d.]+/g).map(Number);
  const luminance = color => channels(color).slice(0, 3)
    .map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const paper = element => {
    const color = getComputedStyle(element).backgroundColor;
    return (channels(color)[3] ?? 1) > 0 ? color : paper(element.parentElement);
  };
  return [...document.querySelectorAll("main *")]
    .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
    .map(e => {
      const style = getComputedStyle(e);
      const [a, b] = [luminance(style.color), luminance(paper(e))];
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      return [e.textContent.slice(0, 40), contrast, parseFloat(style.fontSize)];
    });
})()
"""


class InBrowser(TrainerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = browser.Browser(browser.find())

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        super().tearDownClass()

    def check(self, run):
        result = sslcuda("report", run)
        self.assertEqual(result.returncode, 0, result.stderr)
        url = (run / "report.html").as_uri()
        papers = set()
        for scheme in ("light", "dark"):
            for name, (width, height) in SCREENS.items():
                with self.subTest(f"{name}, {scheme}"):
                    self.browser.show(url, width, height, scheme, mobile=name != "desk")
                    self.check_shown(url, width)
                    paper = "getComputedStyle(document.body).backgroundColor"
                    papers.add(self.browser.evaluate(paper))
        self.assertEqual(len(papers), 2)

    def check_shown(self, url, width):
        evaluate = self.browser.evaluate
        self.assertEqual(self.browser.requests(), [url])
        self.assertEqual(self.browser.complaints(), [])
        self.assertEqual(evaluate("innerWidth"), width)  # the page asks for no wider one
        self.assertLessEqual(evaluate("document.documentElement.scrollWidth"), width)
        pictures = evaluate("[...document.images].map(i => [i.naturalWidth, i.offsetWidth])")
        self.assertGreater(len(pictures), 0)
        for natural, shown in pictures:
            self.assertGreater(natural, 0)
            self.assertGreater(shown, 200)
        for text, contrast, size in evaluate(TEXTS):
            self.assertGreaterEqual(contrast, 4.5, text)
            self.assertGreaterEqual(size, 12, text)

    def add_pictures(self, run, *names):
        for name in names:
            shutil.copy(run / "plots/loss.png", run / "plots" / f"{name}.png")

    def test_a_run(self):
        self.train("autoencoder", "--epochs", 2)
        self.add_pictures(self.out, "samples")
        self.check(self.out)

    def test_a_hostile_run(self):
        self.train("autoencoder", "--steps", 1, "--no-eval")
        long = "no-space-in-this-name-" * 20
        config = {"program": long + MARKUP, long: long, "resolved": {MARKUP: [MARKUP, long]}}
        (self.out / "config.json").write_text(json.dumps(config))
        knn = {"checkpoint": long + MARKUP, "backbone": {"k20": {"accuracy": 1}}}
        summary = {"status": long + MARKUP, "eval": {"knn": knn}}
        (self.out / "summary.json").write_text(json.dumps(summary))
        self.add_pictures(self.out, '" onload="alert(1)', "a" * 200)
        self.check(self.out)
        self.assertNotEqual(self.browser.evaluate("document.title"), "taken")


if __name__ == "__main__":
    if not browser.find():
        print("no headless browser on this machine")
        sys.exit(77)
    command.main()
