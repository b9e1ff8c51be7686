"""The documentation as a site: it builds without a warning, every entry of the header is in it, it
asks nothing of the network, and a browser shows its formulas and fits it on a desk and a phone.

    test_site.py BUILD_DIR        (leaves the site in BUILD_DIR/docs)
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/trainer"))
import browser  # noqa: E402

SKIPPED = 77
SPHINX = ROOT / ".venv-docs/bin/sphinx-build"  # as in scripts/common.sh
KATEX = pathlib.Path("/usr/share/javascript/katex/katex.min.js")
SITE = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build").resolve() / "docs"
HEADER = (ROOT / "capi/include/sslcuda.h").read_text(encoding="utf-8")
FUNCTION = re.compile(r"^SSLCUDA_API [^;(]*?(sslcuda_\w+)\(", re.M)


def missing():
    """What the site cannot be built without, and is not here."""
    found = {"Doxygen": shutil.which("doxygen"), "KaTeX": KATEX.exists(), "Sphinx": SPHINX.exists()}
    return [name for name, there in found.items() if not there]


def pages():
    """Without the first, which only leads to docs/index.html."""
    return sorted(path for path in SITE.rglob("*.html") if path != SITE / "index.html")


def setUpModule():
    for folder in (SITE, SITE.with_name("docs.work")):
        shutil.rmtree(folder, ignore_errors=True)
    command = [ROOT / "scripts/docs", SITE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stdout + done.stderr)


class Site(unittest.TestCase):
    def test_every_entry_is_in_the_reference(self):
        text = "".join(page.read_text(encoding="utf-8") for page in SITE.glob("docs/c/*.html"))
        names = FUNCTION.findall(HEADER)
        self.assertGreater(len(names), 50)
        names += re.findall(r"^\} (sslcuda_\w+);", HEADER, re.M)
        self.assertEqual([name for name in names if f'id="c.{name}"' not in text], [])

    def test_every_op_has_a_page(self):
        table = (ROOT / "docs/ops/index.md").read_text(encoding="utf-8")
        ops = FUNCTION.findall(HEADER[HEADER.index("--- layers ---") :])
        self.assertEqual(sorted(re.findall(r"`(sslcuda_\w+)`", table)), sorted(ops))
        pages_of = {name for name in re.findall(r"\]\((\w+)\.md\)", table)}
        self.assertEqual(pages_of, {path.stem for path in (ROOT / "docs/ops").glob("*.md")} - {"index"})

    def test_python_names(self):
        package = (ROOT / "bindings/python/src/sslcuda/__init__.py").read_text(encoding="utf-8")
        table = (ROOT / "docs/ops/index.md").read_text(encoding="utf-8")
        names = re.findall(r"`sslcuda\.(\w+)`", table)
        self.assertGreater(len(names), 20)
        self.assertEqual([name for name in names if not re.search(rf"\b{name}\b", package)], [])

    def test_links_of_the_readme(self):
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^):]+)\)", text)]
        self.assertGreater(len(targets), 10)
        self.assertEqual([target for target in targets if not (ROOT / target).exists()], [])

    def test_the_header_must_explain_everything(self):
        explained = {"parameter augmentation": " *   augmentation     in   ranges to draw from\n",
                     "field n": "/* rows, columns, width; each >= 1 (with positives m may be 0) */",
                     "field m": "/* rows, columns, width; each >= 1 (with positives m may be 0) */"}  # fmt: skip
        for missed, words in explained.items():
            self.assertIn(words, HEADER)
            with tempfile.NamedTemporaryFile("w", suffix=".h") as header:
                header.write(HEADER.replace(words, ""))
                header.flush()
                command = [sys.executable, ROOT / "docs/site/header_filter.py", header.name]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(missed, done.stderr)

    def test_nothing_from_the_network(self):
        for page in pages():
            text = page.read_text(encoding="utf-8")
            loads = re.findall(r"<(?:script|img|iframe)[^>]* src=\"([^\"]+)|<link[^>]* href=\"([^\"]+)", text)
            for target in filter(None, (a or b for a, b in loads)):
                self.assertFalse(re.match(r"(https?:)?/", target), f"{page}: {target}")
        for sheet in SITE.rglob("*.css"):
            for target in re.findall(r"(?:url\(|@import )\s*['\"]?([^'\")]+)", sheet.read_text("utf-8")):
                self.assertFalse(re.match(r"(url\()?(https?:)?/", target), f"{sheet}: {target}")


@unittest.skipUnless(browser.find(), "no browser here")
class Look(unittest.TestCase):
    """In Chromium. Widths in CSS pixels; what is wider than the screen must scroll by itself."""

    @classmethod
    def setUpClass(cls):
        cls.chromium = browser.Browser(browser.find())

    @classmethod
    def tearDownClass(cls):
        cls.chromium.close()

    def look(self, shown, width, height, **more):
        for page in shown:
            with self.subTest(f"{page.relative_to(SITE)} at {width}"):
                self.chromium.show(page.as_uri(), width, height, **more)
                self.assertEqual([url for url in self.chromium.requests() if "file:" != url[:5]], [])
                self.assertEqual(self.chromium.complaints(), [])
                wide = self.chromium.evaluate("document.documentElement.scrollWidth")
                self.assertLessEqual(wide, width)
                wrong = "[...document.querySelectorAll('.tex-error')].map(e => e.title)"
                self.assertEqual(self.chromium.evaluate(wrong), [])
                raw = "[...document.querySelectorAll('.tex')].filter(e => !e.querySelector('.katex')).length"
                self.assertEqual(self.chromium.evaluate(raw), 0)

    def test_desk(self):
        some = ("index", "c/contrastive", "ops/contrastive", "howto/graphs", "trainer")
        self.look([SITE / f"docs/{name}.html" for name in some], 1280, 900)

    def test_phone(self):
        self.look(pages(), 390, 844, mobile=True, scheme="dark")

    def test_search_works_from_a_folder(self):
        self.chromium.show((SITE / "search.html").as_uri() + "?q=infonce", 1280, 900)
        deadline = time.monotonic() + 30
        found = []
        while len(found) < 10 and time.monotonic() < deadline:
            links = "[...document.querySelectorAll('#search-results li a')].map(a => a.textContent)"
            found = self.chromium.evaluate(links)
            time.sleep(0.1)
        self.assertIn("sslcuda_infonce", found)
        self.assertIn("sslcuda.infonce", found)
        self.assertEqual(self.chromium.complaints(), [])

    def test_there_are_formulas(self):
        self.chromium.show((SITE / "docs/ops/contrastive.html").as_uri(), 1280, 900)
        self.assertGreater(self.chromium.evaluate("document.querySelectorAll('.katex').length"), 15)


if __name__ == "__main__":
    if missing():
        print(f"skipped: no {', '.join(missing())} here; scripts/setup --docs installs them")
        sys.exit(SKIPPED)
    unittest.main(argv=sys.argv[:1])
