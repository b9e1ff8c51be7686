"""docs/trainer.md and docs/methods: that the defaults, exit codes and options they name are those of
the command, and that their links lead somewhere.

    test_docs.py build/host/sslcuda
"""

import pathlib
import re
import unittest

import command
from command import sslcuda

DOCS = pathlib.Path(__file__).parents[2] / "docs"
PAGES = [DOCS / "trainer.md", *sorted((DOCS / "methods").glob("*.md"))]


def rows(text):
    """The cells of the rows of all tables."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def option_help(method):
    """{option: default} as --help says; None for an option without."""
    text = sslcuda("train", method, "--help").stdout
    found = {}
    for match in re.finditer(r"^  (--?\S+)(?: \S*?)?(?:=(\S*))?(?=\s)(.*(?:\n {20}.*)?)", text, re.M):
        names, value, words = match.groups()
        if "=" in names:
            names, value = names.split("=")
        choice = re.search(r"\(default: (yes|no)\)", words)
        for name in re.sub(r"\{[^}]*\}", "", names).split(","):
            found[name] = choice.group(1) if choice else value
    return found


class Docs(unittest.TestCase):
    def test_every_method_has_a_page(self):
        listed = re.findall(r"^  (\w+)  ", sslcuda("train", "--help").stdout, re.M)
        self.assertGreaterEqual(len(listed), 7)
        self.assertEqual(sorted(listed), [page.stem for page in PAGES[1:]])
        methods = [row[0] for row in rows(PAGES[0].read_text()) if "methods/" in row[0]]
        self.assertEqual(methods, [f"[{name}](methods/{name}.md)" for name in listed])

    def test_defaults(self):
        for page in PAGES[1:]:
            options = option_help(page.stem)
            told = [row for row in rows(page.read_text()) if row[0].startswith("`--")]
            self.assertGreaterEqual(len(told), 3, page)
            for name, default, *_ in told:
                with self.subTest(f"{page.stem} {name}"):
                    self.assertEqual(options[name.strip("`")], default.strip("`"))

    def test_options_exist(self):
        known = {name for page in PAGES[1:] for name in option_help(page.stem)}
        for path in ([], ["inspect"], ["report"], ["doctor"], ["eval", "knn"], ["eval", "linear"],
                     ["eval", "reconstruction"], ["embed"], ["reconstruct"], ["plot"]):
            known |= set(re.findall(r"--[a-z-]+", sslcuda(*path, "--help").stdout))
        known |= set(re.findall(r"--[a-z]+", (DOCS.parent / "scripts/accuracy").read_text()))
        for page in PAGES:
            text = page.read_text().replace("tensorboard --logdir", "")
            self.assertEqual(set(re.findall(r"--[a-z][a-z-]*", text)) - known, set(), page)

    def test_exit_codes(self):
        told = {row[0] for row in rows(PAGES[0].read_text()) if row[0].isdigit()}
        source = (DOCS.parent / "host/failure.hpp").read_text()
        self.assertEqual(told, set(re.findall(r"  k\w+ = (\d+),", source)))
        codes = sslcuda("--help").stdout.split("Exit codes:")[1]
        self.assertEqual(told, set(re.findall(r"\b(\d+) ", codes)))

    def test_links(self):
        for page in PAGES:
            for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
                if "://" not in target:
                    with self.subTest(f"{page.name}: {target}"):
                        self.assertTrue((page.parent / target.split("#")[0]).exists())


if __name__ == "__main__":
    command.main()
