"""docs/trainer.md and docs/methods: that the defaults, exit codes and options they name are those of
the command, and that their links lead somewhere.

    test_docs.py build/host/sslcuda
"""

import pathlib
import re
import unittest
from fractions import Fraction

import command
from command import sslcuda

DOCS = pathlib.Path(__file__).parents[2] / "docs"
PAGES = [DOCS / "trainer.md", *sorted((DOCS / "methods").glob("*.md"))]
COMMANDS = [[], ["inspect"], ["report"], ["doctor"], ["eval", "knn"], ["eval", "linear"],
            ["eval", "reconstruction"], ["embed"], ["reconstruct"], ["plot"]]

AUGMENTATIONS = {  # functions of recipe.cpp
    "simclr": "simclr_augmentation",
    "contrastive": "contrastive_augmentation",
    "denoise": "denoise_corruption",
}


def rows(text):
    """The cells of the rows of all tables."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def option_help(*path):
    """{option: default} as --help says; None for an option without."""
    text = sslcuda(*path, "--help").stdout
    entries = re.findall(r"^  (-.*(?:\n {20}.*)*)", text, re.M)
    found = {}
    for entry in entries:
        entry = " ".join(entry.split())
        default = re.search(r"\(default: ([^\s)]+)\)$", entry)
        for name in re.match(r"-[^\s,]+(, --\S+)*", entry).group().split(", "):
            found[name] = default and default.group(1)
    return found


class Docs(unittest.TestCase):
    def test_every_method_has_a_page(self):
        listed = re.findall(r"^  ([a-z]\w*)  ", sslcuda("train", "--help").stdout, re.M)
        self.assertGreaterEqual(len(listed), 7)
        self.assertEqual(sorted(listed), [page.stem for page in PAGES[1:]])
        methods = [row[0] for row in rows(PAGES[0].read_text()) if "methods/" in row[0]]
        self.assertEqual(methods, [f"[{name}](methods/{name}.md)" for name in listed])

    def test_defaults(self):
        for page in PAGES[1:]:
            options = option_help("train", page.stem)
            told = [row for row in rows(page.read_text()) if row[0].startswith("`--")]
            self.assertGreaterEqual(len(told), 3, page)
            for name, default, *_ in told:
                with self.subTest(f"{page.stem} {name}"):
                    self.assertEqual(options[name.strip("`")], default.strip("`"))

    def test_augmentations(self):
        """How much a view is changed: the tables against host/model/recipe.cpp."""
        source = (DOCS.parent / "host/model/recipe.cpp").read_text()
        for method, function in AUGMENTATIONS.items():
            body = re.search(function + r"\(\) {(.*?)\n}", source, re.S).group(1)
            code = {
                name: float(Fraction(value.replace("f", "")) / Fraction(divisor or 1))
                for name, value, divisor in re.findall(r"a\.(\w+) = (-?[\d.]+f?)(?: / (\d+))?;", body)
            }
            self.assertEqual(len(code), body.count("a."), method)
            table = rows((DOCS / f"methods/{method}.md").read_text())
            begin = table.index(["augmentation", "from", "to", ""])
            told = {}
            for name, *limits, _ in table[begin + 2 :]:
                if len(limits) != 2:  # another table
                    break
                told[name.strip("`")] = [float(limit.strip("`")) for limit in limits if limit]
            expected = {re.sub("_(low|high)$", "", name): None for name in code}
            self.assertEqual(list(told), list(expected), method)
            for name, limits in told.items():
                value = code.get(name)
                if value is None:
                    real = [code.get(f"{name}_low", 1), code.get(f"{name}_high", 1)]
                elif name in ("degrees", "shear", "translate"):
                    real = [-value, value]
                else:
                    real = [1 - value, 1 + value] if name == "contrast" else [value]
                self.assertEqual([round(v, 4) for v in real], limits, f"{method} {name}")

    def test_options_exist(self):
        known = {name for page in PAGES[1:] for name in option_help("train", page.stem)}
        for path in COMMANDS:
            known |= set(option_help(*path))
        known |= set(re.findall(r"--[a-z]+", (DOCS.parent / "scripts/accuracy").read_text()))
        for page in PAGES:
            text = page.read_text().replace("tensorboard --logdir", "")
            self.assertEqual(set(re.findall(r"--[a-z][a-z-]*", text)) - known, set(), page)

    def test_help_reads_well(self):
        for path in (["train", "simclr"], *COMMANDS):
            with self.subTest(path):
                text = sslcuda(*path, "--help").stdout
                self.assertLessEqual(max(map(len, text.splitlines())), 80)
                self.assertNotRegex(text, r"[{}]|[ \t]\n|REQUIRED|\(default:\n")
        options = option_help("train", "simclr")
        self.assertEqual((options["--shuffle"], options["--no-shuffle"]), ("yes", "yes"))
        self.assertEqual((options["--lr"], options["-q"], options["--quiet"]), ("0.001", None, None))
        self.assertIn("--run DIR", sslcuda("plot", "--help").stdout)

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
